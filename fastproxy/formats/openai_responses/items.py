"""The events of one output item that we write, from its opening to its end. Which one is open is the stream's business.

    message    item.added part.added text.delta* [annotation.added*] text.done part.done item.done
    refusal    item.added part.added refusal.delta* refusal.done part.done item.done
    reasoning  item.added [part.added text.delta+ text.done part.done] item.done
    call       item.added arguments.delta* arguments.done item.done

Frames come without their sequence number, which only the stream knows. Deltas joined equal what `done` says.
Source: openai 3.54.0, types/responses/response_*_event.py; recorded streams, 2026-11-21.
"""

from typing import Protocol

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


class MessageItem:
    """Visible text: one message with one part. Its citations are told at its end, when their text is known."""

    def __init__(self, id_: str, index: int) -> None:
        self._id = id_
        self._index = index
        self._at = {"item_id": id_, "output_index": index, "content_index": 0}
        self.delta = _delta("response.output_text.delta", self._at, b',"logprobs":[]')
        self.pieces: list[str] = []
        self.citations: list[Citation] = []

    def opened(self) -> list[Frame]:
        return [
            added(self._index, message_item(self._id, [], "in_progress")),
            ("response.content_part.added", self._at | {"part": text_part("")}),
        ]

    def begun(self) -> list[Frame]:
        return []

    def closed(self) -> list[Frame]:
        text = "".join(self.pieces)
        cited = [annotation(citation, len(text)) for citation in self.citations]
        return [
            *(
                ("response.output_text.annotation.added", self._at | {"annotation_index": place, "annotation": told})
                for place, told in enumerate(cited)
            ),
            ("response.output_text.done", self._at | {"text": text, "logprobs": []}),
            ("response.content_part.done", self._at | {"part": text_part(text, self.citations)}),
            done(self._index, self.whole()),
        ]

    def whole(self) -> Object:
        return message_item(self._id, [text_part("".join(self.pieces), self.citations)], "completed")


class RefusalItem:
    """A refusal in words: one message with one part."""

    def __init__(self, id_: str, index: int) -> None:
        self._id = id_
        self._index = index
        self._at = {"item_id": id_, "output_index": index, "content_index": 0}
        self.delta = _delta("response.refusal.delta", self._at)
        self.pieces: list[str] = []

    def opened(self) -> list[Frame]:
        return [
            added(self._index, message_item(self._id, [], "in_progress")),
            ("response.content_part.added", self._at | {"part": refusal_part("")}),
        ]

    def begun(self) -> list[Frame]:
        return []

    def closed(self) -> list[Frame]:
        text = "".join(self.pieces)
        return [
            ("response.refusal.done", self._at | {"refusal": text}),
            ("response.content_part.done", self._at | {"part": refusal_part(text)}),
            done(self._index, self.whole()),
        ]

    def whole(self) -> Object:
        return message_item(self._id, [refusal_part("".join(self.pieces))], "completed")


class ReasoningItem:
    """Thinking: one summary part, announced with its first piece; none at all when only a signature is told."""

    def __init__(self, id_: str, index: int) -> None:
        self._id = id_
        self._index = index
        self._at = {"item_id": id_, "output_index": index, "summary_index": 0}
        self.delta = _delta("response.reasoning_summary_text.delta", self._at)
        self.pieces: list[str] = []
        self.signature: str | None = None

    def opened(self) -> list[Frame]:
        return [added(self._index, reasoning_item(self._id, "", None))]

    def begun(self) -> list[Frame]:
        return [("response.reasoning_summary_part.added", self._at | {"part": summary_part("")})]

    def closed(self) -> list[Frame]:
        frames: list[Frame] = []
        if self.pieces:
            text = "".join(self.pieces)
            frames.append(("response.reasoning_summary_text.done", self._at | {"text": text}))
            frames.append(("response.reasoning_summary_part.done", self._at | {"part": summary_part(text)}))
        return [*frames, done(self._index, self.whole())]

    def whole(self) -> Object:
        return reasoning_item(self._id, "".join(self.pieces), self.signature)


class FunctionItem:
    """A function call. ids: of the item, and of the call. Without any arguments it ends with an empty object."""

    def __init__(self, ids: tuple[str, str], call: ToolStart, index: int) -> None:
        self._ids = ids
        self._call = call
        self._index = index
        self._at = {"item_id": ids[0], "output_index": index}
        self.delta = _delta("response.function_call_arguments.delta", self._at)
        self.pieces: list[str] = []

    def opened(self) -> list[Frame]:
        return [added(self._index, call_item(self._ids, self._call, "", "in_progress"))]

    def begun(self) -> list[Frame]:
        return []

    def closed(self) -> list[Frame]:
        owed: list[Frame] = []
        if not "".join(self.pieces).strip():
            self.pieces.append("{}")
            owed.append(("response.function_call_arguments.delta", self._at | {"delta": "{}"}))
        item = self.whole()
        told = {"name": item["name"], "arguments": item["arguments"]}
        return [
            *owed,
            ("response.function_call_arguments.done", self._at | told),
            done(self._index, item),
        ]

    def whole(self) -> Object:
        return call_item(self._ids, self._call, "".join(self.pieces), "completed")


class CustomItem:
    """A call of a custom tool. Its input is free text, which may be empty."""

    def __init__(self, ids: tuple[str, str], call: ToolStart, index: int) -> None:
        self._ids = ids
        self._call = call
        self._index = index
        self._at = {"item_id": ids[0], "output_index": index}
        self.delta = _delta("response.custom_tool_call_input.delta", self._at)
        self.pieces: list[str] = []

    def opened(self) -> list[Frame]:
        return [added(self._index, call_item(self._ids, self._call, "", "in_progress"))]

    def begun(self) -> list[Frame]:
        return []

    def closed(self) -> list[Frame]:
        item = self.whole()
        told = self._at | {"input": item["input"]}
        return [("response.custom_tool_call_input.done", told), done(self._index, item)]

    def whole(self) -> Object:
        return call_item(self._ids, self._call, "".join(self.pieces), "completed")


def added(index: int, item: object) -> Frame:
    """The frame that announces the item at `index`."""
    return "response.output_item.added", {"output_index": index, "item": item}


def done(index: int, item: object) -> Frame:
    """The frame that ends the item at `index`."""
    return "response.output_item.done", {"output_index": index, "item": item}


def _delta(type_: str, at: Object, rest: bytes = b"") -> bytes:
    """All of a delta's event that is known before its piece, made once: it is written for every token."""
    known = orjson.dumps(at)[1:-1].replace(b"%", b"%%")
    frame = b'event: %b\ndata: {"type":"%b","sequence_number":%%d,%b,"delta":%%b%b}\n\n'
    return frame % (type_.encode(), type_.encode(), known, rest)
