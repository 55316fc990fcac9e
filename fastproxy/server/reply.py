"""The write half of one exchange: a head once, body pieces, an end. Never a byte after the end, never a second head.

Framing is chosen once, when the head is written: a known length, or chunks (HTTP/1.1), or the end of the connection
(HTTP/1.0). h11's `send` costs 2.0 us a piece where `framing.chunked.frame` costs 0.1; a test proves equal bytes.
"""

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Literal, NamedTuple

from fastproxy.errors import Header
from fastproxy.framing.chunked import LAST_CHUNK, frame

_STATUS_LINES = {status.value: b"HTTP/1.1 %d %b" % (status, status.phrase.encode()) for status in HTTPStatus}


class Answer(NamedTuple):
    """A whole response of our own. headers: everything but framing and Connection."""

    status: int
    headers: list[Header]
    body: bytes = b""


def lines_of(headers: Iterable[Header]) -> list[bytes]:
    """Headers as a reply takes them."""
    return [b"%b: %b" % header for header in headers]


State = Literal["new", "length", "chunked", "eof", "ended", "aborted"]


class _Nowhere(asyncio.Transport):
    """The connection of a client that is gone. uvloop's own raises for a write to it, and aborting it is needless."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def abort(self) -> None:
        pass


class Reply:
    """One per request. `finished` is called exactly once, from end() or abort(): True if the connection may go on."""

    __slots__ = (
        "_bodyless",
        "_finished",
        "_http11",
        "_keep_alive",
        "_transport",
        "body_bytes",
        "common",
        "on_last",
        "on_pause",
        "paused",
        "state",
        "status",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        finished: Callable[[bool], None],
        *,
        http11: bool,
        keep_alive: bool,
        bodyless: bool,
    ) -> None:
        self._transport = transport
        self._finished = finished
        self._http11 = http11
        self._keep_alive = keep_alive
        self._bodyless = bodyless  # HEAD: the head of a body that is not sent
        self.state: State = "new"
        self.status = 0
        self.body_bytes = 0
        self.paused = False
        self.common: list[Header] = []  # headers that every answer to this request has
        self.on_pause: Callable[[bool], None] | None = None
        # Called once, just before the last bytes go out: what must be on record before the client can know the end.
        self.on_last: Callable[[], None] | None = None

    @property
    def started(self) -> bool:
        return self.state != "new"

    def close_after(self) -> None:
        """Let this be the last exchange of its connection. Only before start."""
        self._keep_alive = False

    def lose_client(self) -> None:
        """Nobody is there to be written to. What the upstream says in the same turn of the loop may still come here."""
        self._transport = _Nowhere()

    def start(self, status: int, fields: Iterable[bytes], length_bytes: int | None, first: bytes = b"") -> None:
        """Write the head, and with it the first piece of the body in the same write.

        fields: "name: value" for everything but framing and Connection. length_bytes: None when it is not known yet.
        """
        self._transport.write(self._head(status, fields, length_bytes, first))

    def send(self, answer: Answer) -> None:
        """A whole answer of our own, head and body in one write."""
        self.complete(answer.status, lines_of(answer.headers), answer.body)

    def complete(self, status: int, fields: Iterable[bytes], body: bytes) -> None:
        """A whole answer, head and body in one write. fields: as for start."""
        whole = self._head(status, fields, len(body), body)
        self._say_last()
        self._transport.write(whole)
        self._end()

    def _head(self, status: int, fields: Iterable[bytes], length_bytes: int | None, first: bytes) -> bytes:
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d Unassigned" % status, *fields]
        if self.common:
            lines += lines_of(self.common)
        self.status = status
        if status in (204, 304):
            self._bodyless = True
        elif length_bytes is not None:
            lines.append(b"content-length: %d" % length_bytes)
        elif self._http11:
            lines.append(b"transfer-encoding: chunked")
        else:
            self._keep_alive = False
        self.state = "length" if length_bytes is not None else "chunked" if self._http11 else "eof"
        if not self._keep_alive:
            lines.append(b"connection: close")
        lines += (b"", self._framed(first) if first and not self._bodyless else b"")
        return b"\r\n".join(lines)

    def write(self, data: bytes) -> None:
        """The next piece of the body; empty pieces say nothing."""
        if self.state == "chunked" and data and not self._bodyless:  # as _framed, less two calls: once per event
            size = len(data)
            self.body_bytes += size
            self._transport.write(b"%x\r\n%b\r\n" % (size, data))
        elif data and not self._bodyless and self.state in ("length", "eof"):
            self._transport.write(self._framed(data))

    def end(self, data: bytes = b"") -> None:
        """The last piece, and the end of the body, in one write."""
        if self.state in ("ended", "aborted"):
            return
        chunked = self.state == "chunked" and not self._bodyless
        last = self._framed(data) if data and not self._bodyless else b""
        if chunked:
            last += LAST_CHUNK
        self._say_last()
        if last:
            self._transport.write(last)
        self._end()

    def abort(self) -> None:
        """Cut the connection: the body can't be finished, and a clean end would be a lie."""
        if self.state not in ("ended", "aborted"):
            self.state = "aborted"
            self._say_last()
            self._transport.abort()
            self._finished(False)

    def pause(self, paused: bool) -> None:  # noqa: FBT001 - a level, not an option
        """The client reads slower than we write (True) or has caught up (False)."""
        self.paused = paused
        if self.on_pause is not None:
            self.on_pause(paused)

    def _say_last(self) -> None:
        on_last, self.on_last = self.on_last, None
        if on_last is not None:
            on_last()

    def _end(self) -> None:
        keep_alive = self._keep_alive and self.state != "eof"
        self.state = "ended"
        self._finished(keep_alive)

    def _framed(self, data: bytes) -> bytes:
        self.body_bytes += len(data)
        return frame(data) if self.state == "chunked" else data
