"""Asking a token endpoint over real sockets: what is sent, what is refused, and what each failure becomes."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from threading import Thread

import pytest

from fastproxy.accounts.grants import TokenAnswer, TokenRequest
from fastproxy.errors import Fault
from fastproxy.upstream import token_endpoint
from fastproxy.upstream.token_endpoint import ask, poster

FORM = (("content-type", "application/x-www-form-urlencoded"),)


class Host:
    """Answers each connection with the same bytes, and keeps what it was sent."""

    def __init__(self, answer: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answer = answer
        self.received: list[bytes] = []
        self.port = self._listener.getsockname()[1]
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                received = b""
                while b"\r\n\r\n" not in received or (b"POST" in received and not received.endswith(b"=rt-1")):
                    received += connection.recv(65536)
                self.received.append(received)
                with suppress(ConnectionError):  # it may have heard enough
                    if self._answer:
                        connection.sendall(self._answer)
                    else:
                        connection.recv(1)


@pytest.fixture
def host() -> Iterator[Callable[[bytes], Host]]:
    hosts: list[Host] = []

    def start(answer: bytes) -> Host:
        hosts.append(Host(answer))
        return hosts[-1]

    yield start
    for each in hosts:
        each.close()


def request(port: int, method: str = "POST") -> TokenRequest:
    body = b"refresh_token=rt-1" if method == "POST" else b""
    return TokenRequest(f"http://127.0.0.1:{port}/token", FORM, body, method)


def run(asked: Awaitable[TokenAnswer]) -> TokenAnswer:
    async def main() -> TokenAnswer:
        return await asked

    return asyncio.run(main())


def fault(asked: Awaitable[TokenAnswer]) -> Fault:
    with pytest.raises(Fault) as raised:
        run(asked)
    assert "rt-1" not in raised.value.message
    return raised.value


def test_the_grant_goes_out_as_it_is_with_our_own_name(host: Callable[[bytes], Host]) -> None:
    vendor = host(b"HTTP/1.1 200 OK\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\n{}")
    answer = run(poster("direct")(request(vendor.port)))
    assert (answer.status, answer.body, answer.headers[b"retry-after"]) == (200, b"{}", b"3")
    head, _, body = vendor.received[0].partition(b"\r\n\r\n")
    assert body == b"refresh_token=rt-1"
    assert b"user-agent: fastproxy/" in head.lower()
    assert b"cookie" not in head.lower()


def test_a_get_has_no_body(host: Callable[[bytes], Host]) -> None:
    vendor = host(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    run(ask(request(vendor.port, "GET"), "direct"))
    assert vendor.received[0].startswith(b"GET /token HTTP/1.1\r\n")
    assert b"content-length" not in vendor.received[0].lower()


def test_a_redirect_is_an_answer_and_is_not_followed(host: Callable[[bytes], Host]) -> None:
    elsewhere = host(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    location = b"http://127.0.0.1:%d/" % elsewhere.port
    vendor = host(b"HTTP/1.1 307 Temporary\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location)
    assert run(ask(request(vendor.port), "direct")).status == 307
    assert elsewhere.received == []


@pytest.mark.parametrize(
    "url",
    ["http://vendor.example/token", "http://10.0.0.1/token", "ftp://localhost/x", "/token", "http://localhost.evil/x"],
)
def test_nothing_is_sent_in_clear_to_another_machine(url: str) -> None:
    raised = fault(ask(TokenRequest(url, FORM, b"refresh_token=rt-1"), "direct"))
    assert raised.kind == "unreachable"


def test_an_answer_without_end_is_cut_off(host: Callable[[bytes], Host]) -> None:
    vendor = host(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000)
    assert fault(ask(request(vendor.port), "direct")).kind == "upstream_garbage"


def test_a_vendor_that_breaks_off_is_unreachable(host: Callable[[bytes], Host]) -> None:
    for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", b"not HTTP at all\r\n\r\n"):
        raised = fault(ask(request(host(answer).port), "direct"))
        assert (raised.kind, "127.0.0.1" in raised.message) == ("unreachable", True)


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert fault(ask(request(port), "direct")).kind == "unreachable"


def test_a_vendor_that_says_nothing_is_waited_for_so_long(
    host: Callable[[bytes], Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_endpoint, "CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(token_endpoint, "ANSWER_SECONDS", 0.1)
    assert fault(ask(request(host(b"").port), "direct")).kind == "timeout"


def test_a_proxy_gets_a_tunnel_to_ask_for_and_never_a_token(host: Callable[[bytes], Host]) -> None:
    proxy = host(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
    setting = f"http://user:pass@127.0.0.1:{proxy.port}"
    asked = TokenRequest("https://vendor.example/token", FORM, b"refresh_token=rt-1")
    assert fault(ask(asked, setting)).kind == "unreachable"
    assert proxy.received[0].startswith(b"CONNECT vendor.example:443 HTTP/1.1\r\n")
    assert b"proxy-authorization: basic " in proxy.received[0].lower()
    assert b"rt-1" not in proxy.received[0]


def test_what_goes_in_clear_to_this_machine_goes_past_every_proxy(host: Callable[[bytes], Host]) -> None:
    proxy, vendor = (host(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") for _ in range(2))
    run(ask(request(vendor.port), f"http://127.0.0.1:{proxy.port}"))
    assert (len(proxy.received), len(vendor.received)) == (0, 1)
