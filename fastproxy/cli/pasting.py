"""Lines that a person pastes while the program waits for something else too. Knows nothing of what they mean.

Reads the descriptor in a thread that never keeps the process from ending, and never through `sys.stdin`, whose lock a
waiting thread would hold at the end.
"""

import asyncio
import os
import threading
from contextlib import suppress

LINE_BYTES = 16384
_READ_BYTES = 4096


class Lines:
    """Lines of a descriptor, from the first `next` on. For one loop."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: asyncio.Future[str] | None = None
        self._arrived: list[str] = []
        self._started = False

    async def next(self) -> str:
        """The next line without its end. Waits for ever where there is none: at the end of a file as well."""
        loop = asyncio.get_running_loop()
        if not self._started:
            self._started = True
            threading.Thread(target=self._read, args=(loop,), daemon=True).start()
        if not self._arrived:
            self._waiting = loop.create_future()
            await self._waiting
        return self._arrived.pop(0)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        rest = b""
        with suppress(OSError, RuntimeError):  # RuntimeError: the loop has ended, and nobody waits any more
            while piece := os.read(self._descriptor, _READ_BYTES):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    loop.call_soon_threadsafe(self._arrive, line[:LINE_BYTES].decode(errors="replace"))
                rest = rest[:LINE_BYTES]
            if rest:
                loop.call_soon_threadsafe(self._arrive, rest.decode(errors="replace"))

    def _arrive(self, line: str) -> None:
        self._arrived.append(line)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(line)
