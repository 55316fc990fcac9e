r"""An upstream on a real socket inside the test's own loop, scripted with raw bytes.

    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\n...")

    async with Host(play) as host: ...

One visit is one connection. A script that returns leaves its connection open until the host ends, as a server does.
"""

import asyncio
import os
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

LEAVE_SECONDS = 5.0
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Visit:
    """One connection of a client. number: from 1, in the order of arrival."""

    def __init__(self, host: "Host", number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self._host = host
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """The next request, head and body."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await self._reader.readexactly(int(length[1])) if length else b""
        self._host.requests.append(head + body)
        return head + body

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def send_now(self, data: bytes) -> None:
        """Into the kernel before the loop turns; for little data."""
        os.write(self._writer.get_extra_info("socket").fileno(), data)

    async def left(self) -> None:
        """Until the client closes its side or resets. Raises: TimeoutError."""
        async with asyncio.timeout(LEAVE_SECONDS):
            try:
                while await self._reader.read(65536):
                    pass
            except ConnectionError:
                return

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        own = self._writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Play = Callable[[Visit], Awaitable[None]]


class Host:
    """Listens on 127.0.0.1 while the block lasts. requests: all that came, over all connections, in order."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self.requests: list[bytes] = []
        self.visits: list[Visit] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", 0, limit=1 << 24)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)
        left = (asyncio.IncompleteReadError, ConnectionError)  # the client has gone: no fault of the script's
        broken = [end for end in ends if isinstance(end, Exception) and not isinstance(end, left)]
        assert broken == [], "the script itself failed"

    async def finished(self) -> None:
        """Until every script has ended by itself. Raises: TimeoutError."""
        async with asyncio.timeout(LEAVE_SECONDS):
            await asyncio.gather(*self._tasks)

    def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(self, len(self.visits) + 1, reader, writer)
        self.visits.append(visit)
        self._writers.append(writer)
        self._tasks.append(asyncio.get_running_loop().create_task(self._run(visit)))

    async def _run(self, visit: Visit) -> None:
        await self._play(visit)


def scripted(*answers: bytes) -> Play:
    """A script that answers each request on a connection with the next of `answers`."""

    async def play(visit: Visit) -> None:
        for answer in answers:
            await visit.request()
            await visit.send(answer)

    return play
