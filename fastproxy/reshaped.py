"""Answers that come in a shape of their host's own, as their format has them: gathered from a stream, or unwrapped.

The format's bytes stay as the host wrote them. No socket, no clock. Bounded: by the largest event, and for what must be
collected by the largest body. Never: a success for an answer that did not end well.
"""

from fastproxy.errors import Fault
from fastproxy.formats.base import Format
from fastproxy.formats.bounds import is_walkable
from fastproxy.formats.tap import Tap, marks
from fastproxy.framing.jsonarray import ArrayReader, ArrayWriter
from fastproxy.framing.sse import EventReader
from fastproxy.ir.events import Failed, Stop
from fastproxy.jsonedit import Fields
from fastproxy.pipe import Ending, Pipe, Told

_WHITE_SPACE = b" \t\r\n"


class Gathered:
    """A stream for a client of the same format that asked for none: the whole answer that the host tells in it.

    Nothing is sent until it has ended, so that every failure is raised and answered with a true status.
    """

    quiet = False

    def __init__(self, format_: Format, event_bytes: int, body_bytes: int) -> None:
        assert format_.gatherer is not None  # noqa: S101 - a provider that always streams has formats that can
        self.tap = Tap(marks(format_.tap))
        self.ending: Ending = "incomplete"
        self._reader = EventReader(event_bytes)
        self._decoder = format_.decoder()
        self._gatherer = format_.gatherer()
        self._left_bytes = body_bytes
        self._ended: Stop | Failed | None = None

    def feed(self, data: bytes) -> bytes:
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise Fault("upstream_garbage", "the upstream sent an answer that is too large to be collected")
        self.tap.feed(data)
        for payload in self._reader.feed(data):
            self._take(payload)
        return b""

    def close(self) -> bytes:
        for payload in self._reader.close():
            self._take(payload)
        for event in self._decoder.close() if self._ended is None else ():
            self._note(event)
        if isinstance(self._ended, Failed):
            self.ending = "failed"
            raise Fault(self._ended.kind, self._ended.message, reason=self._ended.reason)
        whole = self._gatherer.whole()
        self.ending = "ok"
        return whole

    def abort(self, fault: Fault) -> None:  # noqa: ARG002 - the Pipe protocol
        return None

    def _take(self, payload: bytes) -> None:
        if self._ended is not None:
            return
        if not is_walkable(payload):
            raise Fault("upstream_garbage", "the upstream sent JSON that is nested too deeply, or of too many values")
        for event in self._decoder.decode(payload):
            self._note(event)
        self._gatherer.take(payload)

    def _note(self, event: object) -> None:
        if self._ended is None and isinstance(event, Stop | Failed):
            self._ended = event


class Enveloped:
    """The pipe behind a host that puts each answer, and each event, into an object of its own under `key`.

    What stands in no such object, as errors do, passes as it is. streamed: the answer is server-sent events; else it is
    one object, or an array of them, which its first byte tells.
    """

    def __init__(self, pipe: Pipe, key: str, *, streamed: bool, event_bytes: int, body_bytes: int) -> None:
        self._pipe = pipe
        self._key = key
        self._event_bytes = event_bytes
        self._body_bytes = body_bytes
        self._opened: _Events | _Elements | _Body | None = _Events(key, event_bytes) if streamed else None

    @property
    def ending(self) -> Ending:
        return self._pipe.ending

    @property
    def tap(self) -> Told:
        return self._pipe.tap

    @property
    def quiet(self) -> bool:
        return self._pipe.quiet

    def feed(self, data: bytes) -> bytes:
        if self._opened is None:
            data = data.lstrip(_WHITE_SPACE)
            if not data:
                return b""
            self._opened = (
                _Elements(self._key, self._event_bytes) if data.startswith(b"[") else _Body(self._key, self._body_bytes)
            )
        opened = self._opened.feed(data)
        return self._pipe.feed(opened) if opened else b""

    def close(self) -> bytes:
        rest = self._opened.close() if self._opened is not None else b""
        return (self._pipe.feed(rest) if rest else b"") + self._pipe.close()

    def abort(self, fault: Fault) -> bytes | None:
        return self._pipe.abort(fault)


class _Events:
    """Server-sent events, each with what stands under the key. Half an event at the end is passed on as a half."""

    def __init__(self, key: str, event_bytes: int) -> None:
        self._key = key
        self._reader = EventReader(event_bytes)

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._event(payload) + b"\r\n\r\n" for payload in self._reader.feed(data))

    def close(self) -> bytes:
        return b"\r\n\r\n".join(map(self._event, self._reader.close()))

    def _event(self, payload: bytes) -> bytes:
        return b"\r\n".join(b"data: " + line for line in unwrapped(payload, self._key).split(b"\n"))


class _Elements:
    """An array that is sent piece by piece. Its end is told only where the host has told it."""

    def __init__(self, key: str, element_bytes: int) -> None:
        self._key = key
        self._reader = ArrayReader(element_bytes)
        self._writer = ArrayWriter()
        self._last = b""

    def feed(self, data: bytes) -> bytes:
        self._last = data.rstrip(_WHITE_SPACE)[-1:] or self._last
        return b"".join(self._writer.element(unwrapped(one, self._key)) for one in self._reader.feed(data))

    def close(self) -> bytes:
        return self._writer.close() if self._last == b"]" else b""


class _Body:
    """One object, which is collected."""

    def __init__(self, key: str, body_bytes: int) -> None:
        self._key = key
        self._left_bytes = body_bytes
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            self._pieces.clear()
            raise Fault("upstream_garbage", "the upstream sent an answer that is too large to be collected")
        self._pieces.append(data)
        return b""

    def close(self) -> bytes:
        return unwrapped(b"".join(self._pieces), self._key)


def unwrapped(json: bytes, key: str) -> bytes:
    """The text of what stands under the key of an object; `json` itself where it is no object or has no such object.

    Cost: 1 us for an event.
    """
    try:
        fields = Fields(json)
        inner = fields.around(key)[1] if key in fields else b""
    except Fault:  # whoever reads it next says what is wrong with it
        return json
    return inner if inner.startswith(b"{") else json
