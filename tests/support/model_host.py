"""A provider of which only the model list is needed; it can fail in the ways that `doctor` explains."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import orjson


class ModelHost(http.server.ThreadingHTTPServer):
    """A provider that lists two models for whoever has the key "right"; `/busy`, `/gone` and `/moved` fail as named."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.paths: list[str] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(http.server.BaseHTTPRequestHandler):
    server: ModelHost

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        failing = {"/busy": 429, "/gone": 404, "/moved": 302, "/ill": 500}
        status = next((code for prefix, code in failing.items() if self.path.startswith(prefix)), 200)
        if status == 200 and self.headers.get("authorization") != "Bearer right":
            status = 401
        body = orjson.dumps({"object": "list", "data": [{"id": "small"}, {"id": "large"}]} if status == 200 else {})
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if status == 302:
            self.send_header("location", f"{self.server.origin}/v1/models")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error, which the tests look at."""


@contextmanager
def serving() -> Iterator[ModelHost]:
    """A host that answers until the block ends."""
    with ModelHost() as host:
        thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield host
        finally:
            host.shutdown()
            thread.join()
