r"""A surrogate pair that a host has split over two pieces of a text, as one that counts in UTF-16 units does.

A stream's decoder asks here only about an event that JSON libraries refuse for its lone half, and about the one behind
it: `"a\ud83d"` waits, and is told as `"a\ud83d\ude00"` when the next event begins a string with the other half. It
replaces nothing: a half without its other one is the decoder's to mend, as ever.
"""

import re

# Any escape, so that what follows an escaped backslash is none. The group: the first half of a pair, at a string's end.
_AT_END = re.compile(rb'\\(?:(u[dD][89abAB][0-9a-fA-F]{2})(?=")|.)', re.DOTALL)
# The quote that opens a string: within one it has a backslash before it.
_AT_START = re.compile(rb'(?<=[:,\[\s]")\\u[dD][c-fC-F][0-9a-fA-F]{2}')


class Halves:
    """Of one stream, the event that ends a string in half a pair, until the one behind it is there; b"" for none."""

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held = b""

    def take(self, data: bytes) -> list[bytes]:
        """The events that may be read now, in their order: the one that waited, and `data` unless it waits itself.

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

    def release(self) -> list[bytes]:
        """The event that waits, at the end of the stream; [] when none does."""
        held, self.held = self.held, b""
        return [held] if held else []
