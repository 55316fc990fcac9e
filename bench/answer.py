"""One HTTP answer as it arrives at the load generator: checked, counted, each event's delay noted. No I/O, no clock.

A fast wrong answer is no answer: everything but a whole 200 with framing that adds up is an error.
"""

import re

from . import wire
from .dialects import CHAT, DIALECTS

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


class BadAnswerError(Exception):
    """The answer is not what the upstream sent. The message shows its first bytes."""


class Answer:
    """One answer, fed as it arrives.

    events: stamped events seen so far. joined: those that came in one read with an earlier one.
    delays: where each event's delay is appended, in nanoseconds from the upstream's write to our read. stamp: what
    stands before the time in an event of this format.
    """

    __slots__ = ("_buffer", "_chunked", "_missing_bytes", "_payload", "_stamp", "delays", "events", "joined")

    def __init__(self, delays: list[int], stamp: bytes = DIALECTS[CHAT].stamp) -> None:
        self.delays = delays
        self._stamp = stamp
        self.events = 0
        self.joined = 0
        self._buffer = b""
        self._payload = b""
        self._missing_bytes: int | None = None
        self._chunked = False

    def feed(self, data: bytes, now_nanoseconds: int) -> bool:
        """Whether the answer is whole. Raises: BadAnswerError."""
        self._buffer += data
        if not self._chunked and self._missing_bytes is None and not self._read_head():
            return False
        before = self.events
        done = self._read_chunks(now_nanoseconds) if self._chunked else self._read_body()
        self.joined += max(self.events - before - 1, 0)
        return done

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self._buffer.startswith(b"HTTP/1.1 200"):
            raise BadAnswerError(repr(self._buffer[:400]))
        length = _LENGTH.search(self._buffer, 0, end)
        self._chunked = _CHUNKED.search(self._buffer, 0, end) is not None
        if self._chunked is (length is not None):
            raise BadAnswerError(repr(self._buffer[:end]))
        self._missing_bytes = int(length[1]) if length else None
        self._buffer = self._buffer[end + 4 :]
        return True

    def _read_body(self) -> bool:
        assert self._missing_bytes is not None  # noqa: S101 - narrows a type: only called with a length
        self._missing_bytes -= len(self._buffer)
        if self._missing_bytes < 0:
            raise BadAnswerError(f"{-self._missing_bytes} bytes too many")
        self._buffer = b""
        return self._missing_bytes == 0

    def _read_chunks(self, now_nanoseconds: int) -> bool:
        while True:
            line_end = self._buffer.find(b"\r\n")
            if line_end < 0:
                return False
            size = int(self._buffer[:line_end], 16)
            end = line_end + 2 + size
            if len(self._buffer) < end + 2:
                return False
            if self._buffer[end : end + 2] != b"\r\n":
                raise BadAnswerError(f"a chunk of {size} bytes doesn't end where it says")
            self._read_stamps(self._payload + self._buffer[line_end + 2 : end], now_nanoseconds)
            self._buffer = self._buffer[end + 2 :]
            if not size:
                return True

    def _read_stamps(self, payload: bytes, now_nanoseconds: int) -> None:
        """Note every stamp; keep an unfinished end for the next chunk, as a relay may cut events anywhere."""
        read_to = 0
        mark_bytes = len(self._stamp)
        while (at := payload.find(self._stamp, read_to)) >= 0 and len(payload) >= at + mark_bytes + wire.STAMP_DIGITS:
            read_to = at + mark_bytes + wire.STAMP_DIGITS
            self.delays.append(now_nanoseconds - int(payload[at + mark_bytes : read_to]))
            self.events += 1
        keep_from = at if at >= 0 else max(read_to, len(payload) - mark_bytes + 1)
        self._payload = payload[keep_from:]
