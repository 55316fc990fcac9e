"""One exchange against raw bytes on a real socket: every way an answer can come, break, or be left."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from fastproxy import clock
from fastproxy.clock import Sweep
from fastproxy.errors import Fault
from fastproxy.framing.chunked import frame
from fastproxy.snapshot import Upstream
from fastproxy.upstream.exchange import EARLY_BYTES, MAX_INTERIM_RESPONSES, Exchange
from fastproxy.upstream.pool import Pool
from support.hosts import Host, Play, Visit, scripted
from support.loops import in_both_loops, turns

SETTINGS = Upstream(proxy="direct", first_byte_seconds=5.0, idle_seconds=3.0, head_bytes=1000)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
LINES = b"host: lab\r\ncontent-length: 0\r\n"


class Collected:
    """A sink that keeps everything. outcome: None while open, "end", or the Fault."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.outcome: str | Fault | None = None
        self.changed = asyncio.Event()

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def data(self, data: bytes) -> None:
        assert self.outcome is None
        assert data
        self.pieces.append(data)
        self.changed.set()

    def end(self) -> None:
        assert self.outcome is None
        self.outcome = "end"
        self.changed.set()

    def broken(self, fault: Fault) -> None:
        assert self.outcome is None
        self.outcome = fault
        self.changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    async def finished(self) -> "Collected":
        await self.until(lambda: self.outcome is not None)
        return self


class Line:
    """A host and a pool that speaks to it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.sweep = Sweep()
        self.pool = Pool(SETTINGS, self.sweep)

    async def sent(self) -> Exchange:
        exchange = await self.pool.open(self.host.origin)
        exchange.send(b"POST", b"/x", LINES, b"")
        return exchange

    async def ask(self) -> Collected:
        exchange = await self.sent()
        await exchange.head()
        sink = Collected()
        exchange.relay(sink)
        return sink

    async def refused(self) -> Fault:
        exchange = await self.sent()
        with pytest.raises(Fault) as caught:
            await exchange.head()
        return caught.value

    def waits(self, seconds: float) -> None:
        self.sweep.run(clock.monotonic() + seconds)


@asynccontextmanager
async def line(play: Play) -> AsyncIterator[Line]:
    """When the block ends nothing may be lent out or watched any more."""
    async with Host(play) as host:
        one = Line(host)
        try:
            yield one
            await turns()
            assert not one.pool._connector._acquired, "a connection was never given back"
            assert len(one.sweep) == 0, "an exchange is still watched"
        finally:
            await one.pool.close()


def answering(*pieces: bytes, then: Callable[[Visit], object] | None = None) -> Play:
    """Each connection's first request is answered with `pieces`, a write each, a second with OK."""

    async def play(visit: Visit) -> None:
        await visit.request()
        for piece in pieces:
            await visit.send(piece)
            await asyncio.sleep(0.002)
        if then is not None:
            then(visit)
            return
        await visit.request()
        await visit.send(OK)

    return play


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


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\ncontent-le", b"HTTP/1.1 100 Continue\r\n\r\n"])
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


# Pauses.


@in_both_loops
async def test_a_paused_exchange_stops_the_host_and_loses_nothing():
    size, pieces = 65536, 200
    written = 0

    async def play(visit: Visit) -> None:
        nonlocal written
        await visit.request()
        await visit.send(CHUNKED)
        for _ in range(pieces):
            await visit.send(frame(b"x" * size))
            written += size
        await visit.send(b"0\r\n\r\n")

    async with line(play) as one:
        exchange = await one.sent()
        await exchange.head()
        sink = Collected()
        exchange.relay(sink)
        exchange.pause()
        exchange.pause()
        got = len(sink.body)
        await asyncio.sleep(0.1)
        exchange.resume()
        await asyncio.sleep(0.02)
        assert len(sink.body) == got, "two pauses need two resumes"
        assert written < size * pieces, "the host could write on: nothing holds it back"
        one.waits(1000)
        assert sink.outcome is None, "silence that the client causes is not the host's"
        exchange.resume()
        await sink.finished()
        assert (sink.outcome, len(sink.body)) == ("end", size * pieces)


@in_both_loops
async def test_reading_pauses_when_too_much_comes_before_its_sink():
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED)
        for _ in range(100):
            await visit.send(frame(b"x" * 100_000))
        await visit.send(b"0\r\n\r\n")

    async with line(play) as one:
        exchange = await one.sent()
        await exchange.head()
        await asyncio.sleep(0.1)
        assert exchange._early_bytes < 8 * EARLY_BYTES
        sink = Collected()
        exchange.relay(sink)
        await sink.finished()
        assert len(sink.body) == 100 * 100_000


@in_both_loops
async def test_a_connection_that_was_paused_at_the_end_is_read_again_by_its_next_user():
    async with line(answering(CHUNKED + frame(b"one"), b"0\r\n\r\n")) as one:
        exchange = await one.sent()
        await exchange.head()
        sink = Collected()
        exchange.relay(sink)
        exchange.pause()
        exchange.data_received(b"0\r\n\r\n")  # what the kernel had delivered already
        assert sink.outcome == "end"
        exchange.resume()
        exchange.close()


# Silence.


@in_both_loops
async def test_a_host_that_does_not_answer_is_a_504():
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.left()

    async with line(play) as one:
        exchange = await one.sent()
        one.waits(SETTINGS.first_byte_seconds - 1)
        assert not exchange._head.done()
        one.waits(SETTINGS.first_byte_seconds + 1)
        with pytest.raises(Fault) as caught:
            await exchange.head()
        assert (caught.value.kind, caught.value.status) == ("timeout", 504)
        await one.host.finished()


@in_both_loops
async def test_a_host_that_goes_silent_is_given_up_and_one_that_speaks_is_not():
    go_on = asyncio.Event()

    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED + frame(b"one"))
        await go_on.wait()
        await visit.send(frame(b"two"))
        await visit.left()

    async with line(play) as one:
        sink = await one.ask()
        await sink.until(lambda: sink.body == b"one")
        one.waits(100)
        one.waits(100 + SETTINGS.idle_seconds - 1)
        go_on.set()
        await sink.until(lambda: sink.body == b"onetwo")
        one.waits(200)
        assert sink.outcome is None
        one.waits(200 + SETTINGS.idle_seconds)
        assert isinstance(sink.outcome, Fault)
        assert sink.outcome.kind == "timeout"
        await one.host.finished()


# Cancelling.


@in_both_loops
async def test_closing_while_the_head_is_awaited_closes_the_connection():
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.left()

    async with line(play) as one:
        exchange = await one.sent()
        waiting = asyncio.create_task(exchange.head())
        await turns()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        exchange.close()
        exchange.close()
        await one.host.finished()


@in_both_loops
async def test_closing_within_the_body_closes_the_connection_and_says_nothing_more():
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED + frame(b"one"))
        await visit.left()

    async with line(play) as one:
        exchange = await one.sent()
        await exchange.head()
        sink = Collected()
        exchange.relay(sink)
        exchange.close()
        await one.host.finished()
        await turns()
        assert sink.outcome is None


@in_both_loops
async def test_closing_after_the_end_leaves_the_connection_in_the_pool():
    async with line(answering(OK)) as one:
        exchange = await one.sent()
        await exchange.head()
        exchange.relay(Collected())
        exchange.close()
        assert (await (await one.ask()).finished()).body == b"ok"
        assert len(one.host.visits) == 1


@pytest.mark.parametrize("delay", range(8))
@in_both_loops
async def test_a_cancel_at_any_turn_closes_the_connection(delay: int):
    async def play(visit: Visit) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await visit.request()
            await visit.send(CHUNKED + frame(b"one"))
            await visit.left()

    async with line(play) as one:

        async def exchange() -> None:
            upstream = await one.sent()
            try:
                await upstream.head()
                sink = Collected()
                upstream.relay(sink)
                await sink.finished()
            finally:
                upstream.close()

        task = asyncio.create_task(exchange())
        await turns(delay)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await one.host.finished()
