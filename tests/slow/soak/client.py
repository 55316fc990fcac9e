"""One client connection of the soak: asks, reads answers with h11, reads slowly, leaves. It judges nothing."""

import asyncio
import socket
import struct
from types import TracebackType
from typing import Self

import h11

from support.wire import Answer

READ_BYTES = 1 << 16
ANSWER_SECONDS = 30.0
_RST_ON_CLOSE = struct.pack("ii", 1, 0)


class Client:
    """A connection to the relay while the block lasts."""

    def __init__(self, port: int, *, receive_buffer_bytes: int = 0, pause_seconds: float = 0.0) -> None:
        self._port = port
        self._receive_buffer_bytes = receive_buffer_bytes
        self._pause_seconds = pause_seconds
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)

    async def __aenter__(self) -> Self:
        own = socket.socket()
        if self._receive_buffer_bytes:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer_bytes)
        own.setblocking(False)
        await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", self._port))
        self._reader, self._writer = await asyncio.open_connection(sock=own, limit=READ_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def ask(self, data: bytes) -> Answer:
        """The answer, as far as it came; status 0 when the relay closed without one. Raises: TimeoutError."""
        await self.send(data)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._answer()

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def first_bytes(self) -> bytes:
        """What comes first. Raises: TimeoutError."""
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._reader.read(READ_BYTES)

    def reset(self) -> None:
        """Leave with a RST."""
        own: socket.socket = self._writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
        self._writer.transport.abort()

    async def _answer(self) -> Answer:
        answer = Answer(0, [], b"", complete=False, interim=[])
        body = bytearray()
        if self._parser.our_state is h11.DONE:
            self._parser.start_next_cycle()
        self._parser.send(h11.Request(method="POST", target="/", headers=[("host", "unused")]))
        self._parser.send(h11.EndOfMessage())
        try:
            while not answer.complete:
                event = self._parser.next_event()
                if event is h11.NEED_DATA:
                    self._parser.receive_data(await self._read())
                elif isinstance(event, h11.Response):
                    answer.status, answer.headers = event.status_code, list(event.headers)
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    answer.complete = True
                else:
                    break
        except (h11.RemoteProtocolError, ConnectionError):
            pass  # cut off: the answer says that it is not complete
        answer.body = bytes(body)
        return answer

    async def _read(self) -> bytes:
        if self._pause_seconds:
            await asyncio.sleep(self._pause_seconds)
        return await self._reader.read(READ_BYTES)
