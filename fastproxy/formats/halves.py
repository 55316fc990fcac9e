r"""A surrogate pair that a host has split over two pieces of a text, as one that counts in UTF-16 units does.

Such an event is known by its lone half, which JSON libraries refuse: `"a\ud83d"` waits, and is told as
`"a\ud83d\ude00"` when the next event begins a string with the other half. A half without its other one is mended as the
format does it.
"""

import re
from collections.abc import Callable

import orjson

Told = tuple[object, bytes]  # an event's JSON, as a value and as it came

# Any escape, so that what follows an escaped backslash is none. The group: the first half of a pair, at a string's end.
_AT_END = re.compile(rb'\\(?:(u[dD][89abAB][0-9a-fA-F]{2})(?=")|.)', re.DOTALL)
# The quote that opens a string: within one it has a backslash before it.
_AT_START = re.compile(rb'(?<=[:,\[\s]")\\u[dD][c-fC-F][0-9a-fA-F]{2}')


class Halves:
    """The events of one stream. held: the one that ends a string in half a pair, until the next is there; b"" for none.

    mended: the value of JSON with a lone half in it. Raises: Fault(upstream_garbage) for what is none at all.
    """

    __slots__ = ("_mended", "held")

    def __init__(self, mended: Callable[[bytes], object]) -> None:
        self._mended = mended
        self.held = b""

    def read(self, data: bytes) -> list[Told]:
        """The events that may be told now, in their order: `data`, and before it the one that waited.

        Raises: as `mended`. Cost: 0.1 us beside that of the JSON.
        """
        if not self.held:
            try:
                return [(orjson.loads(data), data)]
            except orjson.JSONDecodeError:
                pass
        return [(self._mended(ready), ready) for ready in self._take(data)]

    def release(self) -> list[Told]:
        """The event that waits, at the end of the stream; [] when none does. Raises: as `mended`."""
        held, self.held = self.held, b""
        return [(self._mended(held), held)] if held else []

    def _take(self, data: bytes) -> list[bytes]:
        """The event that waited, and `data` unless it waits itself.

        Where a pair is put together, its second half moves: every string that ends in the first half gets it, since
        hosts tell one text under two names, and every one that begins with the second loses it.
        """
        held, self.held = self.held, b""
        ready = []
        if held:
            if second := _AT_START.search(data):
                held = _AT_END.sub(lambda escape: escape[0] + second[0] if escape[1] else escape[0], held)
                data = _AT_START.sub(b"", data)
            ready.append(held)
        if any(escape[1] for escape in _AT_END.finditer(data)):
            self.held = data
        else:
            ready.append(data)
        return ready
