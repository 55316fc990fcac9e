"""The upstream process: plays scripts on raw sockets and remembers exactly what arrived.

Run as `python upstream_main.py`; prints one line, "PORT CONTROL_PORT", and serves until its standard input ends, so
that it never outlives the test run. Which script answers a request is said by the request's `x-lab` header, or, where
no header of the client's comes through (translation), by the model it asks for: "script-7/any-model".
"""

import asyncio
import re
import socket
import struct
import sys
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import control, script

REMEMBERED = 64  # requests per script
_SCRIPT = re.compile(rb"\r\nx-lab: *([^\r ]+)", re.IGNORECASE)
_IN_MODEL = re.compile(rb"[/\"](script-[0-9]+)(?:/|%2F)")
_CUT = re.compile(rb"\r\nx-lab-cut: *([0-9]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_UNTAUGHT = script.whole(b'{"error":{"message":"no such script"}}', status=404)
_RST_ON_CLOSE = struct.pack("ii", 1, 0)


class Memory:
    """Scripts taught and requests seen, by script name."""

    def __init__(self) -> None:
        self.scripts: dict[str, deque[list[script.AnyAct]]] = {}
        self.seen: defaultdict[str, deque[script.Seen]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self.connections = 0
        self.open = 0
        self.requests = 0
        self.stray_bytes = 0

    def turn(self, name: str) -> list[script.AnyAct]:
        """What to play for the next request for `name`."""
        turns = self.scripts.get(name)
        if turns is None:
            return _UNTAUGHT
        return turns.popleft() if len(turns) > 1 else turns[0]


class Visit(asyncio.Protocol):
    """One connection of the relay's."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._buffer = b""
        self._player: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._left = asyncio.Event()
        self._sent_bytes = 0
        self._plays: dict[type[Any], Callable[[Any, bytes], Awaitable[None]]] = {
            script.Send: self._send,
            script.SendCut: self._send_cut,
            script.Pour: self._pour,
            script.Pause: self._pause,
            script.AwaitLeave: self._await_leave,
            script.Close: self._close,
            script.Reset: self._reset,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._writable.set()
        self._memory.connections += 1
        self._memory.open += 1
        self._number = self._memory.connections

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._player is None:
            self._next_request()
        else:
            self._memory.stray_bytes += len(data)

    def eof_received(self) -> bool:
        self._leave()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._memory.open -= 1
        self._leave()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _leave(self) -> None:
        if not self._left.is_set():
            self._left.set()
            if self._player is not None:
                self._player.cancel()

    def _next_request(self) -> None:
        end = self._buffer.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = self._buffer[:end]
        length = _LENGTH.search(head)
        whole = end + (int(length[1]) if length else 0)
        if len(self._buffer) < whole:
            return
        body, self._buffer = self._buffer[end:whole], self._buffer[whole:]
        self._memory.requests += 1
        self._player = asyncio.get_running_loop().create_task(self._play(head, body))

    async def _play(self, head: bytes, body: bytes) -> None:
        named = _SCRIPT.search(head) or _IN_MODEL.search(head.partition(b"\r\n")[0]) or _IN_MODEL.search(body)
        name = named[1].decode() if named else ""
        log = self._memory.seen[name]
        seen = script.Seen(self._number, head, body, monotonic())
        log.append(seen)
        at = len(log) - 1 if len(log) < REMEMBERED else None
        self._sent_bytes = 0
        finished = False
        try:
            for act in self._memory.turn(name):
                await self._plays[type(act)](act, head)
            finished = True
        finally:
            now = monotonic()
            known = {"finished_at": now} if finished else {"left_at": now}
            if at is not None:
                log[at] = msgspec.structs.replace(seen, sent_bytes=self._sent_bytes, **known)
            self._player = None
        if self._buffer and not self._left.is_set():
            self._next_request()

    def _write(self, data: bytes) -> None:
        self._sent_bytes += len(data)
        self._transport.write(data)

    async def _send(self, act: script.Send, _head: bytes) -> None:
        self._write(act.data)

    async def _send_cut(self, act: script.SendCut, head: bytes) -> None:
        cut = _CUT.search(head)
        at = int(cut[1]) if cut else len(act.data)
        for piece in (act.data[:at], act.data[at:]):
            if piece:
                self._write(script.chunk(piece))
                await asyncio.sleep(act.pause_seconds)

    async def _pour(self, act: script.Pour, _head: bytes) -> None:
        for _ in range(act.times):
            await self._writable.wait()
            self._write(act.piece)
            await asyncio.sleep(0)

    async def _pause(self, act: script.Pause, _head: bytes) -> None:
        await asyncio.sleep(act.seconds)

    async def _await_leave(self, act: script.AwaitLeave, _head: bytes) -> None:
        async with asyncio.timeout(act.seconds):
            await self._left.wait()

    async def _close(self, _act: script.Close, _head: bytes) -> None:
        self._transport.close()

    async def _reset(self, _act: script.Reset, _head: bytes) -> None:
        await asyncio.sleep(0.02)  # let the peer read what was sent: a reset throws away what it has not read yet
        own = self._transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
        self._transport.abort()


async def obey(memory: Memory, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one test's orders until it hangs up."""
    try:
        while True:
            length = int.from_bytes(await reader.readexactly(control.LENGTH_BYTES), "big")
            order = control.ORDER.decode(await reader.readexactly(length))
            writer.write(control.framed(answer(memory, order)))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def answer(memory: Memory, order: control.Order) -> object:
    """What one order has to say."""
    if isinstance(order, control.Teach):
        memory.scripts[order.name] = deque(order.turns)
        return None
    if isinstance(order, control.Recall):
        return list(memory.seen[order.name])
    return control.Totals(memory.connections, memory.open, memory.requests, memory.stray_bytes)


async def main() -> None:
    loop = asyncio.get_running_loop()
    memory = Memory()
    visits = await loop.create_server(lambda: Visit(memory), "127.0.0.1", 0, backlog=1024)
    orders = await asyncio.start_server(
        lambda reader, writer: obey(memory, reader, writer), "127.0.0.1", 0, limit=2**28
    )
    sys.stdout.write(f"{visits.sockets[0].getsockname()[1]} {orders.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(main())
