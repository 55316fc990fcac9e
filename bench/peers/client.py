"""The clients of the comparison: a fixed amount of work against one relay, and what it took. It checks every answer.

It reads with asyncio's streams, slower than bench/load.py, and JSON however it is spaced: peers need milliseconds where
that one counts microseconds, and CPU time is the relay's own. It never retries: a relay that fails a request fails the
case.
"""

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import orjson

from bench import meter, wire

from .work import STREAM_END, WARM_MODEL, Case, request

_STAMP = re.compile(rb'"@(\d{19})')
_STAMP_BYTES = 21
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_SHOWN_BYTES = 300
_SETTLE_SECONDS = 0.1


class CaseError(Exception):
    """The relay does not do this work. The message shows what it did."""


class Target(msgspec.Struct, frozen=True):
    """A relay. pid: 0 for none, where nothing is to be measured. headers: what its requests must say besides."""

    name: str
    port: int
    pid: int = 0
    headers: dict[str, str] = {}


class Figures(msgspec.Struct, frozen=True):
    """What a case took, in microseconds: CPU time per unit, and the median delay of what Case.delay says."""

    cost_us: float
    delay_us: float


class Moment(msgspec.Struct, frozen=True):
    """Where the work stands: CPU time of the relay so far, and how many events have come."""

    cpu_seconds: float
    events: int


class Work:
    """What all connections share. flowing, ended: the moments when the last stream began and the first one ended."""

    def __init__(self, case: Case, target: Target, model: str, requests: int) -> None:
        plan = wire.plan(model)
        self.request = request(case, model, target.port, target.headers)
        self.events = plan.total if plan else 0
        self.end_mark = STREAM_END[case.client]
        self.left = requests
        self.delays: list[int] = []
        self.times: list[int] = []
        self.flowing: Moment | None = None
        self.ended: Moment | None = None
        self._pids = family(target.pid) if target.pid else ()
        self._to_flow = case.connections

    def moment(self) -> Moment:
        return Moment(meter.cpu_seconds(self._pids), len(self.delays))

    def came(self, stamps: Sequence[bytes], *, first: bool) -> None:
        """Note events that have just come; first: they begin their stream."""
        now = time.monotonic_ns()
        self.delays += [now - int(stamp) for stamp in stamps]
        if first:
            self._to_flow -= 1
            if not self._to_flow:
                self.flowing = self.moment()

    def whole(self, nanoseconds: int) -> None:
        self.times.append(nanoseconds)
        if self.ended is None:
            self.ended = self.moment()


class Connection:
    """One connection with one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def work(self, work: Work) -> None:
        """Requests until the work has none left. Raises: CaseError, OSError, EOFError."""
        while work.left:
            work.left -= 1
            started = time.monotonic_ns()
            self._writer.write(work.request)
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if not head.startswith(b"HTTP/1.1 200"):
                body = await self._reader.readexactly(int(length[1])) if length else b""
                status = head.partition(b"\r\n")[0]
                raise CaseError(f"{status!r} {body[:_SHOWN_BYTES]!r}")
            await self._read(work, head, int(length[1]) if length else None)
            work.whole(time.monotonic_ns() - started)

    async def _read(self, work: Work, head: bytes, length: int | None) -> None:
        if work.events:
            await self._stream(work)
        elif length is not None:
            _check_json(await self._reader.readexactly(length))
        elif _CHUNKED.search(head):
            _check_json(b"".join([chunk async for chunk in self._chunks()]))
        else:
            raise CaseError(f"an answer without an end: {head[:_SHOWN_BYTES]!r}")

    async def _stream(self, work: Work) -> None:
        """A stream's events, wherever the relay cuts them."""
        seen, unread, end = 0, b"", b""
        async for chunk in self._chunks():
            unread += chunk
            stamps = list(_STAMP.finditer(unread))
            if stamps:
                work.came([stamp[1] for stamp in stamps], first=not seen)
                seen += len(stamps)
                unread = unread[stamps[-1].end() :]
            unread = unread[-_STAMP_BYTES:]
            end = (end + chunk)[-_SHOWN_BYTES:]
        if seen != work.events or work.end_mark not in end:
            raise CaseError(f"{seen} events of {work.events}, and then {end!r}")

    async def _chunks(self) -> AsyncIterator[bytes]:
        size = 1
        while size:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            data = await self._reader.readexactly(size + 2)
            if size:
                yield data[:-2]

    async def close(self) -> None:
        self._writer.transport.abort()
        with suppress(OSError):  # what went wrong with it has been told already
            await self._writer.wait_closed()


def _check_json(body: bytes) -> None:
    """Raises: CaseError for anything but the upstream's answer."""
    with suppress(orjson.JSONDecodeError, KeyError, TypeError):
        if orjson.loads(body)["usage"]["total_tokens"]:
            return
    raise CaseError(f"not the answer: {body[:_SHOWN_BYTES]!r}")


def family(pid: int) -> tuple[int, ...]:
    """A process and all its descendants."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            found += map(int, children.read_bytes().split())
    return tuple(found)


async def run(case: Case, target: Target, seconds: float) -> Figures:
    """The case done once, its warm-up not counted. Raises: CaseError."""
    connections: list[Connection] = []
    try:
        async with asyncio.timeout(seconds):
            while len(connections) < case.connections:
                connections.append(Connection(*await asyncio.open_connection("127.0.0.1", target.port)))
            return await _measure(case, target, connections)
    except TimeoutError as error:
        raise CaseError(f"took more than {seconds:.0f} s") from error
    except (OSError, EOFError, ValueError) as error:
        raise CaseError(f"{type(error).__name__}: {error}") from error
    finally:
        for connection in connections:
            await connection.close()


async def _measure(case: Case, target: Target, connections: Sequence[Connection]) -> Figures:
    await _all(Work(case, target, WARM_MODEL, case.connections), connections)
    await asyncio.sleep(_SETTLE_SECONDS)
    work = Work(case, target, case.model, case.requests)
    begin = work.moment()
    await _all(work, connections)
    end = work.moment()
    if case.unit == "request":
        return Figures(_cost_us(begin, end, case.requests), statistics.median(work.times) / 1000)
    if work.flowing is None or work.ended is None or work.ended.events <= work.flowing.events:
        raise CaseError("the first stream ended before the last one began")
    begin, end = work.flowing, work.ended
    events = end.events - begin.events
    return Figures(_cost_us(begin, end, events), statistics.median(work.delays[begin.events : end.events]) / 1000)


async def _all(work: Work, connections: Sequence[Connection]) -> None:
    """Raises: what the first connection that fails raises; the others are stopped."""
    tasks = [asyncio.ensure_future(connection.work(work)) for connection in connections]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _cost_us(begin: Moment, end: Moment, units: int) -> float:
    return 1e6 * (end.cpu_seconds - begin.cpu_seconds) / units
