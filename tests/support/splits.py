"""Many exchanges over a few connections, each answer cut in two at another offset: fast enough to try every offset.

A raw asyncio client with its own reading of chunked bodies; it accepts nothing but a 200 and chunks.
"""

import asyncio
from collections.abc import Iterator

from support.exchange import Exchange
from support.relay import TOKEN
from support.wire import request

CONNECTIONS = 24
ANSWER_SECONDS = 20.0


async def wrong_offsets(port: int, exchange: Exchange, script: str, offsets: range) -> list[int]:
    """The offsets at which a cut answer did not arrive as the recorded one."""
    waiting = iter(offsets)
    wrong: list[int] = []

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for offset in waiting:
            writer.write(_request(exchange, script, offset))
            async with asyncio.timeout(ANSWER_SECONDS):
                body = await _answer(reader)
            if body != exchange.answer:
                wrong.append(offset)
        writer.close()
        await writer.wait_closed()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(worker())
    return wrong


def slices(length: int, size: int) -> Iterator[range]:
    """Every offset strictly inside `length` bytes, in runs of `size`."""
    for start in range(1, length, size):
        yield range(start, min(start + size, length))


def _request(exchange: Exchange, script: str, offset: int) -> bytes:
    own = [("authorization", f"Bearer {TOKEN}"), ("x-lab", script), ("x-lab-cut", str(offset))]
    return request(exchange.target, exchange.request_body, [*exchange.headers, *own])


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert b"\r\ntransfer-encoding: chunked\r\n" in head.lower(), head
    body = bytearray()
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += await reader.readexactly(size)
        assert await reader.readexactly(2) == b"\r\n"
    assert await reader.readexactly(2) == b"\r\n"
    return bytes(body)
