"""One HTTP/1.1 request and its response, on a connection that the pool lends us.

    HEAD  --head parsed-->  BODY  --framing complete-->  DONE (connection goes back)
    any   --peer gone, bad framing, silence, close()-->  DONE (connection closed)

Received bytes go to the sink in the callback they arrive in: no task, no queue, no await per event. Bytes that come
before the sink is there wait in a bounded list. Every way an upstream can break ends here as a `Fault`.

Time is kept by one sweep a second, not by a timer per read; aiohttp's `sock_read` is not trusted: 3.14.5 does not fire
it on a bad chunk size that arrives late (DESIGN 6).
"""

import asyncio
from typing import Protocol

import msgspec
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from fastproxy.clock import Sweep, monotonic
from fastproxy.errors import Fault
from fastproxy.framing.chunked import ChunkError, ChunkReader
from fastproxy.framing.http1 import ResponseHead, parse_response_head
from fastproxy.snapshot import Upstream

MAX_INTERIM_RESPONSES = 100
EARLY_BYTES = 262144  # body that may wait for its sink before reading pauses


class Sink(Protocol):
    """Where a response's body goes. Called synchronously from the event loop's read callback."""

    def data(self, data: bytes) -> None:
        """The next bytes of the body, never empty."""

    def end(self) -> None:
        """The body is complete."""

    def broken(self, fault: Fault) -> None:
        """The body will never be complete."""

    def expire(self, now: float) -> None:
        """A second has passed. now: monotonic seconds. May close the exchange."""


class DeadConnection(Exception):  # noqa: N818 - a fact about a pooled connection, not a failure of the exchange
    """A pooled connection turned out to be dead before the upstream answered a byte: safe to try once more."""


class Lent(msgspec.Struct, frozen=True):
    """A connection of the pool, and what it is made of. reused: it has served a request before.

    prefix: b"http://host:port" to put before the target when a plain HTTP proxy is in between, with its credential.
    """

    connection: Connection
    handler: ResponseHandler
    transport: asyncio.Transport
    reused: bool
    prefix: bytes = b""
    proxy_authorization: bytes | None = None


class Exchange(asyncio.Protocol):
    """See the module. Made by Pool.open; used as: send, await head, relay; always ends with close or by itself."""

    __slots__ = (
        "_buffer",
        "_chunks",
        "_done",
        "_early",
        "_early_bytes",
        "_early_end",
        "_early_fault",
        "_head",
        "_heard",
        "_interim",
        "_keep_alive",
        "_left",
        "_lent",
        "_loop",
        "_pauses",
        "_settings",
        "_silent_since",
        "_sink",
        "_sweep",
        "_transport",
        "answered_at",
    )

    def __init__(self, lent: Lent, settings: Upstream, sweep: Sweep, loop: asyncio.AbstractEventLoop) -> None:
        self._lent = lent
        self._transport = lent.transport
        self._settings = settings
        self._sweep = sweep
        self._loop = loop
        self._head: asyncio.Future[ResponseHead] | None = loop.create_future()  # let go when the body has a sink
        self._buffer = b""
        self._interim = 0
        self._chunks: ChunkReader | None = None
        self._left: int | None = None  # body bytes still to come; None when the end is marked otherwise
        self._keep_alive = False
        self._sink: Sink | None = None
        self._early: list[bytes] = []
        self._early_bytes = 0
        self._early_end = False
        self._early_fault: Fault | None = None
        self._done = False
        self._pauses = 0
        self._heard = True  # whether anything arrived since the last sweep
        self._silent_since = 0.0
        self.answered_at = 0.0  # monotonic seconds, when the head was complete
        self._transport.set_protocol(self)
        sweep.add(self)

    # The relay's side.

    def send(self, method: bytes, target: bytes, lines: bytes, body: bytes) -> None:
        """Write the request: one write for small bodies, two when joining would copy much.

        lines: all header lines, each with its CRLF.
        """
        self._silent_since = monotonic()
        self._heard = False
        if self._lent.proxy_authorization is not None:
            lines += b"proxy-authorization: %b\r\n" % self._lent.proxy_authorization
        head = b"%b %b%b HTTP/1.1\r\n%b\r\n" % (method, self._lent.prefix, target, lines)
        if len(body) <= 65536:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)

    def new_future(self) -> "asyncio.Future[None]":
        """A future of the loop that this exchange runs on."""
        return self._loop.create_future()

    def head(self) -> "asyncio.Future[ResponseHead]":
        """The response's head, as a future; interim responses (1xx) are swallowed. For whoever then calls `relay`.

        Fails with: DeadConnection, or Fault(unreachable, timeout, upstream_garbage).
        """
        assert self._head is not None  # noqa: S101 - relay has not been called yet
        return self._head

    def relay(self, sink: Sink) -> None:
        """Send the body to `sink`, beginning with what has arrived already."""
        self._sink = sink
        self._head = None
        early, self._early = self._early, []
        if early:
            sink.data(b"".join(early))
            if self._early_bytes > EARLY_BYTES:
                self.resume()
            self._early_bytes = 0
        if self._early_fault is not None:
            sink.broken(self._early_fault)
        elif self._early_end:
            sink.end()

    def give_back(self, held: bytes, *, ended: bool = False, fault: Fault | None = None) -> None:
        """Take back all that `relay` has sent so far, for another sink. ended, fault: how it has ended, if it has."""
        self._sink = None
        self._early = [held] if held else []
        self._early_bytes = len(held)
        self._early_end = ended
        self._early_fault = fault
        if self._early_bytes > EARLY_BYTES:
            self.pause()

    def pause(self) -> None:
        """Stop reading: the client is slower than the upstream. Counted; each needs its resume."""
        self._pauses += 1
        if self._pauses == 1 and not self._done:
            self._transport.pause_reading()

    def resume(self) -> None:
        self._pauses -= 1
        if self._pauses == 0 and not self._done:
            self._heard = True
            self._transport.resume_reading()

    def close(self) -> None:
        """Let go of the sink, and unless the response is whole close the connection and never reuse it.

        The provider must notice at once that nobody listens. A sink holds its exchange: letting go of it spares the
        garbage collector one cycle for each request.
        """
        self._sink = None
        if not self._done:
            self._finish(reusable=False)

    # The transport's side.

    def data_received(self, data: bytes) -> None:
        self._heard = True
        chunks = self._chunks
        if chunks is None:
            self._read_unchunked(data)
        elif not self._done:  # an event of a stream, mostly: all of the way is here
            try:
                body = chunks.feed(data)
            except ChunkError as error:
                self._break_off(error)
                return
            if body:
                if self._sink is not None:
                    self._sink.data(body)
                else:
                    self._keep(body)
            if chunks.done and not self._done:
                self._complete(extra=bool(chunks.rest))

    def eof_received(self) -> bool:
        return False  # close; connection_lost tells the rest

    def connection_lost(self, exc: Exception | None) -> None:
        self._lent.handler.connection_lost(exc)
        if self._done:
            return
        self._finish(reusable=False)
        if self._head is not None and not self._head.done():
            self._lost_before(self._head)
        elif self._chunks is None and self._left is None and exc is None:
            self._ended()
        else:
            self._broken(Fault("unreachable", "the upstream broke off in the middle of its answer"))

    def pause_writing(self) -> None:
        """The request's body is already in memory; there is nobody to slow down."""

    def resume_writing(self) -> None:
        """See pause_writing."""

    # The clock's side.

    def expire(self, now: float) -> None:
        """End an exchange that has been silent too long. Silence that the client causes does not count."""
        if self._sink is not None:
            self._sink.expire(now)
            if self._done:
                return
        if self._heard or self._pauses:
            self._heard = False
            self._silent_since = now
            return
        waiting_for_head = self._head is not None and not self._head.done()
        limit = self._settings.first_byte_seconds if waiting_for_head else self._settings.idle_seconds
        if now - self._silent_since < limit:
            return
        what = "did not answer" if waiting_for_head else "went silent in the middle of its answer"
        self._fail(Fault("timeout", f"the upstream {what} within {limit:g} seconds"))

    # Reading.

    def _read_head(self, waiting: "asyncio.Future[ResponseHead]", data: bytes) -> None:
        self._buffer += data
        while not waiting.done():
            end = self._buffer.find(b"\r\n\r\n", 0, self._settings.head_bytes)
            if end < 0:
                if len(self._buffer) >= self._settings.head_bytes:
                    self._fail(Fault("upstream_garbage", "the upstream's response head is too long"))
                return
            raw, self._buffer = self._buffer[: end + 2], self._buffer[end + 4 :]
            try:
                head = parse_response_head(raw)
            except Fault as fault:
                self._fail(fault)
                return
            if head.status >= 200:
                waiting.set_result(head)
                self._begin_body(head)
            elif not self._skip_interim(head):
                return

    def _skip_interim(self, head: ResponseHead) -> bool:
        self._interim += 1
        if head.status != 101 and self._interim <= MAX_INTERIM_RESPONSES:
            return True
        self._fail(Fault("upstream_garbage", "the upstream switched protocols or never came to an answer"))
        return False

    def _begin_body(self, head: ResponseHead) -> None:
        self._chunks = ChunkReader() if head.chunked else None
        self._left = head.length_bytes
        self._keep_alive = head.keep_alive
        self.answered_at = monotonic()
        rest, self._buffer = self._buffer, b""
        if rest or self._left == 0:
            self.data_received(rest)

    def _read_unchunked(self, data: bytes) -> None:
        if self._done:
            return
        if self._head is not None and not self._head.done():
            self._read_head(self._head, data)
        elif self._left is not None:
            self._read_counted(self._left, data)
        else:
            self._deliver(data)

    def _read_counted(self, left: int, data: bytes) -> None:
        extra = len(data) > left
        if extra:
            data = data[:left]
        self._left = left - len(data)
        if data:
            self._deliver(data)
        if self._left == 0 and not self._done:
            self._complete(extra=extra)

    def _break_off(self, error: ChunkError) -> None:
        if error.body:  # the text so far is good, and owed to the client
            self._deliver(error.body)
        self._fail(Fault("upstream_garbage", f"the upstream's chunked coding is broken: {error}"))

    def _deliver(self, data: bytes) -> None:
        if self._sink is not None:
            self._sink.data(data)
        else:
            self._keep(data)

    def _keep(self, data: bytes) -> None:
        """Body that came before its sink."""
        before = self._early_bytes
        self._early.append(data)
        self._early_bytes += len(data)
        if before <= EARLY_BYTES < self._early_bytes:
            self.pause()

    # Ending.

    def _complete(self, *, extra: bool) -> None:
        """The response is whole. Bytes beyond it belong to nobody: the connection that carried them is not reused."""
        sent = self._transport.get_write_buffer_size() == 0  # else it answered before it had read the request
        self._finish(reusable=self._keep_alive and sent and not extra)
        self._ended()

    def _ended(self) -> None:
        if self._sink is not None:
            self._sink.end()
        else:
            self._early_end = True

    def _fail(self, fault: Fault) -> None:
        self._finish(reusable=False)
        if self._head is not None and not self._head.done():
            self._head.set_exception(fault)
        else:
            self._broken(fault)

    def _broken(self, fault: Fault) -> None:
        if self._sink is not None:
            self._sink.broken(fault)
        else:
            self._early_fault = fault

    def _lost_before(self, head: "asyncio.Future[ResponseHead]") -> None:
        if self._lent.reused and not self._buffer and not self._interim:
            head.set_exception(DeadConnection())
        else:
            head.set_exception(Fault("unreachable", "the upstream closed the connection without an answer"))

    def _finish(self, *, reusable: bool) -> None:
        """Give the connection back. Synchronous and safe in any state, so that cancellation needs no shield."""
        self._done = True
        self._sweep.discard(self)
        if self._pauses and reusable:
            self._transport.resume_reading()
        if not self._transport.is_closing():
            self._transport.set_protocol(self._lent.handler)
        if reusable:
            self._lent.connection.release()
        else:
            self._transport.abort()
            self._lent.connection.close()
