"""The commit gate: an answer is held until it tells whether it is one, so that a refusal can still go elsewhere.

Nothing of it may have reached the client. What was held goes back to the exchange, and the next sink begins with it.
"""

from collections.abc import Callable
from typing import NamedTuple

from fastproxy.errors import Fault
from fastproxy.formats.base import Format
from fastproxy.framing.sse import EventReader
from fastproxy.ir.events import Failed
from fastproxy.upstream.exchange import Exchange

PRELUDE_BYTES = 4194304  # of a stream that has not begun to answer; then it is served as it is
REFUSAL_BYTES = 65536  # of an error's body that is looked at
_OVERLAP_BYTES = 64  # longer than any mark that is looked for, so that none is missed between two reads


class Prelude:
    """The sink of an answer until `enough` of it is known, `limit_bytes` are held or `seconds` have passed."""

    def __init__(
        self, upstream: Exchange, enough: Callable[[bytes], object], limit_bytes: int, seconds: float | None = None
    ) -> None:
        self._upstream = upstream
        self._enough = enough
        self._limit_bytes = limit_bytes
        self._seconds = seconds
        self._since: float | None = None
        self._held = bytearray()
        self._full = False
        self._ended = False
        self._fault: Fault | None = None
        self._known = upstream.new_future()

    async def read(self) -> bytes:
        """What has come. The exchange then stands as if nothing had been read. Raises: Fault when it broke off."""
        self._upstream.relay(self)
        await self._known
        held = bytes(self._held)
        if self._fault is not None:
            raise self._fault
        self._upstream.give_back(held, ended=self._ended)
        if self._full:
            self._upstream.resume()
        return held

    def data(self, data: bytes) -> None:
        looked = max(0, len(self._held) - _OVERLAP_BYTES)
        self._held += data
        if len(self._held) >= self._limit_bytes:
            if not self._full:  # the loop may read a lot more before it turns to whoever waits
                self._full = True
                self._upstream.pause()
            self._settle()
        elif self._enough(bytes(self._held[looked:])):
            self._settle()

    def end(self) -> None:
        self._ended = True
        self._settle()

    def broken(self, fault: Fault) -> None:
        self._fault = fault
        self._settle()

    def expire(self, now: float) -> None:
        """A client that waits longer than this needs to hear something."""
        if self._since is None:
            self._since = now
        elif self._seconds is not None and now - self._since >= self._seconds:
            self._settle()

    def _settle(self) -> None:
        if not self._known.done():
            self._known.set_result(None)


def enough_of(format_: Format) -> Callable[[bytes], object]:
    """What tells that a stream of this format has begun to answer, or has failed before it did."""
    output, failed = format_.tap.output.search, format_.tap.failed.search
    return lambda data: output(data) or failed(data)


def nothing_is_enough(_data: bytes) -> object:
    """For an error's body: all of it is wanted."""
    return False


class Failure(NamedTuple):
    """A failure that a stream told. data: of its event."""

    told: Failed
    data: bytes


def failure_in(format_: Format, held: bytes, event_bytes: int) -> Failure | None:
    """The failure that a stream has told before anything else; None for one that has begun to answer."""
    if format_.tap.output.search(held) or not format_.tap.failed.search(held):
        return None
    reader, decoder = EventReader(event_bytes), format_.decoder()
    data = b""
    try:
        for data in (*reader.feed(held), *reader.close()):
            for event in decoder.decode(data):
                if isinstance(event, Failed):
                    return Failure(event, data)
    except Fault as fault:
        return Failure(Failed(fault.kind, fault.message, fault.reason), data)
    return None
