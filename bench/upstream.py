"""The provider of the bench: a process of its own that answers as path and model ask (bench/wire.py).

It never checks a credential and never does more than the bytes need: it shares a core with the load generator.
"""

import asyncio
import re
import time
from typing import cast

import uvloop

from . import wire

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Upstream(asyncio.Protocol):
    """One connection: requests in (only with Content-Length), answers out, keep-alive."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._pieces: list[bytes] = []
        self._received_bytes = 0
        self._expected_bytes: int | None = None
        self._format = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape, not by class

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._received_bytes += len(data)
        if self._expected_bytes is None:
            self._expected_bytes = _expected_bytes(b"".join(self._pieces))
        if self._expected_bytes is None or self._received_bytes < self._expected_bytes:
            return
        request = b"".join(self._pieces)
        self._pieces.clear()
        self._received_bytes = 0
        self._expected_bytes = None
        self._answer(request)

    def _answer(self, request: bytes) -> None:
        if self._transport is None:
            return
        try:
            self._format, model = wire.asked(request)
            plan = wire.plan(model)
        except ValueError:
            self._transport.close()
            return
        if plan is None:
            self._transport.write(wire.json_answer(self._format))
            return
        self._transport.write(wire.stream_head(self._format))
        self._write_next(plan, 1, self._loop.time())

    def _write_next(self, plan: wire.Plan, number: int, started: float) -> None:
        """Write number `number` now, or when its time has come; the times are kept from the start, so no gap drifts."""
        if plan.gap_seconds:
            self._loop.call_at(started + number * plan.gap_seconds, self._write, plan, number, started)
        else:
            self._loop.call_soon(self._write, plan, number, started)

    def _write(self, plan: wire.Plan, number: int, started: float) -> None:
        if self._transport is None:
            return
        last = number == plan.writes
        ends = last and not plan.idle
        self._transport.write(wire.stream_write(plan.events, time.monotonic_ns(), last=ends, host=self._format))
        if not last:
            self._write_next(plan, number + 1, started)


def _expected_bytes(received: bytes) -> int | None:
    """The size of the whole request that begins with `received`; None while its head is not whole."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(received, 0, end)
    return end + 4 + (int(length[1]) if length else 0)


async def serve() -> None:
    """Answer on a free port, printed as one line, until the process is told to end."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(loop), "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
