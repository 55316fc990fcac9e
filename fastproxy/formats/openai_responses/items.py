"""The events of one output item that we write, from its opening to its end. Which one is open is the stream's business.

    message    item.added part.added text.delta* [annotation.added*] text.done part.done item.done
    refusal    item.added part.added refusal.delta* refusal.done part.done item.done
    reasoning  item.added [part.added text.delta+ text.done part.done] item.done
    call       item.added arguments.delta* arguments.done item.done

Frames come without their sequence number, which only the stream knows. Deltas joined equal what `done` says.
Source: openai 3.54.0, types/responses/response_*_event.py; recorded streams, 2026-11-21.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol

import orjson

from fastproxy.formats.openai_responses.objects import (
    Object,
    annotation,
    call_item,
    message_item,
    reasoning_item,
    refusal_part,
    summary_part,
    text_part,
)
from fastproxy.ir.events import Citation, ToolStart

Frame = tuple[str, Object]


class Item(Protocol):
    """An output item that is being written.

    delta: the bytes of the event for a piece, with room for its number (%d) and its text as JSON (%b).
    pieces: those written so far.
    """

    delta: bytes
    pieces: list[str]

    def opened(self) -> list[Frame]:
        """The frames that announce it."""

    def begun(self) -> list[Frame]:
        """The frames before its first piece."""

    def closed(self) -> list[Frame]:
        """The frames that end it."""

    def whole(self) -> Object:
        """The item as it stands in the response's output."""


class _Growing:
    """What all kinds of items have in common: where they stand, and the pieces that they grow by."""

    _EVENT: ClassVar[str]  # what the names of the events begin with that tell the pieces
    _ALSO: ClassVar[bytes] = b""  # what such an event says behind its piece
    _WHOLE: ClassVar[tuple[str, ...]]  # the fields that the last of them tells, when the pieces are complete

    def __init__(self, id_: str, index: int, **place: int) -> None:
        """place: the number of the item's part that grows, under its name, where it has parts."""
        self._id = id_
        self._index = index
        self._at: Object = {"item_id": id_, "output_index": index, **place}
        self.delta = _delta(f"{self._EVENT}.delta", self._at, self._ALSO)
        self.pieces: list[str] = []

    def begun(self) -> list[Frame]:
        return []

    def _told(self, whole: Object) -> Frame:
        return f"{self._EVENT}.done", self._at | {key: whole[key] for key in self._WHOLE}


class _Message(_Growing, ABC):
    """A message with one part, which is there from the beginning."""

    def __init__(self, id_: str, index: int) -> None:
        super().__init__(id_, index, content_index=0)

    @abstractmethod
    def _part(self) -> Object:
        """The part as it has grown so far."""

    def opened(self) -> list[Frame]:
        return [
            added(self._index, message_item(self._id, [], "in_progress")),
            ("response.content_part.added", self._at | {"part": self._part()}),
        ]

    def closed(self) -> list[Frame]:
        part = self._part()
        return [
            self._told(part),
            ("response.content_part.done", self._at | {"part": part}),
            done(self._index, message_item(self._id, [part], "completed")),
        ]

    def whole(self) -> Object:
        return message_item(self._id, [self._part()], "completed")


class MessageItem(_Message):
    """Visible text. Its citations are told at its end, when their text is known."""

    _EVENT = "response.output_text"
    _ALSO = b',"logprobs":[]'
    _WHOLE = ("text", "logprobs")

    def __init__(self, id_: str, index: int) -> None:
        super().__init__(id_, index)
        self.citations: list[Citation] = []

    def closed(self) -> list[Frame]:
        characters = sum(map(len, self.pieces))
        cited = [annotation(citation, characters) for citation in self.citations]
        told = [
            ("response.output_text.annotation.added", self._at | {"annotation_index": place, "annotation": one})
            for place, one in enumerate(cited)
        ]
        return told + super().closed()

    def _part(self) -> Object:
        return text_part("".join(self.pieces), self.citations)


class RefusalItem(_Message):
    """A refusal in words."""

    _EVENT = "response.refusal"
    _WHOLE = ("refusal",)

    def _part(self) -> Object:
        return refusal_part("".join(self.pieces))


class ReasoningItem(_Growing):
    """Thinking: one summary part, announced with its first piece; none at all when only a signature is told."""

    _EVENT = "response.reasoning_summary_text"
    _WHOLE = ("text",)

    def __init__(self, id_: str, index: int) -> None:
        super().__init__(id_, index, summary_index=0)
        self.signature: str | None = None

    def opened(self) -> list[Frame]:
        return [added(self._index, reasoning_item(self._id, "", None))]

    def begun(self) -> list[Frame]:
        return [("response.reasoning_summary_part.added", self._at | {"part": summary_part("")})]

    def closed(self) -> list[Frame]:
        if not self.pieces:
            return [done(self._index, self.whole())]
        part = summary_part("".join(self.pieces))
        ended = ("response.reasoning_summary_part.done", self._at | {"part": part})
        return [self._told(part), ended, done(self._index, self.whole())]

    def whole(self) -> Object:
        return reasoning_item(self._id, "".join(self.pieces), self.signature)


class _Call(_Growing):
    """A call. ids: of the item, and of the call."""

    def __init__(self, ids: tuple[str, str], call: ToolStart, index: int) -> None:
        super().__init__(ids[0], index)
        self._ids = ids
        self._call = call

    def opened(self) -> list[Frame]:
        return [added(self._index, call_item(self._ids, self._call, "", "in_progress"))]

    def closed(self) -> list[Frame]:
        item = self.whole()
        return [self._told(item), done(self._index, item)]

    def whole(self) -> Object:
        return call_item(self._ids, self._call, "".join(self.pieces), "completed")


class FunctionItem(_Call):
    """A function call. Without any arguments it ends with an empty object."""

    _EVENT = "response.function_call_arguments"
    _WHOLE = ("name", "arguments")

    def closed(self) -> list[Frame]:
        if "".join(self.pieces).strip():
            return super().closed()
        self.pieces.append("{}")
        return [(f"{self._EVENT}.delta", self._at | {"delta": "{}"}), *super().closed()]


class CustomItem(_Call):
    """A call of a custom tool. Its input is free text, which may be empty."""

    _EVENT = "response.custom_tool_call_input"
    _WHOLE = ("input",)


class SearchItem(_Call):
    """A search for tools that the client is to run. Its arguments are an object, which only a whole item can tell."""

    _EVENT = ""

    def closed(self) -> list[Frame]:
        return [done(self._index, self.whole())]


class ClientToolItem(_Call):
    """A call of a shell or a patch. It is announced when it is whole: clients read its input in either place."""

    _EVENT = ""

    def opened(self) -> list[Frame]:
        return []

    def closed(self) -> list[Frame]:
        item = self.whole()
        return [added(self._index, item | {"status": "in_progress"}), done(self._index, item)]


def added(index: int, item: object) -> Frame:
    """The frame that announces the item at `index`."""
    return "response.output_item.added", {"output_index": index, "item": item}


def done(index: int, item: object) -> Frame:
    """The frame that ends the item at `index`."""
    return "response.output_item.done", {"output_index": index, "item": item}


def _delta(type_: str, at: Object, rest: bytes) -> bytes:
    """All of a delta's event that is known before its piece, made once: it is written for every token."""
    known = orjson.dumps(at)[1:-1].replace(b"%", b"%%")
    frame = b'event: %b\ndata: {"type":"%b","sequence_number":%%d,%b,"delta":%%b%b}\n\n'
    return frame % (type_.encode(), type_.encode(), known, rest)
