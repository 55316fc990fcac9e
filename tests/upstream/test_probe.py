"""Which daemons on this machine answer."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic, sleep
from typing import ClassVar

import pytest

from fastproxy.providers.base import Provider
from fastproxy.upstream import probe


def daemon(name: str, base_url: str, *, local: bool = True) -> Provider:
    return Provider(name=name, title=name, formats={"openai-chat": base_url}, local=local)


class Daemon(http.server.BaseHTTPRequestHandler):
    """Lists models at /v1/models; every other path is a way of not doing so."""

    answers: ClassVar[dict[str, tuple[int, bytes]]] = {
        "/v1/models": (200, b'{"object":"list","data":[{"id":"small"}]}'),
        "/page/models": (200, b"<html></html>"),
        "/list/models": (200, b"[]"),
        "/object/models": (200, b'{"data":7}'),
        "/ill/models": (500, b'{"data":[]}'),
        "/moved/models": (302, b""),
    }

    def do_GET(self) -> None:
        status, body = self.answers.get(self.path, (404, b""))
        self.send_response(status)
        self.send_header("location", "/v1/models")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def origin() -> Iterator[str]:
    """The address of a daemon that runs while the test does."""
    with http.server.HTTPServer(("127.0.0.1", 0), Daemon) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_daemon_that_lists_models_is_alive(origin: str):
    assert probe.alive([daemon("one", f"{origin}/v1"), daemon("two", f"{origin}/gone")]) == {"one"}


@pytest.mark.parametrize("path", ["/gone", "/page", "/list", "/object", "/ill", "/moved"])
def test_a_server_that_has_no_list_is_somebody_else(origin: str, path: str):
    assert probe.alive([daemon("one", origin + path)]) == frozenset()


def test_a_port_that_nobody_listens_on_is_no_daemon():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert probe.alive([daemon("one", f"http://127.0.0.1:{port}/v1")]) == frozenset()


def test_a_server_that_says_nothing_costs_a_moment_only():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert probe.alive([daemon("one", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")]) == frozenset()


def test_only_local_providers_are_asked(origin: str):
    assert probe.alive([daemon("one", f"{origin}/v1", local=False)]) == frozenset()


def test_a_daemon_of_another_format_is_not_asked():
    assert (
        probe.alive([Provider(name="x", title="x", formats={"gemini": "http://127.0.0.1:1"}, local=True)])
        == frozenset()
    )


def test_a_server_that_drips_its_answer_costs_a_moment_only():
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_drip, args=(server,))
        thread.start()
        began = monotonic()
        assert probe.alive([daemon("one", f"http://127.0.0.1:{server.getsockname()[1]}/v1")]) == frozenset()
        assert monotonic() - began < 3 * probe.LOOK_SECONDS
        thread.join()


def _drip(server: socket.socket) -> None:
    visitor, _ = server.accept()
    with visitor, suppress(OSError):
        visitor.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(20):
            visitor.sendall(b" ")
            sleep(probe.LOOK_SECONDS / 3)
