"""What the stream encoders have in common: each format has one block open at a time, and a method for each event.

Never: a word of any format.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from fastproxy.ir.events import Event, Reasoning, Text, Texts, ToolArgs
from fastproxy.ir.serial import Serial

_PIECES = frozenset((Text, Texts, Reasoning, ToolArgs))  # nearly every event of every stream


class InTurn:
    """Writes events block by block. A subclass brings the method for each type of event, which gives its bytes.

    Cost: 0.15 us for a piece of the open block, beside what its method takes.
    """

    __slots__ = ("_serial",)

    _BY_TYPE: ClassVar[Mapping[type, Callable[[Any, Any], bytes]]]

    def __init__(self) -> None:
        self._serial = Serial()

    def encode(self, event: Event) -> bytes:
        """The bytes this event becomes; b"" when it says nothing in this format, or has to wait."""
        if type(event) in _PIECES and event.block == self._serial.open:  # type: ignore[union-attr]
            return self._BY_TYPE[type(event)](self, event)
        return self.write((event,))

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes that these events become, one after the other."""
        out: list[bytes] = []
        serial, methods = self._serial, self._BY_TYPE
        for event in events:
            kind = type(event)
            if kind in _PIECES and event.block == serial.open:  # type: ignore[union-attr]
                out.append(methods[kind](self, event))
            else:
                for ready in serial.feed(event):
                    out.append(methods[type(ready)](self, ready))  # noqa: PERF401 - a comprehension takes 0.2 us more
        return b"".join(out)
