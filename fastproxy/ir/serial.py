"""Blocks one after the other: the same events, put in an order that formats without parallel blocks can write.

Values only, and never a changed event: what comes out is what went in, plus the `BlockEnd`s that a Stop implies.
Law: `fold(serial events) == fold(events)`.
"""

from collections import OrderedDict

from fastproxy.ir.events import (
    BlockEnd,
    Citation,
    Event,
    Failed,
    Opaque,
    Reasoning,
    Refusal,
    Start,
    Stop,
    Text,
    Texts,
    ToolArgs,
    ToolStart,
    Usage,
)

_OF_BLOCKS = frozenset((Text, Texts, Refusal, Citation, Reasoning, ToolStart, ToolArgs, BlockEnd))
_ENDS = frozenset((BlockEnd, Opaque))


class Serial:
    """One per response. A block that opens while another is open waits, whole, until that one has ended.

    Sources that write blocks one by one lose no time here; only the second of two interleaved tool calls is delayed.
    Nothing but usage comes after a Stop or a Failed. open: the block whose turn it is; None between blocks and after
    the end. A piece of it (anything but its end) changes nothing here, and need not be fed.
    Cost: 0.2 us for an event, which is why encoders ask for `open` first.
    """

    __slots__ = ("_opaque", "_over", "_waiting", "open")

    def __init__(self) -> None:
        self.open: int | None = None
        self._over = False
        # In a plain dict every look for the first would pass all those that are gone: the square of what waits.
        self._waiting: OrderedDict[int, list[Event]] = OrderedDict()
        self._opaque = 0  # an opaque event is a block of its own: numbered -1, -2, ...

    def feed(self, event: Event) -> list[Event]:
        """The events whose turn it is; [] while `event` has to wait."""
        if self._over:
            return [event] if isinstance(event, Usage) else []  # which writes nothing by itself
        if type(event) in _OF_BLOCKS:  # nearly every event: asked first, since a match tries class after class
            return self._in_turn(event.block, event)  # type: ignore[union-attr]
        match event:
            case Start() | Usage():
                return [event]
            case Failed():
                self._over, self.open = True, None  # what is open breaks off
                return [event]
            case Stop():
                self._over = True
                return [*self._rest(), event]
            case _:  # an opaque one
                self._opaque -= 1
                return self._in_turn(self._opaque, event)

    def _in_turn(self, block: int, event: Event) -> list[Event]:
        if self.open is not None and self.open != block:
            self._waiting.setdefault(block, []).append(event)
            return []
        if _ends(event):
            self.open = None
            return [event, *self._next()]
        self.open = block
        return [event]

    def _next(self) -> list[Event]:
        """The blocks that waited, in the order of their opening, up to and including the first one still open."""
        out: list[Event] = []
        while self.open is None and self._waiting:
            block, events = self._waiting.popitem(last=False)
            out += events
            if not _ends(events[-1]):
                self.open = block
        return out

    def _rest(self) -> list[Event]:
        """Everything that is open or waits, ended."""
        out: list[Event] = []
        while self.open is not None:
            out.append(BlockEnd(self.open))
            self.open = None
            out += self._next()
        return out


def _ends(event: Event) -> bool:
    return type(event) in _ENDS
