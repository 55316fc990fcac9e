"""The heart of an exchange: upstream bytes through a pipe to the client, in the callback that received them.

One write per upstream read, the response head joined to the first of them. No task, no queue, no await per event;
backpressure is `pause` on the upstream while the client's buffer is full. A whole answer is held until it is complete,
up to HOLD_BYTES, so that one which breaks early is still refused with a true status.
"""

import asyncio
import logging
from typing import Protocol

from fastproxy.errors import Fault, place_of
from fastproxy.pipe import Pipe
from fastproxy.server.reply import Reply
from fastproxy.snapshot import Limits
from fastproxy.upstream.exchange import Exchange

logger = logging.getLogger(__name__)

HOLD_BYTES = 262144
TURN_BYTES = 131072  # a read as large is one of an upstream that sends as fast as it can; 4 ms to translate


class Opening(Protocol):
    """How the answer to the client begins.

    length_bytes: None when unknown or not to trust. hold: whether to wait for the whole body. keepalive: bytes for a
    silence, b"" for none.
    """

    status: int
    length_bytes: int | None
    hold: bool
    keepalive: bytes

    def lines(self) -> list[bytes]:
        """The header lines, asked for at the moment when the first byte goes out."""


class Pump:
    """The sink of one exchange. fault: what broke after the client had got the first byte."""

    __slots__ = (
        "_held",
        "_held_bytes",
        "_hold",
        "_keepalive",
        "_limits",
        "_opening",
        "_refused",
        "_reply",
        "_settled",
        "_since",
        "_spoke",
        "_upstream",
        "_waiting",
        "fault",
        "pipe",
    )

    def __init__(self, upstream: Exchange, pipe: Pipe, reply: Reply, opening: Opening, limits: Limits) -> None:
        self._limits = limits
        self._upstream = upstream
        self.pipe = pipe
        self._reply = reply
        self._opening: Opening | None = opening  # until the head is written; it holds the upstream's head
        self._hold = opening.hold
        self._keepalive = opening.keepalive
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._spoke = False  # whether the client got anything since the last sweep
        self._since = upstream.answered_at  # it may have waited for the first word since then
        self.fault: Fault | None = None
        self._refused: Fault | None = None  # what broke before that
        self._settled = False
        self._waiting: asyncio.Future[None] | None = None
        reply.on_pause = self._on_pause

    async def run(self) -> None:
        """Until the response has ended. Raises: Fault when it broke before the client got a byte."""
        if self._reply.paused:  # by what is left of the reply before this one
            self._upstream.pause()
        try:
            self._upstream.relay(self)
            if not self._settled:  # mostly a whole answer has arrived with its head
                self._waiting = self._upstream.new_future()
                await self._waiting
        finally:
            self._reply.on_pause = None
        if self._refused is not None:
            raise self._refused

    # The upstream's side.

    def data(self, data: bytes) -> None:
        """The next bytes of the upstream's body."""
        try:
            out = self.pipe.feed(data)
        except Exception as error:  # noqa: BLE001 - see _fault_of
            self._upstream.close()
            self.broken(_fault_of(error))
            return
        if len(data) >= TURN_BYTES:
            self._let_others_on()
        if not out:
            return
        self._spoke = True
        if self._opening is None:  # the head is written
            self._reply.write(out)
        elif self._hold and self._held_bytes + len(out) <= HOLD_BYTES:
            self._held.append(out)
            self._held_bytes += len(out)
        else:
            self._begin(b"".join((*self._held, out)) if self._held else out)

    def _let_others_on(self) -> None:
        """End this connection's turn: libuv reads up to 32 times from one that has more (2.7 s, measured with four)."""
        self._upstream.pause()
        asyncio.get_running_loop().call_soon(self._upstream.resume)

    def end(self) -> None:
        """The upstream's body is complete."""
        if self._settled:
            return
        try:
            out = self.pipe.close()
        except Exception as error:  # noqa: BLE001 - see _fault_of
            self.broken(_fault_of(error))
            return
        if self._opening is None:
            self._reply.end(out)
        else:
            self._send(b"".join((*self._held, out)))
        self._settle()

    def broken(self, fault: Fault) -> None:
        """The upstream broke off. With nothing sent yet the relay answers; else the format's error event, or a cut."""
        if self._settled:
            return
        if not self._reply.started:
            self._refused = self._as_told(fault)
            self._settle()
            return
        self.fault = fault
        try:
            out = self.pipe.abort(fault)
        except Exception as error:  # noqa: BLE001 - see _fault_of
            self.fault, out = _fault_of(error), None
        if out is None:
            self._reply.abort()
        else:
            self._reply.end(out)
        self._settle()

    # The client's side.

    def _on_pause(self, paused: bool) -> None:  # noqa: FBT001 - a level, not an option
        if paused:
            self._upstream.pause()
        else:
            self._upstream.resume()

    # The clock's side.

    def expire(self, now: float) -> None:
        """Drop a client that has stopped reading; say something to one that has heard nothing for a while."""
        if self._spoke:
            self._spoke = False
            self._since = now
            return
        silence = now - self._since
        if self._reply.paused:
            if silence >= self._limits.write_stall_seconds:
                self._give_up()
        elif self._keepalive and silence >= self._limits.ping_seconds and self.pipe.quiet:
            self._since = now
            if self._reply.started:
                self._reply.write(self._keepalive)
            else:
                self._begin(self._keepalive)

    def _as_told(self, fault: Fault) -> Fault:
        """The fault with the status that the upstream told before it broke off, when that was an error's already."""
        status = self._opening.status if self._opening is not None else 0
        if status < 400 or fault.status == status:
            return fault
        return Fault(fault.kind, fault.message, status=status)

    def _give_up(self) -> None:
        self.fault = Fault("client_gone", "the client stopped reading")
        self.pipe.abort(self.fault)
        self._reply.abort()
        self._upstream.close()
        self._settle()

    def _begin(self, first: bytes) -> None:
        """Write the head, and `first` with it."""
        opening = self._opened()
        self._reply.start(opening.status, opening.lines(), opening.length_bytes, first)

    def _send(self, body: bytes) -> None:
        """Write head and whole body."""
        opening = self._opened()
        self._reply.complete(opening.status, opening.lines(), body)

    def _opened(self) -> Opening:
        opening, self._opening = self._opening, None
        assert opening is not None  # noqa: S101 - begun once: the reply knows
        self._held.clear()
        return opening

    def _settle(self) -> None:
        self._settled = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def _fault_of(error: Exception) -> Fault:
    """The fault itself; for a bug of ours one that says where to look.

    An exception that left a callback of the event loop would leave the client waiting for ever: nobody else ends it.
    """
    if isinstance(error, Fault):
        return error
    logger.error("an answer failed on its way: %s", place_of(error))
    return Fault("upstream_garbage", "the relay failed; its log says where", status=500)
