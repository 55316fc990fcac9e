"""Upstream bytes in, client bytes out, with usage on the way. No socket, no clock.

The relay holds a `Pipe` and can't tell which kind. Passthrough returns the bytes that it was given; it may only hold
back an event that is not complete yet, so that everything the client has seen ends at an event's end: there an error
event or a keepalive can follow without tearing anything.
"""

import re
from typing import Literal, Protocol

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.base import Format
from fastproxy.formats.tails import ends_in_json, error_behind, error_left
from fastproxy.formats.tap import Tap, marks
from fastproxy.framing.sse import BLANK_LINE, boundary, unframed
from fastproxy.ir.events import Usage

Ending = Literal["ok", "failed", "incomplete"]

ERROR_BYTES = 1048576  # the largest error body that is searched for our credential as a whole
REDACTED = b"[redacted]"  # what the client gets for our credential

_ERROR = re.compile(rb'"error"\s*:\s*[{"]|"type"\s*:\s*"error"|event: ?error')
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_TOLD_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_DATA = re.compile(rb"(?:\A|[\r\n])data: ?([^\r\n]*)")


class Told(Protocol):
    """What a response has told of itself so far. model: as the upstream names it, "" until it does."""

    @property
    def model(self) -> str: ...

    def usage(self) -> Usage: ...


class Pipe(Protocol):
    """One response on its way. `ending` is true once close or abort has been called."""

    @property
    def ending(self) -> Ending: ...

    @property
    def tap(self) -> Told:
        """What the record of the exchange is made from."""

    @property
    def quiet(self) -> bool:
        """Whether a keepalive may be put in now: the client stands between two events."""

    def feed(self, data: bytes) -> bytes:
        """What the client gets for these bytes; b"" when they complete nothing. Raises: Fault(upstream_garbage)."""

    def close(self) -> bytes:
        """What is left to say when the upstream has ended as HTTP demands. Raises: Fault(upstream_garbage)."""

    def abort(self, fault: Fault) -> bytes | None:
        """What is left to say when the upstream broke off; None when only cutting the connection is honest."""


class BodyPassthrough:
    """A whole answer: every byte as it came. A broken one can't be mended, so the connection must be cut.

    An error that is told with a good status loses our credential, and no byte of its length: that may have been told.
    A credential that two reads share is not seen.
    """

    quiet = False

    def __init__(self, tap: Tap, secret: bytes = b"") -> None:
        self.tap = tap
        self.ending: Ending = "ok"
        self._secret = secret

    def feed(self, data: bytes) -> bytes:
        self.tap.feed(data)
        secret = self._secret
        if secret and data.rfind(secret) >= 0 and _ERROR.search(data):
            return data.replace(secret, REDACTED.ljust(len(secret))[: len(secret)])
        return data

    def close(self) -> bytes:
        return b""

    def abort(self, fault: Fault) -> None:  # noqa: ARG002 - the Pipe protocol
        self.ending = "incomplete"


class JsonPassthrough(BodyPassthrough):
    """A whole JSON answer (or an array that is sent piece by piece): it must at least end as JSON does."""

    def close(self) -> bytes:
        if not self.tap.tail.rstrip().endswith((b"}", b"]")):
            self.ending = "incomplete"
            raise Fault("upstream_garbage", "the upstream's answer is not complete JSON")
        return b""


class OpaquePassthrough(BodyPassthrough):
    """Bytes that we must not look into: an encoding that the upstream chose although we asked for identity."""

    def feed(self, data: bytes) -> bytes:
        return data


class StreamPassthrough:
    """A stream of server-sent events: every event as it came, and never a broken stream that looks finished.

    secret: our credential, which is taken out of what comes with an error event and after one. Only whole events go
    out, so that it is found however the reads cut it. In an answer it may stand: the client may have asked about it.
    """

    def __init__(self, format_: Format, tap: Tap, line_bytes: int, secret: bytes = b"") -> None:
        self.tap = tap
        self._secret = secret
        self.ending: Ending = "ok"
        self._format = format_
        self._line_bytes = line_bytes
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._seam = b""  # the end of what is held: a blank line may be cut in two

    @property
    def quiet(self) -> bool:
        return not self._held

    def feed(self, data: bytes) -> bytes:
        if self._held:
            data = self._complete(data)
        elif data[-2:] != b"\n\n":  # how nearly every read ends: the shortest way to know
            end = boundary(data)
            if rest := data[end:]:
                self._hold(rest)
                data = data[:end]
        if data:
            self.tap.feed(data)
            if self._secret and data.rfind(self._secret) >= 0:  # in a quarter of the time that `in` takes
                return self._without_secret(data)
        return data

    def close(self) -> bytes:
        """Raises: Fault, with a true status, for an error that stands in place of the first event."""
        if self._held and not self.tap.tail and (left := self._left()) is not None:
            self.ending = "failed"
            raise left
        return self._conclude(Fault("upstream_garbage", "the upstream's stream ended before it was complete"))

    def abort(self, fault: Fault) -> bytes:
        return self._conclude(fault)

    def _conclude(self, fault: Fault) -> bytes:
        """The rest, if the stream has said that it ended; else the error event: a clean end of body is no proof.

        The last event may lack its blank line and still be the one that says so. Half an event stays behind: the client
        has seen nothing of it, so it tears nothing, and what it says does not count. So does JSON that stands in no
        event, which no client looks at: the error that it tells is told in the error event.
        """
        rest = self._without_secret(b"".join(self._held))
        data = _data_of(rest)
        rules = self._format.tap
        if not data and not rules.finished.search(rest):
            if not self.tap.finished and ends_in_json(self._format.tap, self.tap.tail, rest, failed=self.tap.failed):
                return self._broken(self._left(), fault)
            rest = b"" if unframed(rest) else rest
        whole = not data or data == b"[DONE]" or _is_json(data)
        if whole and (rules.finished.search(rest) or rules.failed.search(rest)):
            self.tap.feed(rest)
        if self.tap.finished or self.tap.failed:
            self.ending = "ok" if self.tap.finished else "failed"
            return rest if whole else b""
        if whole and rules.last is not None and rules.last.search(self.tap.tail + rest):
            self.ending = "ok"
            return rest
        return self._broken(error_left(self._format, data), fault)  # an envelope's, over many lines

    def _broken(self, left: Fault | None, fault: Fault) -> bytes:
        """The error event. left: the upstream's own words, if it has left any."""
        self.ending = "incomplete" if left is None else "failed"
        return self._without_secret(self._format.fault_event(left or fault, self.tap.tail))

    def _left(self) -> Fault | None:
        """The error that stands behind the last event in no event of its own."""
        rest, tail = b"".join(self._held), self.tap.tail
        if self._secret:
            rest, tail = rest.replace(self._secret, REDACTED), tail.replace(self._secret, REDACTED)
        return error_behind(self._format, tail, rest)

    def _without_secret(self, events: bytes) -> bytes:
        if self._secret and (_ERROR.search(events) or self.tap.failed):
            return events.replace(self._secret, REDACTED)
        return events

    def _complete(self, data: bytes) -> bytes:
        """More of an event that is held."""
        end = boundary(self._seam + data) - len(self._seam)
        if end <= 0:
            self._hold(data)
            return b""
        out = b"".join((*self._held, data[:end]))
        self._held.clear()
        self._held_bytes = 0
        self._seam = b""
        if end < len(data):
            self._hold(data[end:])
        return out

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)
        self._seam = (self._seam + data)[-3:]
        if self._held_bytes > self._line_bytes:
            self._held.clear()  # nothing of it goes out, and putting it together would take its size three times more
            raise Fault("upstream_garbage", f"the upstream sent an event of more than {self._line_bytes} bytes")


class UnaskedUsage(StreamPassthrough):
    """As StreamPassthrough, less the usage chunk of a Chat stream that we asked for and the client did not."""

    def feed(self, data: bytes) -> bytes:
        return _without_usage(super().feed(data))

    def _conclude(self, fault: Fault) -> bytes:
        return _without_usage(super()._conclude(fault))


def _data_of(event: bytes) -> bytes:
    """What the data lines of an event say; b"" when it has none."""
    return b"\n".join(_DATA.findall(event)).strip()


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _without_usage(events: bytes) -> bytes:
    """`events` less every one that has usage and no choices; the rest byte for byte."""
    if _TOLD_USAGE.search(events) is None:
        return events
    return b"".join(event for event in BLANK_LINE.split(events) if not _is_usage_only(event))


def _is_usage_only(event: bytes) -> bool:
    return _TOLD_USAGE.search(event) is not None and _NO_CHOICES.search(event) is not None


class ErrorPassthrough(BodyPassthrough):
    """An error body, as it came, less our own credential: some hosts quote the key they refuse."""

    def __init__(self, tap: Tap, secret: bytes) -> None:
        super().__init__(tap, secret)
        self.ending = "failed"
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, data: bytes) -> bytes:
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes <= ERROR_BYTES:
            return b""
        body = self.close()
        end = len(body) - max(0, len(self._secret) - 1)  # our credential may go on in the next read
        self._held.append(body[end:])
        self._held_bytes = len(body) - end
        return body[:end]

    def close(self) -> bytes:
        body = b"".join(self._held)
        self._held.clear()
        return body.replace(self._secret, REDACTED) if self._secret else body


def pipe_for_error(format_: Format, secret: bytes) -> Pipe:
    """For a response with a status of 400 or more."""
    return ErrorPassthrough(Tap(marks(format_.tap)), secret)


def pipe_for_body(format_: Format, *, encoded: bool, json: bool, secret: bytes = b"") -> Pipe:
    """For a whole answer. encoded: it has a Content-Encoding. json: it says that it is JSON. secret: our credential."""
    tap = Tap(marks(format_.tap))
    if encoded:
        return OpaquePassthrough(tap)
    return JsonPassthrough(tap, secret) if json else BodyPassthrough(tap, secret)


def pipe_for_stream(format_: Format, line_bytes: int, *, unasked_usage: bool, secret: bytes = b"") -> Pipe:
    """For server-sent events. unasked_usage: we asked for a usage chunk that the client did not ask for.

    secret: our credential.
    """
    kind = UnaskedUsage if unasked_usage else StreamPassthrough
    return kind(format_, Tap(marks(format_.tap)), line_bytes, secret)
