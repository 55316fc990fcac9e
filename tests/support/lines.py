"""A line to an upstream: a scripted host, a pool that speaks to it, and a sink that keeps what comes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from fastproxy import clock
from fastproxy.clock import Sweep
from fastproxy.errors import Fault
from fastproxy.snapshot import Upstream
from fastproxy.upstream.exchange import Exchange
from fastproxy.upstream.pool import Pool
from support.hosts import Host, Play, Visit
from support.loops import turns

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

    def expire(self, now: float) -> None:
        """It has no clock of its own."""

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
