"""nginx as one more relay, where it is installed: the outside measure of what a relay must cost.

One worker in the foreground, no log, no buffering: what a careful operator would put before an LLM API. Its files live
in a temporary directory; an nginx of the system is never touched.
"""

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import wire
from .processes import Started, listening

_CONFIG = """
daemon off;
master_process off;
worker_rlimit_nofile 8192;
pid {directory}/nginx.pid;
error_log {directory}/error.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    client_max_body_size 32m;
    client_body_buffer_size 4m;
    keepalive_requests 10000000;
    tcp_nodelay on;
    upstream provider {{
        server 127.0.0.1:{upstream_port};
        keepalive 1024;
        keepalive_requests 10000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        location / {{
            proxy_pass http://provider;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Authorization "Bearer {key}";
            proxy_buffering off;
            proxy_read_timeout 600s;
        }}
    }}
}}
"""


def binary() -> str | None:
    """Where nginx is installed; None where it isn't."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def relay(path: str, upstream_port: int, core: int | None) -> Iterator[Started]:
    """A running nginx at `path`. Raises: BenchError."""
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as directory:
        port = free_port()
        config = Path(directory, "nginx.conf")
        config.write_text(
            _CONFIG.format(directory=directory, port=port, upstream_port=upstream_port, key=wire.UPSTREAM_KEY)
        )
        with listening("nginx", [path, "-p", directory, "-c", str(config)], core=core, port=port) as started:
            yield started


def free_port() -> int:
    """A port that was free a moment ago: nginx can't be asked to choose one and tell it."""
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        return int(chosen.getsockname()[1])
