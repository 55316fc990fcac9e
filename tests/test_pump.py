"""The pump: upstream bytes through a real pipe and a real exchange into a reply; the clock moves by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from fastproxy import clock
from fastproxy.clock import Sweep
from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.framing.chunked import LAST_CHUNK, frame
from fastproxy.pipe import Pipe, pipe_for_body, pipe_for_stream
from fastproxy.pump import HOLD_BYTES, TURN_BYTES, Pump
from fastproxy.server.reply import Reply
from fastproxy.snapshot import Limits, Upstream
from fastproxy.upstream.exchange import Exchange
from fastproxy.upstream.pool import Pool
from support.fake_transport import FakeTransport
from support.hosts import Host, Visit
from support.loops import in_loop, turns

CHAT = BY_NAME["openai-chat"]
LIMITS = Limits()
HELLO = b'data: {"choices":[{"delta":{"content":"hello"},"finish_reason":null}]}\n\n'
FINISH = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nx: y\r\ntransfer-encoding: chunked\r\n\r\n"


def stream_pipe() -> Pipe:
    return pipe_for_stream(CHAT, 1 << 20, unasked_usage=False)


def body_pipe() -> Pipe:
    return pipe_for_body(CHAT, encoded=False, json=True)


@dataclass
class Scene:
    """One pump between an upstream that the test plays by hand and a client that only listens."""

    exchange: Exchange
    visit: Visit
    transport: FakeTransport
    reply: Reply
    pump: Pump
    sweep: Sweep
    ended: list[bool]

    @property
    def seen(self) -> bytes:
        return self.transport.written

    async def upstream(self, data: bytes) -> None:
        """The upstream sends, and it has arrived."""
        self.exchange.data_received(data)
        await turns()

    def waits(self, seconds: float) -> None:
        self.sweep.run(clock.monotonic() + seconds)


class Beginning(NamedTuple):
    status: int
    length_bytes: int | None
    hold: bool
    keepalive: bytes

    def lines(self) -> list[bytes]:
        return [b"x: y"]


@asynccontextmanager
async def scene(
    pipe: Pipe, *, head: bytes = CHUNKED, hold: bool = False, length_bytes: int | None = None, keepalive: bytes = b""
) -> AsyncIterator[Scene]:
    arrived: asyncio.Future[Visit] = asyncio.get_running_loop().create_future()

    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(head)
        arrived.set_result(visit)

    async with Host(play) as host:
        sweep = Sweep()
        pool = Pool(Upstream(proxy="direct"), sweep)
        exchange = await pool.open(host.origin)
        exchange.send(b"POST", b"/", b"host: lab\r\ncontent-length: 0\r\n", b"")
        await exchange.head()
        transport, ended = FakeTransport(), list[bool]()
        reply = Reply(transport, ended.append, http11=True, keep_alive=True, bodyless=False)
        opening = Beginning(200, length_bytes, hold, keepalive)
        pump = Pump(exchange, pipe, reply, opening, LIMITS)
        try:
            yield Scene(exchange, await arrived, transport, reply, pump, sweep, ended)
            await turns()
            assert not len(sweep)
        finally:
            exchange.close()
            await pool.close()


def running(one: Scene) -> "asyncio.Task[None]":
    return asyncio.create_task(one.pump.run())


@in_loop
async def test_one_write_for_each_read_and_the_head_with_the_first():
    async with scene(stream_pipe()) as one:
        task = running(one)
        await turns()
        assert one.seen == b""
        await one.upstream(frame(HELLO) + frame(HELLO))
        await one.upstream(frame(HELLO))
        await one.upstream(frame(FINISH))
        await one.upstream(LAST_CHUNK)
        await task
        assert one.transport.writes == [HEAD + frame(HELLO + HELLO), frame(HELLO), frame(FINISH), LAST_CHUNK]
        assert one.ended == [True]
        assert one.pump.fault is None


@in_loop
async def test_half_an_event_writes_nothing():
    async with scene(stream_pipe()) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO[:10]))
        assert one.seen == b""
        await one.upstream(frame(HELLO[10:] + FINISH) + LAST_CHUNK)
        await task
        assert one.seen == HEAD + frame(HELLO + FINISH) + LAST_CHUNK


@in_loop
async def test_a_stream_that_breaks_before_its_first_event_leaves_the_answer_to_the_relay():
    async with scene(stream_pipe()) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO[:10]) + b"zz\r\n")
        with pytest.raises(Fault) as caught:
            await task
        assert caught.value.kind == "upstream_garbage"
        assert (one.seen, one.reply.started) == (b"", False)


@in_loop
async def test_a_stream_that_breaks_after_its_first_event_ends_in_the_error_event():
    async with scene(stream_pipe()) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO))
        await one.upstream(frame(HELLO + HELLO[:20]) + b"zz\r\n")
        await task
        assert one.transport.writes[1] == frame(HELLO)
        assert b'"error"' in one.transport.writes[2]
        assert one.seen.endswith(LAST_CHUNK)
        assert one.pump.fault is not None
        assert one.pump.pipe.ending == "incomplete"


@in_loop
async def test_an_event_without_end_closes_the_upstream():
    async with scene(pipe_for_stream(CHAT, 100, unasked_usage=False)) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO))
        await one.upstream(frame(b"data: " + b"x" * 200))
        await task
        await one.visit.left()
        assert b'"error"' in one.seen
        assert one.seen.endswith(LAST_CHUNK)


@in_loop
async def test_a_whole_answer_is_held_and_goes_out_in_one_write_with_its_length():
    async with scene(body_pipe(), hold=True) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(b'{"a":'))
        assert one.seen == b""
        await one.upstream(frame(b"1}") + LAST_CHUNK)
        await task
        assert one.transport.writes == [b'HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 7\r\n\r\n{"a":1}']


@in_loop
async def test_a_whole_answer_that_stops_short_is_left_to_the_relay():
    async with scene(body_pipe(), hold=True) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(b'{"a":') + LAST_CHUNK)
        with pytest.raises(Fault):
            await task
        assert one.seen == b""


@in_loop
async def test_a_large_whole_answer_is_not_kept_and_is_cut_when_it_breaks():
    async with scene(body_pipe(), hold=True, length_bytes=10 * HOLD_BYTES) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(b"{" + b" " * (HOLD_BYTES - 1)))
        assert one.seen == b""
        await one.upstream(frame(b" "))
        assert len(one.transport.writes) == 1
        await one.upstream(b"zz\r\n")
        await task
        assert one.transport.aborted
        assert one.ended == [False]


@in_loop
async def test_what_had_come_before_the_pump_is_pumped():
    whole = CHUNKED + frame(HELLO + FINISH) + LAST_CHUNK
    async with scene(stream_pipe(), head=whole) as one:
        await running(one)
        assert one.seen.replace(LAST_CHUNK, b"") == HEAD + frame(HELLO + FINISH)


@in_loop
async def test_an_upstream_that_sends_as_fast_as_it_can_lets_others_on_after_each_read():
    async with scene(stream_pipe()) as one:
        task = running(one)
        await turns()
        for events in (HELLO * (TURN_BYTES // len(HELLO) + 1), b": half an event, " + b"x" * TURN_BYTES):
            one.exchange.data_received(frame(events))
            assert not one.exchange._transport.is_reading()
            await turns()
            assert one.exchange._transport.is_reading()
        one.exchange.data_received(frame(b"\n\n" + HELLO * (TURN_BYTES // len(HELLO) + 1) + FINISH) + LAST_CHUNK)
        await task


# The client's side.


@in_loop
async def test_a_client_that_reads_slowly_stops_the_upstream_and_starts_it_again():
    async with scene(stream_pipe()) as one:
        task = running(one)
        await turns()
        assert one.exchange._transport.is_reading()
        one.reply.pause(True)
        assert not one.exchange._transport.is_reading()
        one.reply.pause(False)
        assert one.exchange._transport.is_reading()
        await one.upstream(frame(FINISH) + LAST_CHUNK)
        await task


@in_loop
async def test_a_client_that_is_behind_from_the_start_stops_the_upstream_at_once():
    async with scene(stream_pipe()) as one:
        one.reply.paused = True
        task = running(one)
        await turns()
        assert not one.exchange._transport.is_reading()
        one.reply.pause(False)
        assert one.exchange._transport.is_reading()
        await one.upstream(frame(FINISH) + LAST_CHUNK)
        await task


@in_loop
async def test_a_client_that_has_stopped_reading_is_dropped_and_the_exchange_with_it():
    async with scene(stream_pipe()) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO))
        one.reply.pause(True)
        one.waits(0)
        one.waits(LIMITS.write_stall_seconds - 1)
        assert not one.transport.aborted
        one.waits(LIMITS.write_stall_seconds)
        assert one.transport.aborted
        await task
        assert one.pump.fault is not None
        assert one.pump.fault.kind == "client_gone"
        assert one.pump.pipe.ending == "incomplete"
        await one.visit.left()


@in_loop
async def test_a_cancelled_pump_leaves_nothing_behind():
    async with scene(stream_pipe()) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert one.reply.on_pause is None
        one.exchange.close()
        await one.visit.left()


# The clock's side.

PING = b": keepalive\n\n"


@in_loop
async def test_a_silent_stream_gets_a_sign_of_life_between_its_events():
    async with scene(stream_pipe(), keepalive=PING) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO))
        one.waits(0)
        one.waits(LIMITS.ping_seconds - 1)
        assert one.seen == HEAD + frame(HELLO)
        one.waits(LIMITS.ping_seconds)
        one.waits(LIMITS.ping_seconds + 1)
        assert one.seen == HEAD + frame(HELLO) + frame(PING)
        one.waits(2 * LIMITS.ping_seconds)
        assert one.seen == HEAD + frame(HELLO) + frame(PING) + frame(PING)
        await one.upstream(frame(FINISH) + LAST_CHUNK)
        await task


@in_loop
async def test_no_sign_of_life_within_an_event_nor_to_a_client_that_is_behind():
    async with scene(stream_pipe(), keepalive=PING) as one:
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO + HELLO[:9]))
        one.waits(0)
        one.waits(LIMITS.ping_seconds)
        await one.upstream(frame(HELLO[9:]))
        one.reply.pause(True)
        one.waits(100)
        one.waits(100 + LIMITS.ping_seconds)
        assert PING not in one.seen
        one.reply.pause(False)
        await one.upstream(frame(FINISH) + LAST_CHUNK)
        await task


@in_loop
async def test_before_the_first_event_the_sign_of_life_brings_the_head_and_its_wait_counts_from_the_upstreams():
    async with scene(stream_pipe(), keepalive=PING) as one:
        task = running(one)
        await turns()
        one.waits(LIMITS.ping_seconds)
        assert one.seen == HEAD + frame(PING)
        await one.upstream(frame(FINISH) + LAST_CHUNK)
        await task
        assert one.seen == HEAD + frame(PING) + frame(FINISH) + LAST_CHUNK


@in_loop
async def test_a_format_without_signs_of_life_gets_none():
    async with scene(stream_pipe()) as one:
        task = running(one)
        await turns()
        one.waits(0)
        one.waits(10_000)
        assert one.seen == b""
        task.cancel()
        await asyncio.wait({task})


# Bugs of ours.


class Broken:
    """A pipe that fails in one of its methods, with what no caller expects."""

    quiet = True
    tap = ending = None

    def __init__(self, name: str) -> None:
        self._name = name

    def feed(self, data: bytes) -> bytes:
        return self._do("feed", data)

    def close(self) -> bytes:
        return self._do("close", b"")

    def abort(self, fault: Fault) -> bytes:
        return self._do("abort", b"")

    def _do(self, name: str, out: bytes) -> bytes:
        if name == self._name:
            raise TypeError("what was said: secret")
        return out


@in_loop
@pytest.mark.parametrize("name", ["feed", "close"])
async def test_a_bug_in_a_pipe_ends_the_exchange_and_says_where_but_not_what(
    name: str, caplog: pytest.LogCaptureFixture
):
    async with scene(Broken(name), hold=True) as one:  # type: ignore[arg-type]
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO) + LAST_CHUNK)
        with pytest.raises(Fault) as caught:
            await asyncio.wait_for(task, 5)
        assert (caught.value.kind, caught.value.status, one.seen) == ("upstream_garbage", 500, b"")
        assert "TypeError at" in caplog.text
        assert "secret" not in caplog.text


@in_loop
async def test_a_bug_in_the_end_of_a_broken_stream_cuts_the_connection():
    async with scene(Broken("abort")) as one:  # type: ignore[arg-type]
        task = running(one)
        await turns()
        await one.upstream(frame(HELLO))
        await one.upstream(b"zz\r\n")
        await asyncio.wait_for(task, 5)
        assert one.transport.aborted
