"""One JSON array, written element by element: Gemini's stream when it is not asked for server-sent events.

Framing only: elements are bytes that are JSON already. Never holds one back.
Source: recorded answers without `alt=sse` (elements on lines of their own, CRLF after the comma), read 2026-11-21.
"""


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
