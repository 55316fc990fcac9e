"""An answer whose content type does not say that it is a stream, though it may be one: its first bytes tell.

Hosts behind proxies send server-sent events as application/json, as text/plain or without any type. Never in the way of
an answer that is labelled as a stream, and never in doubt for longer than a field's name takes.
"""

from fastproxy.errors import Fault
from fastproxy.pipe import Ending, Pipe, Told
from fastproxy.translate.response import Crossing, pipe_for_translation

# Names of fields, and a comment. No JSON begins so.
# Source: WHATWG HTML, "Server-sent events", section 9.2.5, read 2026-11-21.
_BEGINNINGS = (b"data:", b"event:", b"id:", b"retry:", b":")
_JSON = (b"{", b"[")  # how any other answer begins
_BEFORE = b"\xef\xbb\xbf\r\n"  # a byte order mark and blank lines, which some hosts send while their model is at work


def is_stream(start: bytes) -> bool | None:
    """Whether a body that starts so is server-sent events; None while too little of it has come. Cost: 0.5 us."""
    said = start.lstrip(_BEFORE)
    if said.startswith(_JSON):
        return False
    if said.startswith(_BEGINNINGS):
        return True
    return None if any(beginning.startswith(said) for beginning in _BEGINNINGS) else False


class Sniffed:
    """The pipe of a whole answer until the first bytes tell that it is a stream, and that of a stream from then on."""

    def __init__(self, crossing: Crossing, *, stream: bool) -> None:
        self._crossing = crossing
        self._stream = stream
        self._pipe: Pipe = pipe_for_translation(crossing, streamed=False, stream=stream)
        self._start = b""  # what has come and tells nothing yet: a few bytes
        self._streamed: bool | None = None

    @property
    def ending(self) -> Ending:
        return self._pipe.ending

    @property
    def tap(self) -> Told:
        return self._pipe.tap

    @property
    def quiet(self) -> bool:
        """A whole answer hears no keepalive, so that one which breaks off is refused with a true status."""
        return self._streamed is True and self._pipe.quiet

    def feed(self, data: bytes) -> bytes:
        if self._streamed is None:
            data = (self._start + data).lstrip(_BEFORE)
            self._streamed = is_stream(data)
            if self._streamed is None:
                self._start = data
                return b""
            if self._streamed:
                self._pipe = pipe_for_translation(self._crossing, streamed=True, stream=self._stream)
        return self._pipe.feed(data)

    def close(self) -> bytes:
        return self._pipe.close()

    def abort(self, fault: Fault) -> bytes | None:
        return self._pipe.abort(fault)
