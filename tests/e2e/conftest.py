"""The relay before four hosts, shared by all tests of translation in this worker."""

from collections.abc import Iterator

import pytest

from support import four_hosts
from support.relay import Relay
from support.upstream import Upstream


@pytest.fixture(scope="session")
def shared_crossing(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """One relay process with default limits; tests take `crossing`."""
    with Relay(tmp_path_factory.mktemp("crossing"), four_hosts.config(upstream.origin)) as running:
        yield running


@pytest.fixture
def crossing(shared_crossing: Relay) -> Iterator[Relay]:
    """The shared relay. After the test it must still run and its log must hold no traceback and no secret."""
    yield shared_crossing
    assert shared_crossing.process.poll() is None, f"the relay died:\n{shared_crossing.log}"
    assert shared_crossing.complaints() == []
