"""One JSON array of objects, element by element: Gemini's stream when it is not asked for server-sent events.

Framing only: elements are bytes that are JSON already. The writer never holds one back; the reader never decodes one.
Source: recorded answers without `alt=sse` (elements on lines of their own, CRLF after the comma), read 2026-11-21.
"""

import re

from fastproxy.errors import Fault

_OUTSIDE = re.compile(rb'["{}]')
_INSIDE = re.compile(rb'["\\]')
_QUOTE, _OPEN, _CLOSE = b'"'[0], b"{"[0], b"}"[0]


class ArrayWriter:
    """Elements in, the bytes of one array out. One per response."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before = b"["

    def element(self, json: bytes) -> bytes:
        """`json` as the next element."""
        out = self._before + json
        self._before = b"\n,\r\n"
        return out

    def close(self) -> bytes:
        """The end of the array, which may be empty."""
        return b"[]\n" if self._before == b"[" else b"\n]\n"


class ArrayReader:
    """Bytes of an array in, each whole element out. One per response; bounded by `element_bytes`.

    Brackets, commas and white space between objects are passed over unread, so an object that stands alone (an error
    body) is an element as well. A half element at the end is no element: the format's own end is missing then too.
    """

    __slots__ = ("_depth", "_element_bytes", "_held", "_held_bytes", "_quoted", "_skip")

    def __init__(self, element_bytes: int) -> None:
        self._element_bytes = element_bytes
        self._held: list[bytes] = []  # of an element whose end has not come yet
        self._held_bytes = 0
        self._depth = 0
        self._quoted = False  # inside a string
        self._skip = 0  # bytes of the next read that belong to an escape

    def feed(self, data: bytes) -> list[bytes]:
        """The elements that these bytes complete.

        Raises: Fault(upstream_garbage) for an element that is too large.
        Cost: about 0.3 us per string in `data`.
        """
        found: list[bytes] = []
        begin, at = 0, self._skip
        while (mark := (_INSIDE if self._quoted else _OUTSIDE).search(data, at)) is not None:
            at = mark.end()
            byte = data[at - 1]
            if byte == _QUOTE:
                self._quoted = not self._quoted
            elif byte == _OPEN:
                begin = at - 1 if self._depth == 0 else begin
                self._depth += 1
            elif byte != _CLOSE:
                at += 1  # an escape, whatever it escapes
            elif self._depth:
                self._depth -= 1
                if self._depth == 0:
                    found.append(self._whole(data[begin:at]))
        self._skip = max(at - len(data), 0)
        if self._depth:
            self._hold(data[begin:])
        return found

    def close(self) -> list[bytes]:
        """Nothing: an element ends with its own brace. Here for the likeness to `sse.EventReader`."""
        self._held.clear()
        return []

    def _whole(self, end: bytes) -> bytes:
        if not self._held:
            return end
        self._held.append(end)
        element = b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        return element

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > self._element_bytes:
            self._held.clear()
            raise Fault("upstream_garbage", f"the upstream sent an element of more than {self._element_bytes} bytes")
