"""A transport that keeps what is written to it, for transcripts without a socket.

As real ones do, it tells its protocol in a later turn of the loop that the connection is gone.
"""

import asyncio
from typing import Any


class FakeTransport(asyncio.Transport):
    """`writes`: one entry per write. The flags say what its user has done to it."""

    def __init__(self, protocol: asyncio.Protocol | None = None) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.reading = True
        self.eof_written = False
        self.closed = False
        self.aborted = False
        self.high_bytes = 0
        self._protocol = protocol

    @property
    def written(self) -> bytes:
        return b"".join(self.writes)

    def take(self) -> bytes:
        """What was written since the last call."""
        data = self.written
        self.writes.clear()
        return data

    def write(self, data: Any) -> None:
        if not self.is_closing():
            self.writes.append(bytes(data))

    def write_eof(self) -> None:
        self.eof_written = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self._lose(clean=True)

    def abort(self) -> None:
        self._lose(clean=False)

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def pause_reading(self) -> None:
        assert self.reading, "paused twice"
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading, "resumed twice"
        self.reading = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high_bytes = high or 0

    def _lose(self, *, clean: bool) -> None:
        if self.is_closing():
            self.aborted |= not clean
            return
        self.closed, self.aborted = clean, not clean
        if self._protocol is not None:
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)
