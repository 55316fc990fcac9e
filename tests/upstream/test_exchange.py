"""One exchange against raw bytes on a real socket: every way an answer can come or break."""

import asyncio
from collections.abc import Callable

import pytest

from fastproxy.errors import Fault
from fastproxy.framing.chunked import frame
from fastproxy.upstream.exchange import MAX_INTERIM_RESPONSES
from support.hosts import Visit, scripted
from support.lines import CHUNKED, OK, Collected, answering, line
from support.loops import in_both_loops

# Requests.


@pytest.mark.parametrize("size", [0, 10, 65536, 65537, 3_000_000])
@in_both_loops
async def test_a_request_goes_out_whole(size: int):
    async with line(scripted(OK)) as one:
        body = b"x" * size
        exchange = await one.pool.open(one.host.origin)
        exchange.send(b"POST", b"/v1/messages?beta=true", b"host: lab\r\nA: b\r\ncontent-length: %d\r\n" % size, body)
        await exchange.head()
        exchange.relay(Collected())
        expected = b"POST /v1/messages?beta=true HTTP/1.1\r\nhost: lab\r\nA: b\r\ncontent-length: %d\r\n\r\n" % size
        assert one.host.requests == [expected + body]


# Answers.

WHOLE = {
    "a length": ([OK], b"ok"),
    "no body": ([b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"], b""),
    "204": ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
    "chunks": ([CHUNKED + frame(b"one") + frame(b"two") + b"0\r\n\r\n"], b"onetwo"),
    "trailers": ([CHUNKED + frame(b"one") + b"0\r\nx: y\r\n\r\n"], b"one"),
    "byte by byte": ([bytes([byte]) for byte in CHUNKED + frame(b"one") + b"0\r\n\r\n"], b"one"),
    "head and body apart": ([OK[:-2], b"o", b"k"], b"ok"),
    "interim answers": ([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nlink: x\r\n\r\n" + OK], b"ok"),
}


@pytest.mark.parametrize(("pieces", "body"), WHOLE.values(), ids=WHOLE)
@in_both_loops
async def test_a_whole_answer_arrives_and_its_connection_is_used_again(pieces: list[bytes], body: bytes):
    async with line(answering(*pieces)) as one:
        sink = await (await one.ask()).finished()
        assert (sink.body, sink.outcome) == (body, "end")
        again = await (await one.ask()).finished()
        assert again.body == b"ok"
        assert len(one.host.visits) == 1


NOT_REUSED = {
    "connection: close": [b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"],
    "HTTP/1.0": [b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"],
    "a byte too many": [OK + b"x"],
    "a second answer": [OK + OK],
    "bytes behind the last chunk": [CHUNKED + frame(b"ok") + b"0\r\n\r\nx"],
    "a body behind a 204": [b"HTTP/1.1 204 No Content\r\n\r\nok"],
}


@pytest.mark.parametrize("pieces", NOT_REUSED.values(), ids=NOT_REUSED)
@in_both_loops
async def test_a_whole_answer_arrives_and_its_connection_is_not_used_again(pieces: list[bytes]):
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"".join(pieces))
        await visit.left()

    async with line(play) as one:
        for number in (1, 2):
            sink = await (await one.ask()).finished()
            assert sink.body in (b"ok", b"")
            assert sink.outcome == "end"
            assert len(one.host.visits) == number
        await one.host.finished()


@in_both_loops
async def test_an_answer_without_framing_ends_with_its_connection():
    async with line(answering(b"HTTP/1.1 200 OK\r\n\r\none", b"two", then=Visit.close)) as one:
        sink = await (await one.ask()).finished()
        assert (sink.body, sink.outcome) == (b"onetwo", "end")


@in_both_loops
async def test_each_read_is_one_piece_for_the_sink():
    async with line(answering(CHUNKED, frame(b"a") + frame(b"b"), frame(b"c"), b"0\r\n\r\n")) as one:
        sink = await (await one.ask()).finished()
        assert sink.pieces == [b"ab", b"c"]


# Broken before the head.

GARBAGE = {
    "garbage": b"\x16\x03\x01 what is this\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    "length beside chunked": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\nx: " + b"a" * 2000,
    "endless interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_INTERIM_RESPONSES + 1),
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
@in_both_loops
async def test_what_is_no_answer_is_a_502(answer: bytes):
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer)
        await visit.left()

    async with line(play) as one:
        fault = await one.refused()
        assert (fault.kind, fault.status) == ("upstream_garbage", 502)
        await one.host.finished()


@in_both_loops
async def test_as_many_interim_answers_as_allowed_are_swallowed():
    async with line(answering(b"HTTP/1.1 100 Continue\r\n\r\n" * MAX_INTERIM_RESPONSES + OK)) as one:
        assert (await (await one.ask()).finished()).body == b"ok"


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\ncontent-le", b"HTTP/1.1 100 Continue\r\n\r\n"]
)
@pytest.mark.parametrize("leave", [Visit.close, Visit.reset])
@in_both_loops
async def test_a_host_that_leaves_before_its_head_is_whole_is_a_502(begun: bytes, leave: Callable[[Visit], None]):
    async with line(answering(*([begun] if begun else []), then=leave)) as one:
        fault = await one.refused()
        assert (fault.kind, fault.status) == ("unreachable", 502)


# Broken within the body.

BROKEN = {
    "short of its length": (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", b"ok", "unreachable"),
    "chunks without an end": (CHUNKED + frame(b"ok"), b"ok", "unreachable"),
    "half a chunk": (CHUNKED + b"9\r\nok", b"ok", "unreachable"),
    "half a last chunk": (CHUNKED + frame(b"ok") + b"0\r\n", b"ok", "unreachable"),
    "a bad chunk size": (CHUNKED + frame(b"ok") + b"zz\r\n", b"ok", "upstream_garbage"),
    "a chunk longer than it says": (CHUNKED + b"2\r\nok!\r\n", b"ok", "upstream_garbage"),
}


@pytest.mark.parametrize(("answer", "body", "kind"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("apart", [True, False])
@in_both_loops
async def test_a_body_that_breaks_off_gives_what_came_and_then_the_fault(
    answer: bytes, body: bytes, kind: str, apart: bool
):
    head, blank, rest = answer.partition(b"\r\n\r\n")
    async with line(answering(*([head + blank, rest] if apart else [answer]), then=Visit.close)) as one:
        sink = await (await one.ask()).finished()
        assert sink.body == body
        assert isinstance(sink.outcome, Fault)
        assert sink.outcome.kind == kind


@in_both_loops
async def test_a_reset_within_an_answer_without_framing_is_no_end():
    async with line(answering(b"HTTP/1.1 200 OK\r\n\r\nok", then=Visit.reset)) as one:
        sink = await (await one.ask()).finished()
        assert isinstance(sink.outcome, Fault)


@in_both_loops
async def test_what_came_before_its_sink_waits_for_it():
    async with line(answering(CHUNKED + frame(b"early") + b"zz\r\n")) as one:
        exchange = await one.sent()
        await exchange.head()
        await asyncio.sleep(0.02)
        sink = Collected()
        exchange.relay(sink)
        assert sink.body == b"early"
        assert isinstance(sink.outcome, Fault)
