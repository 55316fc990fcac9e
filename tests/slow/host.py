"""An upstream inside the driver's own loop: what each request gets is decided by a function of what arrived.

It reads strictly what the relay is bound to write (a head, a Content-Length) and keeps everything that is no such thing
as `strays`. It never judges; verdicts do.
"""

import asyncio
import re
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Literal, Self

import msgspec

from support.script import Seen

ABSENT_SECONDS = 10.0  # how long "stay" stays
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_START = re.compile(rb"[A-Z]+ /[!-~]* HTTP/1\.1\r\n")
_RST_ON_CLOSE = struct.pack("ii", 1, 0)

Ending = Literal["keep", "close", "reset", "stay"]


class Said(msgspec.Struct, frozen=True):
    """An answer: pieces written one after the other, then what becomes of the connection ("stay": silent and open)."""

    writes: Sequence[bytes]
    ending: Ending = "keep"


class Host:
    """Listens on 127.0.0.1 while the block lasts. arrivals: requests in order; whoever reads them may clear them."""

    def __init__(self, answer: Callable[[Seen], Said]) -> None:
        self._answer = answer
        self._connections = 0
        self._visits: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.arrivals: list[Seen] = []
        self.strays: list[bytes] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", 0, limit=1 << 26, backlog=512)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._visits.values():
            writer.transport.abort()
        if self._visits:
            await asyncio.wait(self._visits)

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        task = asyncio.current_task()
        assert task is not None
        self._visits[task] = writer
        try:
            while await self._serve(number, reader, writer):
                pass
        except asyncio.IncompleteReadError as error:
            if error.partial:
                self.strays.append(error.partial)
        except ConnectionError:
            pass  # the relay has left: what it may do at any time
        finally:
            writer.close()
            del self._visits[task]

    async def _serve(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        if _START.match(head) is None:
            self.strays.append(head)
            return False
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        seen = Seen(number, head, body, monotonic())
        self.arrivals.append(seen)
        said = self._answer(seen)
        for piece in said.writes:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)  # a write of its own, not one with the next
        if said.ending == "stay":
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), ABSENT_SECONDS)
        if said.ending == "reset":
            own: socket.socket = writer.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
            writer.transport.abort()
        return said.ending == "keep"
