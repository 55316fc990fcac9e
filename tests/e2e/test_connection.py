"""One client connection: keep-alive, pipelining, Expect, HEAD, chunked requests, HTTP/1.0, and its time limits."""

from collections.abc import Iterator
from time import monotonic, sleep

import pytest

from support import script
from support.callers import CHAT
from support.relay import TOKEN, Relay, config
from support.script import AwaitLeave, Pause
from support.upstream import Upstream
from support.wire import request

TARGET, BODY = CHAT.whole_target, CHAT.whole_body


def credentials(name: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {TOKEN}"), ("x-lab", name)]


def ask(name: str, *headers: tuple[str, str]) -> bytes:
    return request(TARGET, BODY, [*credentials(name), *headers])


def head(*headers: tuple[str, str], version: str = "1.1") -> bytes:
    lines = [f"POST {TARGET} HTTP/{version}", "host: 127.0.0.1", *(f"{key}: {value}" for key, value in headers), "", ""]
    return "\r\n".join(lines).encode()


@pytest.fixture
def whole(upstream: Upstream) -> str:
    return upstream.teach(script.whole(CHAT.answer))


def test_a_connection_serves_many_requests(relay: Relay, whole: str):
    with relay.wire() as wire:
        for _ in range(5):
            wire.send(ask(whole))
            assert wire.answer().body == CHAT.answer


def test_upstream_connections_are_reused(relay: Relay, upstream: Upstream, whole: str):
    for _ in range(5):
        assert relay.ask(TARGET, BODY, (("x-lab", whole),)).status == 200
    assert len({seen.connection for seen in upstream.seen(whole)}) == 1


def test_a_stream_then_a_whole_answer_on_one_connection(relay: Relay, upstream: Upstream, whole: str):
    streamed = upstream.teach(script.streamed(CHAT.events))
    with relay.wire() as wire:
        wire.send(request(CHAT.stream_target, CHAT.stream_body, credentials(streamed)))
        assert wire.answer().body == b"".join(CHAT.events)
        wire.send(ask(whole))
        assert wire.answer().body == CHAT.answer


def test_pipelined_requests_are_answered_in_order_and_one_at_a_time(relay: Relay, upstream: Upstream):
    first = upstream.teach([Pause(0.2), *script.whole(b'{"n":1}')])
    second = upstream.teach(script.whole(b'{"n":2}'))
    with relay.wire() as wire:
        wire.send(ask(first) + ask(second) + ask(second))
        upstream.arrived(first)
        sleep(0.05)
        assert upstream.seen(second) == []
        assert [wire.answer().body for _ in range(3)] == [b'{"n":1}', b'{"n":2}', b'{"n":2}']


def test_a_client_that_leaves_cancels_what_it_pipelined_too(relay: Relay, upstream: Upstream, whole: str):
    first = upstream.teach([AwaitLeave(10)])
    with relay.wire() as wire:
        wire.send(ask(first) + ask(whole))
        upstream.arrived(first)
    upstream.left(first)
    sleep(0.05)
    assert upstream.seen(whole) == []


def test_connection_close_is_obeyed(relay: Relay, whole: str):
    with relay.wire() as wire:
        wire.send(ask(whole, ("connection", "close")))
        answer = wire.answer()
        assert answer.get("connection") == "close"
        assert wire.rest() == b""


def test_http_1_0_gets_a_whole_answer_and_the_end(relay: Relay, whole: str):
    with relay.wire() as wire:
        wire.send(head(*credentials(whole), ("content-length", str(len(BODY))), version="1.0") + BODY)
        raw = wire.until_closed()
    assert raw.startswith(b"HTTP/1.1 200 ")
    assert b"transfer-encoding" not in raw.lower()
    assert raw.endswith(b"\r\n\r\n" + CHAT.answer)


def test_http_1_0_gets_a_stream_without_chunks(relay: Relay, upstream: Upstream):
    name = upstream.teach(script.streamed(CHAT.events))
    data = head(*credentials(name), ("content-length", str(len(CHAT.stream_body))), version="1.0") + CHAT.stream_body
    with relay.wire() as wire:
        wire.send(data)
        raw = wire.until_closed()
    assert raw.endswith(b"\r\n\r\n" + b"".join(CHAT.events))


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_chunked_body_arrives_with_its_length(relay: Relay, upstream: Upstream, whole: str, size: int):
    pieces = [BODY[at : at + size] for at in range(0, len(BODY), size)]
    body = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nx-trailer: evil\r\n\r\n"
    with relay.wire() as wire:
        wire.send(head(*credentials(whole), ("transfer-encoding", "chunked")) + body)
        assert wire.answer().status == 200
    seen = upstream.only(whole)
    assert seen.body == BODY
    assert seen.get(b"content-length") == [b"%d" % len(BODY)]
    assert seen.get(b"transfer-encoding") == []
    assert b"evil" not in seen.head


def test_a_request_that_comes_byte_by_byte(relay: Relay, upstream: Upstream, whole: str):
    with relay.wire() as wire:
        for byte in ask(whole):
            wire.send(bytes([byte]))
        assert wire.answer().body == CHAT.answer
    assert upstream.only(whole).body == BODY


def test_an_empty_line_before_a_request_is_allowed(relay: Relay, whole: str):
    with relay.wire() as wire:
        wire.send(b"\r\n" + ask(whole))
        assert wire.answer().status == 200


def test_expect_is_answered_when_the_body_is_wanted(relay: Relay, upstream: Upstream, whole: str):
    with relay.wire() as wire:
        wire.send(head(*credentials(whole), ("content-length", str(len(BODY))), ("expect", "100-continue")))
        assert wire.receive_exactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(BODY)
        answer = wire.answer()
    assert (answer.status, answer.interim) == (200, [])
    assert upstream.only(whole).get(b"expect") == []


REFUSED_BEFORE_THE_BODY = {
    "no token": (401, (("content-length", "1000"),)),
    "wrong token": (401, (("content-length", "1000"), ("authorization", "Bearer wrong"))),
    "body too large": (413, (("content-length", str(2**40)), ("authorization", f"Bearer {TOKEN}"))),
}


@pytest.mark.parametrize(("status", "headers"), REFUSED_BEFORE_THE_BODY.values(), ids=REFUSED_BEFORE_THE_BODY)
@pytest.mark.parametrize("expect", [(), (("expect", "100-continue"),)], ids=["plain", "with Expect"])
def test_a_refusal_does_not_wait_for_the_body(
    relay: Relay, status: int, headers: tuple[tuple[str, str], ...], expect: tuple[tuple[str, str], ...]
):
    with relay.wire() as wire:
        wire.send(head(*headers, *expect))
        answer = wire.answer()
    assert (answer.status, answer.interim) == (status, [])


def test_a_body_that_outgrows_the_limit_is_refused(relay: Relay):
    piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
    with relay.wire() as wire:
        wire.send(head(*credentials("none"), ("transfer-encoding", "chunked")))
        for _ in range(600):
            wire.send_lossy(piece)
        assert wire.answer().status == 413


@pytest.mark.parametrize("target", ["/", "/api/hello"])
def test_head_gets_a_head_only(relay: Relay, target: str):
    with relay.wire() as wire:
        for _ in range(2):
            wire.send(request(target, method="HEAD"))
            answer = wire.answer("HEAD")
            assert (answer.status, answer.body) == (200, b"")


@pytest.fixture(scope="module")
def impatient(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay whose waits for a client are one second each."""
    extra = "[limits]\nhead_seconds = 1\nbody_idle_seconds = 1\nkeepalive_seconds = 1\n"
    with Relay(tmp_path_factory.mktemp("impatient"), config(upstream.origin, extra=extra)) as running:
        yield running


def test_a_head_that_drips_is_cut_off(impatient: Relay):
    began = monotonic()
    with impatient.wire() as wire:
        for byte in ask("none"):
            if monotonic() - began > 4 or not wire.is_silent_for(0.1):
                break
            wire.send_lossy(bytes([byte]))
        assert wire.is_closed_within(1)
    assert monotonic() - began < 5


def test_a_body_that_stops_coming_is_a_408(impatient: Relay):
    with impatient.wire() as wire:
        wire.send(head(*credentials("none"), ("content-length", "1000")) + b"{")
        assert wire.answer().status == 408
        assert wire.rest() == b""


def test_an_idle_connection_is_closed(impatient: Relay, whole: str):
    with impatient.wire() as wire:
        wire.send(ask(whole))
        assert wire.answer().status == 200
        assert wire.is_closed_within(4)


def test_a_running_exchange_outlives_the_waits_for_clients(impatient: Relay, upstream: Upstream):
    name = upstream.teach([Pause(3), *script.whole(CHAT.answer)])
    with impatient.wire() as wire:
        wire.send(ask(name))
        assert wire.answer().body == CHAT.answer


def test_slow_heads_do_not_keep_others_waiting(relay: Relay, whole: str):
    slow = [relay.wire() for _ in range(200)]
    try:
        for wire in slow:
            wire.send(b"POST / HTTP/1.1\r\nhost: 127.0")
        began = monotonic()
        assert relay.ask(TARGET, BODY, (("x-lab", whole),)).status == 200
        assert monotonic() - began < 3
    finally:
        for wire in slow:
            wire.close()


def test_three_hundred_connections_at_once_are_all_served(relay: Relay, whole: str):
    wires = [relay.wire() for _ in range(300)]
    for wire in wires:
        wire.send(ask(whole))
    assert [wire.answer().body for wire in wires] == [CHAT.answer] * 300
    for wire in wires:
        wire.close()
