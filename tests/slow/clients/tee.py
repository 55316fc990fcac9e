"""Stands between a client and the relay, passes every byte on, and keeps what the client sent. It changes nothing."""

import asyncio
from types import TracebackType
from typing import Self

from slow.fuzz import strict

READ_BYTES = 1 << 16


class Tee:
    """Listens on 127.0.0.1 while the block lasts."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sent: list[bytearray] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def requests(self) -> list[strict.Request]:
        """Everything that was asked, connection by connection. Raises: ValueError for bytes that are no request."""
        found: list[strict.Request] = []
        for sent in self._sent:
            read = strict.requests(bytes(sent))
            if sent and not read:
                raise ValueError(f"a client sent what is no HTTP/1.1 request: {bytes(sent[:80])!r}")
            found += read
        return found

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = bytearray()
        self._sent.append(sent)
        relay_reader, relay_writer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(_pass_on(reader, relay_writer, sent), _pass_on(relay_reader, writer, None))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray | None) -> None:
    try:
        while data := await reader.read(READ_BYTES):
            if kept is not None:
                kept += data
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # one side has left: the other is told below
    finally:
        writer.close()
