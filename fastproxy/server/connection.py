"""One client connection: HTTP/1.1 bytes on one side, exchanges on the other.

    HEAD --head--> BODY --whole--> BUSY --reply ended--> HEAD
    any  --refused while the client still sends--> LINGER --> CLOSED
    any  --peer gone, timeout--> CLOSED, and the running exchange is cancelled

One task per request, none per event. What a client pipelines waits, bounded, until the reply before it has ended; while
an exchange runs we go on reading, because a transport that is paused does not see its peer leave.
"""

import asyncio
import re
from collections.abc import Coroutine
from typing import Literal, Protocol, cast

from fastproxy.clock import Sweep, monotonic
from fastproxy.errors import Fault
from fastproxy.framing.chunked import ChunkError, ChunkReader
from fastproxy.framing.http1 import RequestHead
from fastproxy.server.head import Incoming, read_head
from fastproxy.server.reply import Answer, Reply
from fastproxy.snapshot import Limits

LINGER_SECONDS = 2.0
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_EMPTY_LINES = re.compile(rb"(?:\r\n)+")

State = Literal["head", "body", "busy", "linger", "closed"]


class Admission(Protocol):
    """A request that may be served; made from its head alone. body_bytes: the most that it may bring."""

    @property
    def body_bytes(self) -> int: ...

    def serve(self, body: bytes, reply: Reply) -> Coroutine[object, object, None]:
        """One exchange from start to finish. Ends or aborts `reply`; raises nothing but CancelledError."""


class Door(Protocol):
    """What stands behind a connection: the relay, as seen from here."""

    def admit(self, head: RequestHead) -> Admission:
        """Raises: Fault, before a byte of the body is read."""

    def refuse(self, fault: Fault, head: RequestHead | None) -> Answer:
        """The response for a fault, in the format of the endpoint that `head` names."""


class Listening(Protocol):
    """What all connections of one process share."""

    limits: Limits
    door: Door
    sweep: Sweep
    draining: bool
    connections: set["Connection"]


class Connection(asyncio.Protocol):
    """See the module."""

    __slots__ = (
        "_admission",
        "_body",
        "_body_bytes",
        "_body_limit",
        "_buffer",
        "_chunks",
        "_congested",
        "_incoming",
        "_limits",
        "_loop",
        "_reading",
        "_reply",
        "_shared",
        "_since",
        "_state",
        "_task",
        "_transport",
    )

    def __init__(self, shared: Listening) -> None:
        self._shared = shared
        self._limits = shared.limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._state: State = "head"
        self._since = 0.0  # when the state began, or the last piece of a body came
        self._buffer = b""
        self._incoming: Incoming | None = None
        self._admission: Admission | None = None
        self._chunks: ChunkReader | None = None
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._body_limit = 0
        self._reply: Reply | None = None
        self._task: asyncio.Task[None] | None = None
        self._reading = True
        self._congested = False  # the client reads slower than we write

    @property
    def idle(self) -> bool:
        """Whether nothing is being asked or answered."""
        return self._state == "head" and not self._buffer

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of asyncio's classes
        self._since = monotonic()
        self._transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        self._shared.connections.add(self)
        self._shared.sweep.add(self)
        if len(self._shared.connections) > self._limits.connections:
            self._refuse(Fault("overloaded", "too many connections", retry_after_seconds=1))

    def data_received(self, data: bytes) -> None:
        if self._state == "linger":
            self._body_bytes += len(data)
            if self._body_bytes > self._limits.body_bytes:
                self._close()
        elif self._state == "body":
            self._since = monotonic()
            self._read_body(data)
        elif self._state != "closed":
            begins = not self._buffer
            self._buffer = data if begins else self._buffer + data
            if self._state == "head":
                self._read_head()
                if begins and self._buffer:  # a head that did not come whole
                    self._since = monotonic()
            if len(self._buffer) > self._limits.head_bytes:
                self._pause_reading()

    def eof_received(self) -> bool:
        return False  # close: nobody is listening, or can't be told apart from somebody who isn't

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._state = "closed"
        self._shared.connections.discard(self)
        self._shared.sweep.discard(self)
        if self._reply is not None:
            self._reply.lose_client()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._congested = True
        if self._reply is not None:
            self._reply.pause(True)

    def resume_writing(self) -> None:
        self._congested = False
        if self._reply is not None:
            self._reply.pause(False)
        elif self._state == "head":
            self._since = monotonic()
            self._resume_reading()
            self._read_head()

    # The listener's side.

    def expire(self, now: float) -> None:
        """Enforce the waits that the client's side may take; those of a running exchange are the relay's."""
        waited = now - self._since
        if self._state == "closed" or (self._state == "head" and self._congested):
            if waited > self._limits.write_stall_seconds:  # it never reads what we have said
                self.abort()
        elif self._state == "linger" and waited > LINGER_SECONDS:
            self._close()
        elif self._state == "body" and waited > self._limits.body_idle_seconds:
            self._refuse(Fault("bad_request", "the request body stopped coming", status=408), self._incoming)
        elif self._state == "head" and self._buffer and waited > self._limits.head_seconds:
            self._refuse(Fault("bad_request", "the request head did not come in time", status=408))
        elif self._state == "head" and not self._buffer and waited > self._limits.keepalive_seconds:
            self._close()

    @property
    def busy(self) -> bool:
        """Whether a request is on its way in, being answered, or its answer on its way out."""
        return self._state != "closed" and not self.idle

    def drain(self) -> None:
        """Close if idle; otherwise let the running exchange be the last."""
        if self.idle:
            self._close()
        elif self._reply is not None and not self._reply.started:
            self._reply.close_after()

    def abort(self) -> None:
        """Cut off, whatever is going on."""
        self._transport.abort()

    # Reading requests.

    def _read_head(self) -> None:
        """One head; what a client pipelines behind it is looked at after the reply, and once that one is being read."""
        if self._congested:
            self._pause_reading()
            return
        if self._buffer.startswith(b"\r\n"):  # RFC 9112, section 2.2: an empty line before a request is allowed
            self._buffer = _EMPTY_LINES.sub(b"", self._buffer, count=1)
        end = self._buffer.find(b"\r\n\r\n", 0, self._limits.head_bytes)
        if end >= 0:
            raw, self._buffer = self._buffer[: end + 4], self._buffer[end + 4 :]
            self._begin(raw)
        elif self._buffer:
            self._check_unfinished_head()

    def _check_unfinished_head(self) -> None:
        if len(self._buffer) >= self._limits.head_bytes:
            status = 431 if b"\n" in self._buffer[: self._limits.target_bytes + 1] else 414
            self._refuse(Fault("bad_request", "the request head is too long", status=status))
        elif b"\n\n" in self._buffer or b"\0" in self._buffer:
            self._refuse(Fault("bad_request", "not a valid HTTP/1.1 request"))

    def _begin(self, raw: bytes) -> None:
        incoming = None
        try:
            incoming = read_head(raw, self._limits)
            self._incoming = incoming
            self._admission = self._shared.door.admit(incoming.head)
            self._body_limit = min(self._limits.body_bytes, self._admission.body_bytes)
            if incoming.length_bytes is not None and incoming.length_bytes > self._body_limit:
                raise Fault("too_large", f"the body is larger than {self._body_limit} bytes")
        except Fault as fault:
            self._refuse(fault, incoming)
            return
        rest, self._buffer = self._buffer, b""
        if len(rest) == incoming.length_bytes:  # as nearly always: what was read is one request
            self._start_exchange(rest)
            return
        self._chunks = ChunkReader() if incoming.length_bytes is None else None
        self._state = "body"
        self._since = monotonic()
        self._resume_reading()
        if incoming.expects_continue and not rest:
            self._transport.write(CONTINUE)
        if rest or incoming.length_bytes == 0:
            self._read_body(rest)

    def _read_body(self, data: bytes) -> None:
        if self._chunks is not None:
            self._read_chunks(self._chunks, data)
            return
        assert self._incoming is not None  # noqa: S101 - set by _begin
        assert self._incoming.length_bytes is not None  # noqa: S101 - else chunked
        left = self._incoming.length_bytes - self._body_bytes
        if len(data) > left:
            data, self._buffer = data[:left], data[left:]
        self._body.append(data)
        self._body_bytes += len(data)
        if self._body_bytes == self._incoming.length_bytes:
            self._start_exchange(b"".join(self._body))

    def _read_chunks(self, chunks: ChunkReader, data: bytes) -> None:
        try:
            piece = chunks.feed(data)  # one object for each read, however small the client's chunks are
        except ChunkError as error:
            self._refuse(Fault("bad_request", f"broken chunked coding: {error}"), self._incoming)
            return
        self._body.append(piece)
        self._body_bytes += len(piece)
        if self._body_bytes > self._body_limit:
            fault = Fault("too_large", f"the body is larger than {self._body_limit} bytes")
            self._refuse(fault, self._incoming)
        elif chunks.done:
            self._buffer = chunks.rest
            self._start_exchange(b"".join(self._body))

    # Answering them.

    def _start_exchange(self, body: bytes) -> None:
        incoming, admission = self._incoming, self._admission
        assert incoming is not None  # noqa: S101 - set by _begin
        assert admission is not None  # noqa: S101 - set by _begin
        self._state = "busy"
        self._body = []
        self._body_bytes = 0
        reply = self._reply = Reply(
            self._transport,
            self._finished,
            http11=incoming.head.http11,
            keep_alive=incoming.keep_alive and not self._shared.draining,
            bodyless=incoming.head.method == b"HEAD",
        )
        reply.paused = self._congested
        self._task = self._loop.create_task(admission.serve(body, reply))
        self._admission = None
        self._incoming = None

    def _finished(self, keep_alive: bool) -> None:  # noqa: FBT001 - Reply's callback
        """The reply has ended or was aborted; the task that wrote it is about to return."""
        self._reply = None
        self._task = None
        self._incoming = None
        if not keep_alive or self._shared.draining or self._transport.is_closing():
            self._close()
            return
        self._state = "head"
        self._since = monotonic()
        if self._buffer:
            self._loop.call_soon(self._next)
        self._resume_reading()

    def _next(self) -> None:
        if self._state == "head":
            self._read_head()

    def _refuse(self, fault: Fault, incoming: Incoming | None = None) -> None:
        """Answer from the head alone, then close, reading on for a moment so that the answer is not lost to a reset."""
        head = incoming.head if incoming is not None else None
        refusal = self._shared.door.refuse(fault, head)
        whole = incoming is not None and incoming.length_bytes == 0 and incoming.keep_alive
        whole = whole and not self._shared.draining
        bodyless = head is not None and head.method == b"HEAD"
        self._state = "busy"
        done = self._finished if whole else self._linger
        reply = Reply(self._transport, done, http11=True, keep_alive=whole, bodyless=bodyless)
        reply.send(refusal)

    def _linger(self, keep_alive: bool) -> None:  # noqa: ARG002, FBT001 - Reply's callback
        self._state = "linger"
        self._since = monotonic()
        self._body = []
        self._body_bytes = 0
        self._buffer = b""
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._resume_reading()
            self._transport.write_eof()

    def _close(self) -> None:
        self._state = "closed"
        self._since = monotonic()
        self._transport.close()

    def _pause_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if not self._reading and len(self._buffer) <= self._limits.head_bytes:
            self._reading = True
            self._transport.resume_reading()
