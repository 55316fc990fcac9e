"""nginx, where it is installed, relays the bench's traffic."""

import pytest

from bench import nginx
from bench.job import Job
from bench.processes import listening, load, python


@pytest.mark.skipif(nginx.binary() is None, reason="nginx is not installed")
def test_nginx_relays_a_stream():
    binary = nginx.binary()
    assert binary is not None
    with (
        listening("upstream", python("upstream"), core=None) as upstream,
        nginx.relay(binary, upstream.port, None) as relay,
        load(None) as generator,
    ):
        assert generator.run(Job(port=relay.port, model="bench-5x1-2ms", requests=3)).events == 15
