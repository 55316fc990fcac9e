"""The events of one output item, from its opening to its end. Which item is open is the stream's business.

    message    item.added part.added text.delta* text.done part.done item.done
    reasoning  item.added [part.added text.delta+ text.done part.done] item.done
    call       item.added arguments.delta* arguments.done item.done

Frames come without their sequence number, which only the stream knows. Deltas joined equal what `done` says.
Source: openai 3.54.0, types/responses/response_*_event.py; recorded streams, 2026-11-21.
"""

from typing import Protocol

from fastproxy.formats.openai_responses.objects import (
    Object,
    call_item,
    message_item,
    reasoning_item,
    summary_part,
    text_part,
)

Frame = tuple[str, Object]


class Item(Protocol):
    """An output item that is being written."""

    def opened(self) -> list[Frame]:
        """The frames that announce it."""

    def grown(self, piece: str) -> list[Frame]:
        """The frames for the next piece of its text; none for an empty one."""

    def closed(self) -> list[Frame]:
        """The frames that end it."""

    def whole(self) -> Object:
        """The item as it stands in the response's output."""


class MessageItem:
    """Visible text: one message with one part."""

    def __init__(self, id_: str, index: int) -> None:
        self._id = id_
        self._index = index
        self._at = {"item_id": id_, "output_index": index, "content_index": 0}
        self._pieces: list[str] = []

    def opened(self) -> list[Frame]:
        return [
            added(self._index, message_item(self._id, [], "in_progress")),
            ("response.content_part.added", self._at | {"part": text_part("")}),
        ]

    def grown(self, piece: str) -> list[Frame]:
        if not piece:
            return []
        self._pieces.append(piece)
        return [("response.output_text.delta", self._at | {"delta": piece, "logprobs": []})]

    def closed(self) -> list[Frame]:
        text = "".join(self._pieces)
        return [
            ("response.output_text.done", self._at | {"text": text, "logprobs": []}),
            ("response.content_part.done", self._at | {"part": text_part(text)}),
            done(self._index, self.whole()),
        ]

    def whole(self) -> Object:
        return message_item(self._id, [text_part("".join(self._pieces))], "completed")


class ReasoningItem:
    """Thinking: one summary part, announced with its first piece; none at all when only a signature is told."""

    def __init__(self, id_: str, index: int) -> None:
        self._id = id_
        self._index = index
        self._at = {"item_id": id_, "output_index": index, "summary_index": 0}
        self._pieces: list[str] = []
        self.signature: str | None = None

    def opened(self) -> list[Frame]:
        return [added(self._index, reasoning_item(self._id, "", None))]

    def grown(self, piece: str) -> list[Frame]:
        if not piece:
            return []
        part_added = ("response.reasoning_summary_part.added", self._at | {"part": summary_part("")})
        opening: list[Frame] = [] if self._pieces else [part_added]
        self._pieces.append(piece)
        return [*opening, ("response.reasoning_summary_text.delta", self._at | {"delta": piece})]

    def closed(self) -> list[Frame]:
        frames: list[Frame] = []
        if self._pieces:
            text = "".join(self._pieces)
            frames.append(("response.reasoning_summary_text.done", self._at | {"text": text}))
            frames.append(("response.reasoning_summary_part.done", self._at | {"part": summary_part(text)}))
        return [*frames, done(self._index, self.whole())]

    def whole(self) -> Object:
        return reasoning_item(self._id, "".join(self._pieces), self.signature)


class CallItem:
    """A function call. ids: of the item, and of the call. Without any arguments it ends with an empty object."""

    def __init__(self, ids: tuple[str, str], name: str, index: int) -> None:
        self._ids = ids
        self._name = name
        self._index = index
        self._at = {"item_id": ids[0], "output_index": index}
        self._pieces: list[str] = []

    def opened(self) -> list[Frame]:
        return [added(self._index, call_item(self._ids, self._name, "", "in_progress"))]

    def grown(self, piece: str) -> list[Frame]:
        if not piece:
            return []
        self._pieces.append(piece)
        return [("response.function_call_arguments.delta", self._at | {"delta": piece})]

    def closed(self) -> list[Frame]:
        owed = [] if "".join(self._pieces).strip() else self.grown("{}")
        item = self.whole()
        told = {"name": self._name, "arguments": item["arguments"]}
        return [*owed, ("response.function_call_arguments.done", self._at | told), done(self._index, item)]

    def whole(self) -> Object:
        return call_item(self._ids, self._name, "".join(self._pieces), "completed")


def added(index: int, item: object) -> Frame:
    """The frame that announces the item at `index`."""
    return "response.output_item.added", {"output_index": index, "item": item}


def done(index: int, item: object) -> Frame:
    """The frame that ends the item at `index`."""
    return "response.output_item.done", {"output_index": index, "item": item}
