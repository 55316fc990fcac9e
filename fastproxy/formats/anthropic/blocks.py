"""The content blocks of an answer to events: one by one as a stream tells them, or each at once.

Liberal: deltas without a start, of another kind than their block, or for an index used twice lose no text. Never
touches a call's arguments: they are the text that came. Bounded: no more than MAX_OPEN blocks at a time.
Source: anthropic 2.12.0 `types/raw_content_block_*.py`; recorded streams; read 2026-11-21.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.citations import decode_citation
from fastproxy.formats.arguments import arguments_object
from fastproxy.ir.events import BlockEnd, Event, Opaque, Reasoning, Text, ToolArgs, ToolStart

MAX_OPEN = 256  # blocks at the same time; hosts that end all of them at the very end have a few

Kind = Literal["text", "thinking", "redacted", "tool", "opaque"]
Told = dict[str, Any]

_KINDS: dict[str, Kind] = {
    "text": "text",
    "thinking": "thinking",
    "redacted_thinking": "redacted",
    "tool_use": "tool",
}
_STARTS: dict[Kind, Told] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": ""},
    "tool": {"type": "tool_use"},
}


class _Open(msgspec.Struct, gc=False):
    """A block that has not ended. arguments: of a call or a server tool, None once pieces of them came as deltas.

    told: of a block that we don't know, and grown: the pieces of its texts.
    """

    number: int
    kind: Kind
    arguments: str | None = None
    pieces: list[str] = []
    told: Told = {}
    grown: dict[str, list[str]] = {}


class ThinkingDelta(msgspec.Struct, frozen=True, gc=False, tag="thinking_delta", rename={"piece": "thinking"}):
    """The next piece of a thought."""

    piece: str


class InputDelta(msgspec.Struct, frozen=True, gc=False, tag="input_json_delta", rename={"piece": "partial_json"}):
    """The next piece of a call's arguments."""

    piece: str


class _Growth(msgspec.Struct, frozen=True, gc=False):
    """A delta that brings the next piece of its block. key: of the piece; event: what that becomes."""

    kind: Kind
    key: str
    event: type[Text | Reasoning | ToolArgs]


_GROWTHS = {
    "text_delta": _Growth("text", "text", Text),
    "thinking_delta": _Growth("thinking", "thinking", Reasoning),
    "input_json_delta": _Growth("tool", "partial_json", ToolArgs),
}
_GROWTH_OF = {
    ThinkingDelta: _GROWTHS["thinking_delta"],
    InputDelta: _GROWTHS["input_json_delta"],
}


class Blocks:
    """The blocks of one answer, numbered densely from 0 in the order of their opening; opaque ones have no number.

    Cost: 0.3 us for the next piece of a block.
    """

    __slots__ = ("_number", "_open", "_thought", "calls")

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._number = 0
        self._thought: int | None = None  # the index of the only thought that may be open
        self.calls = 0

    def start(self, index: int, told: Told, arguments: str) -> list[Event]:
        """What the start of a block tells. arguments: the text of its `input`, which deltas replace.

        Raises: Fault(upstream_garbage) for one more than MAX_OPEN.
        """
        events = [*self._end_thought(), *self.end(index)]
        if len(self._open) >= MAX_OPEN:
            raise Fault("upstream_garbage", f"the upstream left more than {MAX_OPEN} content blocks unfinished")
        kind = _KINDS.get(str(told.get("type")), "opaque")
        block = self._open[index] = _Open(self._number, kind)
        if kind == "opaque":
            block.told, block.arguments = told, arguments
            return events
        self._number += 1
        if kind == "thinking":
            self._thought = index
        if kind == "tool":
            self.calls += 1
            block.arguments = arguments
        events += self._STARTED[kind](block.number, told)
        return events

    def text_at(self, index: int) -> int | None:
        """The number of the block that is open at `index`, where that is a text."""
        block = self._open.get(index)
        return block.number if block is not None and block.kind == "text" else None

    def grow(self, index: int, delta: ThinkingDelta | InputDelta) -> list[Event]:
        """What the next piece of a block tells; [] for an empty one."""
        return self._grow(index, _GROWTH_OF[type(delta)], delta.piece)

    def delta(self, index: int | None, delta: Told) -> list[Event]:
        """What one delta tells; [] for a kind that is new to us."""
        word = delta.get("type")
        if type(word) is not str:
            return []
        if index is None:
            index = next(reversed(self._open), 0)
        growth = _GROWTHS.get(word)
        if growth is not None:
            piece = delta.get(growth.key)
            return self._grow(index, growth, piece) if type(piece) is str else []
        method = self._DELTAS.get(word)
        if method is not None:
            return method(self, index, delta)
        block = self._open.get(index)
        if block is not None and block.kind == "opaque":
            _grow(block, delta)
        return []

    def end(self, index: int) -> list[Event]:
        """The end of a block, if it is open. A call without arguments gets `{}`: other formats parse their text."""
        block = self._open.pop(index, None)
        if block is None:
            return []
        if block.kind == "opaque":
            return [_opaque(block)]
        if block.arguments is not None:
            return [ToolArgs(block.number, block.arguments or "{}"), BlockEnd(block.number)]
        return [BlockEnd(block.number)]

    def end_all(self) -> list[Event]:
        """The ends of whatever is open, in the order of opening."""
        return [event for index in list(self._open) for event in self.end(index)]

    def _end_thought(self) -> list[Event]:
        """The end of an open thought: the model has gone on, though llama.cpp ends each block at the very end.

        With a thought left open, formats without parallel blocks would hold back what is said behind it.
        """
        index, self._thought = self._thought, None
        return [] if index is None else self.end(index)

    def _grow(self, index: int, growth: _Growth, piece: str) -> list[Event]:
        if not piece:
            return []
        block = self._open.get(index)
        if block is None or block.kind != growth.kind:
            return self._misplaced(index, growth, piece)
        block.arguments = None
        return [growth.event(block.number, piece)]

    def _misplaced(self, index: int, growth: _Growth, piece: str) -> list[Event]:
        """What a piece tells whose block is of another kind, or not there."""
        block = self._open.get(index)
        if block is not None and block.kind == "opaque" and growth.kind == "tool":
            block.pieces.append(piece)
            return []
        events, block = self._block(index, growth.kind)
        block.arguments = None
        return [*events, growth.event(block.number, piece)]

    def _signature(self, index: int, delta: Told) -> list[Event]:
        signature = _string(delta, "signature")
        if not signature:
            return []
        events, block = self._block(index, "thinking")
        return [*events, Reasoning(block.number, "", signature)]

    def _citation(self, index: int, delta: Told) -> list[Event]:
        events, block = self._block(index, "text")
        citation = decode_citation(delta.get("citation"), block.number)
        return events if citation is None else [*events, citation]

    def _block(self, index: int, kind: Kind) -> tuple[list[Event], _Open]:
        """The open block that a delta of `kind` is for; one is opened when there is none, or one of another kind."""
        block = self._open.get(index)
        if block is not None and block.kind == kind:
            return [], block
        return self.start(index, _STARTS[kind], ""), self._open[index]

    _DELTAS: ClassVar[Mapping[str, Callable[[Any, int, Told], list[Event]]]] = {
        "signature_delta": _signature,
        "citations_delta": _citation,
    }

    @staticmethod
    def _text_started(number: int, told: Told) -> list[Event]:
        listed = told.get("citations")
        cited = (decode_citation(each, number) for each in (listed if isinstance(listed, list) else ()))
        return [Text(number, _string(told, "text")), *(citation for citation in cited if citation is not None)]

    @staticmethod
    def _thinking_started(number: int, told: Told) -> list[Event]:
        return [Reasoning(number, _string(told, "thinking"), _string(told, "signature") or None)]

    @staticmethod
    def _redacted_started(number: int, told: Told) -> list[Event]:
        return [Reasoning(number, "", _string(told, "data") or None, "redacted")]

    @staticmethod
    def _tool_started(number: int, told: Told) -> list[Event]:
        return [ToolStart(number, _string(told, "id"), _string(told, "name"))]

    _STARTED: ClassVar[Mapping[str, Callable[[int, Told], list[Event]]]] = {
        "text": _text_started,
        "thinking": _thinking_started,
        "redacted": _redacted_started,
        "tool": _tool_started,
    }


def _string(told: Told, key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""


def _grow(block: _Open, delta: Told) -> None:
    """Put the texts of a delta that we don't know into the block that we don't know: that is how all of them work."""
    for key, value in delta.items():
        if key != "type" and isinstance(value, str):
            pieces = block.grown.get(key)
            if pieces is None:
                pieces = block.grown[key] = [_string(block.told, key)]
            pieces.append(value)


def _opaque(block: _Open) -> Opaque:
    told = block.told | {key: "".join(pieces) for key, pieces in block.grown.items()}
    text = "".join(block.pieces) or block.arguments
    arguments = arguments_object(text) if text else None
    if arguments is not None:
        told = {**told, "input": msgspec.Raw(arguments)}
    return Opaque("anthropic", "content_block", msgspec.json.encode(told))
