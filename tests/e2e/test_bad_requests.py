"""Requests that two parsers could read in two ways: refused, the connection closed, and nothing of them forwarded.

Each case is followed by a second, well-formed request in the same bytes: it must never be answered or forwarded.
"""

import random

import orjson
import pytest

from support import script
from support.callers import CHAT
from support.relay import TOKEN, Relay
from support.upstream import Upstream
from support.wire import request

BODY = CHAT.whole_body
START = b"POST /v1/chat/completions HTTP/1.1\r\n"
HOST = b"host: 127.0.0.1\r\n"
LENGTH = b"content-length: %d\r\n" % len(BODY)
CHUNKED = b"transfer-encoding: chunked\r\n"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)

HEADS = {
    "length beside chunked": (400, START, HOST + LENGTH + CHUNKED),
    "chunked beside length": (400, START, HOST + CHUNKED + LENGTH),
    "two different lengths": (400, START, HOST + LENGTH + b"content-length: 5\r\n"),
    "coding gzip, chunked": (400, START, HOST + b"transfer-encoding: gzip, chunked\r\n"),
    "coding chunked, identity": (400, START, HOST + b"transfer-encoding: chunked, identity\r\n"),
    "coding xchunked": (400, START, HOST + b"transfer-encoding: xchunked\r\n"),
    "coding in quotes": (400, START, HOST + b'transfer-encoding: "chunked"\r\n'),
    "coding after a vertical tab": (400, START, HOST + b"transfer-encoding: \x0bchunked\r\n"),
    "coding twice": (400, START, HOST + CHUNKED + CHUNKED),
    "coding on HTTP/1.0": (400, START.replace(b"1.1", b"1.0"), HOST + CHUNKED),
    "space before the colon": (400, START, HOST + b"content-length : %d\r\n" % len(BODY)),
    "folded line": (400, START, HOST + LENGTH + b"x-one: a\r\n b\r\n"),
    "folded first line": (400, START, b" x: y\r\n" + HOST + LENGTH),
    "NUL in a value": (400, START, HOST + LENGTH + b"x-one: a\0b\r\n"),
    "bare CR in a value": (400, START, HOST + LENGTH + b"x-one: a\rb\r\n"),
    "bare LF line end": (400, START, HOST + LENGTH + b"x-one: a\nx-two: b\r\n"),
    "name with a space": (400, START, HOST + LENGTH + b"x one: a\r\n"),
    "name that is empty": (400, START, HOST + LENGTH + b": a\r\n"),
    "name that is not ASCII": (400, START, HOST + LENGTH + b"x-\xe9: a\r\n"),
    "line without a colon": (400, START, HOST + LENGTH + b"x-one\r\n"),
    "no host": (400, START, LENGTH),
    "two hosts": (400, START, HOST + HOST + LENGTH),
    "host that is no host": (400, START, b"host: 127.0.0.1 evil\r\n" + LENGTH),
    "host with credentials": (400, START, b"host: a@127.0.0.1\r\n" + LENGTH),
    "version 2.0": (400, START.replace(b"1.1", b"2.0"), HOST + LENGTH),
    "version without a dot": (400, START.replace(b"1.1", b"11"), HOST + LENGTH),
    "no version": (400, b"POST /v1/chat/completions\r\n", HOST + LENGTH),
    "two spaces": (400, START.replace(b" /", b"  /"), HOST + LENGTH),
    "another expectation": (417, START, HOST + LENGTH + b"expect: 200-ok\r\n"),
    "101 headers": (431, START, HOST + LENGTH + b"x-one: a\r\n" * 101),
    "head of 70 KB": (431, START, HOST + LENGTH + b"x-one: " + b"a" * 70_000 + b"\r\n"),
    "target of 17 KB": (414, START.replace(b" HTTP", b"?" + b"a" * 17_000 + b" HTTP"), HOST + LENGTH),
}
LENGTHS = ["+5", "-1", "0x5", "1_0", "5,6", "5.0", "\u00b2", "\u0665", "", "5 5", "9223372036854775808", "1" * 30]
CHUNKED_BODIES = {
    "hex prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "plus sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "minus sign": b"-5\r\nhello\r\n0\r\n\r\n",
    "underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "leading space": b" 5\r\nhello\r\n0\r\n\r\n",
    "size of 17 digits": b"00000000000000005\r\nhello\r\n0\r\n\r\n",
    "overflow": b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
    "bare CR in an extension": b"5;a=\rb\r\nhello\r\n0\r\n\r\n",
    "LF in an extension": b"5;a=\nb\r\nhello\r\n0\r\n\r\n",
    "data longer than the size": b"5\r\nhello!\r\n0\r\n\r\n",
    "data ended by LF": b"5\r\nhello\n0\r\n\r\n",
    "extension of 5 KB": b"5;a=" + b"b" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
    "trailer of 17 KB": b"0\r\nx-one: " + b"a" * 17_000 + b"\r\n\r\n",
    "101 trailers": b"0\r\n" + b"x-one: a\r\n" * 101 + b"\r\n",
    "trailer without a colon": b"0\r\nx-one\r\n\r\n",
}


@pytest.fixture
def marked(upstream: Upstream) -> str:
    """A script name; a request that carries it and arrives upstream has been forwarded."""
    return upstream.teach(script.whole(CHAT.answer))


def credentials(marked: str) -> bytes:
    return f"authorization: Bearer {TOKEN}\r\nx-lab: {marked}\r\n".encode()


def second(marked: str) -> bytes:
    return request("/v1/chat/completions", BODY, [("authorization", f"Bearer {TOKEN}"), ("x-lab", marked)])


def assert_refused(relay: Relay, upstream: Upstream, marked: str, data: bytes, status: int) -> None:
    with relay.wire() as wire:
        wire.send_lossy(data + second(marked))
        answer = wire.answer()
        assert answer.status == status, answer
        assert answer.complete
        assert answer.get("connection") == "close"
        assert "message" in orjson.loads(answer.body)["error"]
        assert wire.rest() == b""
    assert upstream.seen(marked) == []


@pytest.mark.parametrize(("status", "start", "headers"), HEADS.values(), ids=HEADS)
def test_a_head_with_two_readings_is_refused(
    relay: Relay, upstream: Upstream, marked: str, status: int, start: bytes, headers: bytes
):
    body = CHUNKS if b"chunked" in headers else BODY
    assert_refused(relay, upstream, marked, start + headers + credentials(marked) + b"\r\n" + body, status)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_that_is_no_number_is_refused(relay: Relay, upstream: Upstream, marked: str, length: str):
    head = START + HOST + b"content-length: " + length.encode() + b"\r\n" + credentials(marked) + b"\r\n"
    assert_refused(relay, upstream, marked, head + BODY, 400)


@pytest.mark.parametrize("body", CHUNKED_BODIES.values(), ids=CHUNKED_BODIES)
def test_broken_chunks_are_refused(relay: Relay, upstream: Upstream, marked: str, body: bytes):
    assert_refused(relay, upstream, marked, START + HOST + CHUNKED + credentials(marked) + b"\r\n" + body, 400)


def test_mutated_heads_are_never_an_error_of_ours(relay: Relay, upstream: Upstream, marked: str):
    chance = random.Random(20261121)  # noqa: S311 - the same cases in every run
    good = second(marked)[: -len(BODY)]
    for _ in range(300):
        head = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            head[chance.randrange(len(head))] = chance.choice(b"\0\t\n\r :,;/%?#@\xff0aA")
        with relay.wire() as wire:
            wire.send_lossy(bytes(head) + BODY)
            wire.half_close()
            first_line = wire.until_closed().partition(b"\r\n")[0]
        assert not first_line.startswith(b"HTTP/1.1 5"), (bytes(head), first_line)
    assert all(seen.body == BODY for seen in upstream.seen(marked))


def test_random_bytes_are_never_an_error_of_ours(relay: Relay):
    chance = random.Random(20261122)  # noqa: S311 - as above
    for _ in range(200):
        with relay.wire() as wire:
            wire.send_lossy(chance.randbytes(chance.randint(1, 400)) + b"\r\n\r\n")
            wire.half_close()
            assert b" 500 " not in wire.until_closed()[:20]
    assert relay.ask("/healthz", method="GET").status == 200
