"""One output item as it is told, by a stream's deltas or whole: the events it becomes.

    message    a block for each of its parts       reasoning  one block       call  one block

Deltas are passed on as they come. The finished item is the truth: whatever it holds that no delta told is told then.
A block's number is taken when its first event is told. Nothing here knows about the response around the item.
Source: openai 3.54.0, types/responses/response_output_item.py; recorded streams of OpenAI, Azure, Bedrock, OpenRouter
and LM Studio, 2026-11-21.
"""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from fastproxy.formats.openai_responses.reading import index_in, objects_in
from fastproxy.formats.openai_shared import Object, text_of
from fastproxy.ir.events import BlockEnd, Citation, Event, Reasoning, Refusal, Text, ToolArgs, ToolStart

# What a part of a message becomes, and the key of its words. Compacted and replayed messages have input_text.
_PART_TYPES: dict[str, tuple[type[Text | Refusal], str]] = {
    "output_text": (Text, "text"),
    "input_text": (Text, "text"),
    "text": (Text, "text"),
    "refusal": (Refusal, "refusal"),
}
PART_SEPARATOR = "\n\n"  # the summary parts of one reasoning item are paragraphs


class Blocks:
    """The numbers of the blocks of one response, and what kinds of them there were."""

    __slots__ = ("_count", "kinds")

    def __init__(self) -> None:
        self._count = 0
        self.kinds: set[type] = set()

    def open(self, kind: type) -> int:
        """The number of a new block. kind: of its events (Text, Refusal, Reasoning, ToolStart)."""
        self.kinds.add(kind)
        self._count += 1
        return self._count - 1


class ToldItem(Protocol):
    """An output item that is being told."""

    def finish(self, item: Object) -> list[Event]:
        """What the whole item tells beyond its deltas, and the end of its block."""


class MessageItem:
    """A message: text and refusals, part by part. One part is open at a time."""

    __slots__ = ("_annotations", "_block", "_blocks", "_ended", "_index", "_pieces")

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._block: int | None = None
        self._index = 0  # of the part that is open, or was the last one
        self._pieces: list[str] = []
        self._annotations = 0
        self._ended: set[int] = set()

    def say(self, told: Object, word: type[Text | Refusal]) -> list[Event]:
        """The piece that a delta event tells."""
        piece = told.get("delta")
        if not piece or type(piece) is not str:
            return []
        index = told.get("content_index")
        return self.grow(self._index if index == self._index else index_in(told, "content_index"), piece, word)

    def grow(self, index: int, piece: str, word: type[Text | Refusal]) -> list[Event]:
        """A piece of the part at `index`, never empty, which opens a block unless it is the one that is open."""
        if self._block is not None and index == self._index:
            self._pieces.append(piece)
            return [word(self._block, piece)]
        ended = self._end()
        self._block, self._index, self._pieces = self._blocks.open(word), index, [piece]
        return [*ended, word(self._block, piece)]

    def has_open(self, index: int) -> bool:
        """Whether the part at `index` is the one that is open."""
        return self._block is not None and index == self._index

    def grow_open(self, pieces: list[str]) -> int:
        """Add to the part that is open. Its block."""
        assert self._block is not None  # noqa: S101 - `has_open` has been asked
        self._pieces += pieces
        return self._block

    def cite(self, annotation: Object) -> list[Event]:
        """A citation of the part that is open."""
        self._annotations += 1
        return [] if self._block is None else _citations(self._block, [annotation])

    def finish_part(self, index: int, part: Object) -> list[Event]:
        """What the whole part tells beyond its deltas, and the end of its block. Empty parts tell nothing."""
        if index in self._ended:
            return []
        type_ = text_of(part, "type")
        if type_ not in _PART_TYPES:
            return []
        word, key = _PART_TYPES[type_]
        text = text_of(part, key)
        told = self._pieces if self._block is not None and index == self._index else []
        rest = remainder(told, text)
        events = self.grow(index, rest, word) if rest else []
        if self._block is None or index != self._index:
            return events
        untold = objects_in(part, "annotations")[self._annotations :]
        return [*events, *_citations(self._block, untold), *self._end()]

    def finish(self, item: Object) -> list[Event]:
        content = item.get("content")
        parts = content if isinstance(content, list) else [{"type": "output_text", "text": content}]
        events: list[Event] = []
        for index, part in enumerate(parts):
            if isinstance(part, dict):
                events += self.finish_part(index, part)
        return [*events, *self._end()]

    def _end(self) -> list[Event]:
        if self._block is None:
            return []
        ended, self._block = self._block, None
        self._ended.add(self._index)
        self._annotations = 0
        return [BlockEnd(ended)]


class ReasoningItem:
    """Thinking: its summary and its raw text in one block, the parts of them as paragraphs."""

    __slots__ = ("_block", "_blocks", "_ended", "_part", "_pieces")

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._block: int | None = None
        self._part: object = None
        self._pieces: list[str] = []
        self._ended = False

    def grow(self, part: object, piece: str) -> list[Event]:
        """A piece of the part with that identity."""
        if self._ended:
            return []
        if self._block is None:
            self._block = self._blocks.open(Reasoning)
        elif part != self._part:
            piece = PART_SEPARATOR + piece
        self._part = part
        self._pieces.append(piece)
        return [Reasoning(self._block, piece)]

    def end(self) -> list[Event]:
        """The end of its block, before the item's own: the model has gone on to speak."""
        if self._block is None or self._ended:
            return []
        self._ended = True
        return [BlockEnd(self._block)]

    def finish(self, item: Object) -> list[Event]:
        signature = text_of(item, "encrypted_content") or None
        rest = "" if self._ended else remainder(self._pieces, thoughts(item))
        if not rest and signature is None:
            return self.end()
        if self._block is None or self._ended:
            self._block, self._ended = self._blocks.open(Reasoning), False
        return [Reasoning(self._block, rest, signature), *self.end()]


class CallItem:
    """A call of a function or of a custom tool. It opens as soon as its name is known."""

    __slots__ = ("_block", "_blocks", "_is_whole", "_item", "_pieces")

    def __init__(self, item: Object, blocks: Blocks) -> None:
        self._item = item
        self._blocks = blocks
        self._block: int | None = None
        self._pieces: list[str] = []
        self._is_whole = False

    def open(self) -> list[Event]:
        """The call's opening, and the pieces that came before its name did; [] while it has none."""
        return self._open() if text_of(self._item, "name") else []

    def grow(self, piece: str) -> list[Event]:
        """A piece of the arguments."""
        self._pieces.append(piece)
        return [] if self._block is None else [ToolArgs(self._block, piece)]

    def finish_arguments(self, arguments: str) -> list[Event]:
        """What the whole arguments tell beyond their deltas, the first time that they are told."""
        if self._is_whole:
            return []
        self._is_whole = True
        return self._rest(arguments)

    def finish(self, item: Object) -> list[Event]:
        self._item = self._item | item
        events = self._open() if self._block is None else []
        events += self._rest(_arguments(item))
        return events if self._block is None else [*events, BlockEnd(self._block)]

    def _rest(self, arguments: str) -> list[Event]:
        rest = remainder(self._pieces, arguments)
        return self.grow(rest) if rest else []

    def _open(self) -> list[Event]:
        item = self._item
        self._block = block = self._blocks.open(ToolStart)
        id_ = text_of(item, "call_id") or text_of(item, "id")
        start = ToolStart(block, id_, text_of(item, "name"), item.get("type") == "custom_tool_call")
        return [start, *(ToolArgs(block, piece) for piece in self._pieces)]


def thoughts(item: Object) -> str:
    """The text of a reasoning item: its summary, then what it tells in full, part by part."""
    parts = [*objects_in(item, "summary"), *objects_in(item, "content")]
    return PART_SEPARATOR.join(filter(None, (text_of(part, "text") for part in parts)))


def remainder(pieces: Iterable[str], whole: str) -> str:
    """What `whole` says beyond the pieces; "" where they say something else, for what was told can't be taken back."""
    told = "".join(pieces)
    return whole[len(told) :] if whole.startswith(told) else ""


def _arguments(item: Object) -> str:
    """The argument text. Some hosts give an object; it has no text of its own to keep."""
    told = item.get("input" if item.get("type") == "custom_tool_call" else "arguments")
    if isinstance(told, str):
        return told
    return "" if told is None else msgspec.json.encode(told).decode()


def _citations(block: int, annotations: list[Object]) -> list[Event]:
    """The pages that annotations name. The hub has no word for files of the upstream's own."""
    return [
        Citation(
            block,
            text_of(annotation, "url"),
            text_of(annotation, "title"),
            _offset(annotation, "start_index"),
            _offset(annotation, "end_index"),
        )
        for annotation in annotations
        if annotation.get("type") == "url_citation" and text_of(annotation, "url")
    ]


def _offset(annotation: Object, key: str) -> int | None:
    value = annotation.get(key)
    return value if type(value) is int else None
