"""One exchange that is paused, silent, or left: nothing is lost, nothing is kept, and the host notices."""

import asyncio
from contextlib import suppress

import pytest

from fastproxy.errors import Fault
from fastproxy.framing.chunked import frame
from fastproxy.upstream.exchange import EARLY_BYTES
from support.hosts import Visit
from support.lines import CHUNKED, OK, SETTINGS, Collected, answering, line
from support.loops import in_both_loops, turns

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
        waiting = exchange.head()
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
        assert exchange._sink is None, "a sink holds its exchange: both would wait for the garbage collector"
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
