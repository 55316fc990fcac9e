"""A Responses stream to events.

    created -> (output item: added, deltas, done)* -> completed | incomplete | failed          anywhere: error

Liberal in what it takes: no names, no numbers, no [DONE] or one, events of tomorrow, items that come whole, items that
only the last event tells. Never a Stop without the format's own terminal event.
Source: openai 3.54.0, types/responses/response_stream_event.py; recorded streams of OpenAI, Azure, Bedrock, OpenRouter,
LM Studio and the Codex backend, 2026-11-21.
"""

from collections.abc import Callable
from typing import ClassVar, Literal

import msgspec
import orjson

from fastproxy.formats import shapes
from fastproxy.formats.halves import Halves, Told
from fastproxy.formats.openai_responses import usage
from fastproxy.formats.openai_responses.decode_items import Blocks, CallItem, MessageItem, ReasoningItem, ToldItem
from fastproxy.formats.openai_responses.faults import failed_of
from fastproxy.formats.openai_responses.hosted import FREE_TEXT_CALL, is_hosted
from fastproxy.formats.openai_responses.pictures import pictures_in
from fastproxy.formats.openai_responses.reading import index_in, mended, objects_in
from fastproxy.formats.openai_responses.untold import ItemName, name_of, untold
from fastproxy.formats.openai_shared import Object, object_of, text_of, unfinished
from fastproxy.ir.events import Event, Failed, Opaque, Refusal, Start, Stop, StopReason, Text, ToolStart

Outcome = Literal["completed", "incomplete", "failed"]

_CALLS = frozenset({"function_call", "custom_tool_call"})
_KNOWN = frozenset({*_CALLS, "message", "reasoning"})
# An incomplete response for a reason of tomorrow must not look like a finished one: "length" is the nearest word.
_INCOMPLETE: dict[str, StopReason] = {"max_output_tokens": "length", "content_filter": "refusal"}
_LAST_SECOND = 2**53  # a greater number is no time, and may not even be an integer


class _Piece(msgspec.Struct, frozen=True, gc=False):
    """The commonest event. Its type is no tag, which might be missing."""

    type: Literal["response.output_text.delta"]
    output_index: int
    content_index: int
    delta: str


_read_piece = msgspec.json.Decoder(_Piece).decode


class ResponsesDecoder:
    """One response. State is which items have begun; an item that is done is kept as None."""

    __slots__ = (
        "_blocks",
        "_halves",
        "_items",
        "_over",
        "_places",
        "_speaking",
        "_started",
        "_thinking",
        "_told",
        "_tries",
        "finished",
    )

    def __init__(self) -> None:
        self.finished = False
        self._over = False
        self._started = False
        self._speaking: tuple[MessageItem, int, int] | None = None  # whose text is told, its place, and its part's
        self._tries = shapes.TRIES  # left
        self._blocks = Blocks()
        self._halves = Halves(mended)
        self._items: dict[object, ToldItem | None] = {}  # by output index, else by id
        self._told: dict[object, ItemName] = {}  # the names of the items of which something has been told
        self._places: dict[str, int] = {}  # of items by their ids, and of the last one by ""
        self._thinking: ReasoningItem | None = None  # the last one that began

    def read_texts(self, data: list[bytes], first: int, events: list[Event]) -> int:
        if self._speaking is None or not self._tries or self._halves.held:
            return first
        message, item, part = self._speaking
        pieces: list[str] = []
        at = first
        try:
            for each in data[first:] if first else data:
                told = _read_piece(each)
                if told.output_index != item or told.content_index != part:
                    self._tries -= 1
                    break
                if piece := told.delta:
                    pieces.append(piece)
                at += 1
        except shapes.UNFIT:
            self._tries -= 1
        if pieces:
            shapes.tell(message.grow_open(pieces), pieces, events)
        return at

    def decode(self, data: bytes) -> list[Event]:
        """The events that one event's data tells. Raises: Fault(upstream_garbage). Cost: 1.3 us."""
        if self._over or data == b"[DONE]":
            return []
        self._speaking = None  # until this event has told text
        return self._all(self._halves.read(data))

    def _all(self, ready: list[Told]) -> list[Event]:
        events: list[Event] = []
        for told, _ in ready:
            if not self._over:
                events += self._event(told)
        return events

    def _event(self, told: object) -> list[Event]:
        if type(told) is not dict:
            return []
        type_ = told.get("type")
        take = self._BY_TYPE.get(type_) if type(type_) is str else None
        if take is not None:
            return take(self, told)
        return self._on_error(told) if told.get("error") else []  # hosts' errors without a type

    def close(self) -> list[Event]:
        """A Failed when the terminal event is missing. Items that were cut off stay open: nobody may act on them."""
        events = self._all(self._halves.release())
        if self._over:
            return events
        self._over = True
        fault = unfinished()
        return [*events, Failed(fault.kind, fault.message, fault.reason)]

    def end(self, response: Object, outcome: Outcome) -> list[Event]:
        """Everything that the last event's response (or a whole body) tells beyond the stream before it."""
        self.finished = self._over = True
        events = self._begin(response)
        counts = usage.decode(object_of(response, "usage"))
        if outcome == "failed":
            return [*events, *([counts] if counts else []), failed_of(response.get("error") or {})]
        output = objects_in(response, "output")
        events += self._left_open(output)
        for index, item in enumerate(untold(self._told.values(), output)):
            events += self._finish(("untold", index), item)
        return [*events, *([counts] if counts else []), self._stop(response, outcome)]

    def _begin(self, response: Object) -> list[Event]:
        if self._started:
            return []
        self._started = True
        return [Start(text_of(response, "id"), text_of(response, "model"), _seconds(response.get("created_at")))]

    def _on_lifecycle(self, told: Object) -> list[Event]:
        return self._begin(object_of(told, "response"))

    def _on_item_added(self, told: Object) -> list[Event]:
        item, key = object_of(told, "item"), self._key(told)
        if key in self._items:
            return []
        type_ = text_of(item, "type")
        if type_ not in _KNOWN or (type_ == FREE_TEXT_CALL and is_hosted(item)):
            self._items[key] = None
            return self._begin({})
        began, events = self._new(key, item, type_)
        return [*events, *began.open()] if isinstance(began, CallItem) else events

    def _on_item_done(self, told: Object) -> list[Event]:
        return self._finish(self._key(told), object_of(told, "item"))

    def _finish(self, key: object, item: Object) -> list[Event]:
        """An item that is whole."""
        type_ = text_of(item, "type")
        name = name_of(item)
        if name[1] or key not in self._told:
            self._told[key] = name
        known = self._items.get(key)
        if known is None and (type_ not in _KNOWN or (type_ == FREE_TEXT_CALL and is_hosted(item))):
            self._items[key] = None
            if not type_:
                return self._begin({})
            return [*self._begin({}), Opaque("openai-responses", type_, orjson.dumps(item), pictures_in(item))]
        if known is None and key in self._items:  # done before
            return []
        events: list[Event] = []
        if known is None:
            known, events = self._new(key, item, type_)
        self._items[key] = None
        return [*events, *known.finish(item)]

    def _on_text(self, told: Object) -> list[Event]:
        item = self._items.get(self._key(told))
        if type(item) is not MessageItem:
            return self._begin_saying(told, Text)
        events, index, part = item.say(told, Text), told.get("output_index"), told.get("content_index")
        if type(index) is int and type(part) is int and item.has_open(part):
            self._speaking = item, index, part
        return events

    def _on_refusal(self, told: Object) -> list[Event]:
        item = self._items.get(self._key(told))
        if type(item) is MessageItem:
            return item.say(told, Refusal)
        return self._begin_saying(told, Refusal)

    def _begin_saying(self, told: Object, word: type[Text | Refusal]) -> list[Event]:
        item, events = self._running(told, "message")
        return [*events, *item.say(told, word)] if isinstance(item, MessageItem) else events

    def _on_annotation(self, told: Object) -> list[Event]:
        item, events = self._running(told, "message")
        return [*events, *item.cite(object_of(told, "annotation"))] if isinstance(item, MessageItem) else events

    def _on_part_done(self, told: Object) -> list[Event]:
        item = self._items.get(self._key(told))
        if not isinstance(item, MessageItem):
            return []
        return item.finish_part(index_in(told, "content_index"), object_of(told, "part"))

    def _on_thought(self, told: Object) -> list[Event]:
        piece = told.get("delta")
        if not piece or type(piece) is not str:
            return []
        part = told["type"], told.get("summary_index"), told.get("content_index")
        item = self._items.get(self._key(told))
        if type(item) is ReasoningItem:
            return item.grow(part, piece)
        item, events = self._running(told, "reasoning")
        return [*events, *item.grow(part, piece)] if isinstance(item, ReasoningItem) else events

    def _on_arguments(self, told: Object) -> list[Event]:
        piece = told.get("delta")
        item = self._items.get(self._key(told))
        if type(item) is CallItem and type(piece) is str:
            return item.grow(piece) if piece else []
        item, events = self._running(told, "custom_tool_call" if "custom" in told["type"] else "function_call")
        if not piece or not isinstance(piece, str) or not isinstance(item, CallItem):
            return events
        return [*events, *item.grow(piece)]

    def _on_arguments_done(self, told: Object) -> list[Event]:
        item = self._items.get(self._key(told))
        whole = text_of(told, "input") or text_of(told, "arguments")
        return item.finish_arguments(whole) if isinstance(item, CallItem) else []

    def _on_terminal(self, told: Object) -> list[Event]:
        outcome = told["type"].removeprefix("response.")
        return self.end(object_of(told, "response"), outcome if outcome in ("completed", "incomplete") else "failed")

    def _on_error(self, told: Object) -> list[Event]:
        """Flat as specified, or nested as OpenAI has been recorded sending it."""
        self._over = True
        return [failed_of(told.get("error") or told)]

    def _running(self, told: Object, type_: str) -> tuple[ToldItem | None, list[Event]]:
        """The item that a delta belongs to, made here where nothing has announced it; None where it is done."""
        key = self._key(told)
        item = self._items.get(key)
        if item is not None or key in self._items:
            return item, []
        return self._new(key, {"type": type_}, type_)

    def _new(self, key: object, item: Object, type_: str) -> tuple[ToldItem, list[Event]]:
        """An item that begins, and what that tells.

        Thinking is over then, though OpenRouter ends its item only after the message's: with its block left open,
        formats without parallel blocks would hold the whole message back.
        """
        events = self._begin({})
        if self._thinking is not None:
            events += self._thinking.end()
        began: ToldItem
        if type_ in _CALLS:
            began = CallItem(item, self._blocks)
        elif type_ == "reasoning":
            began = self._thinking = ReasoningItem(self._blocks)
        else:
            began = MessageItem(self._blocks)
        self._items[key] = began
        self._told[key] = name_of(item)
        if type(key) is int:
            self._places[text_of(item, "id")] = self._places[""] = key
        return began, events

    def _key(self, told: Object) -> object:
        """What an item is known by: its place, else its id where a host leaves the place out, else it is the last one.

        A call that has no id of its own goes by that of the call, which its pieces then name (llama.cpp until 2026).
        """
        index = told.get("output_index")
        if type(index) is int:
            return index
        item = object_of(told, "item")
        id_ = text_of(told, "item_id") or text_of(item, "id") or text_of(item, "call_id")
        return self._places.get(id_, id_)

    def _left_open(self, output: list[Object]) -> list[Event]:
        """The ends of items that no event has ended, from the response's own list where it has them in their place."""
        events: list[Event] = []
        for key, item in self._items.items():
            if item is not None:
                whole = output[key] if type(key) is int and 0 <= key < len(output) else {}
                events += item.finish(whole)
        return events

    def _stop(self, response: Object, outcome: Outcome) -> Stop:
        raw = text_of(object_of(response, "incomplete_details"), "reason") if outcome == "incomplete" else ""
        if outcome == "incomplete":
            return Stop(_INCOMPLETE.get(raw, "length"), raw or outcome)
        kinds = self._blocks.kinds
        return Stop("tools" if ToolStart in kinds else "refusal" if Refusal in kinds else "end", outcome)

    _BY_TYPE: ClassVar[dict[str, Callable[["ResponsesDecoder", Object], list[Event]]]] = {
        "response.created": _on_lifecycle,
        "response.queued": _on_lifecycle,
        "response.in_progress": _on_lifecycle,
        "response.output_item.added": _on_item_added,
        "response.output_item.done": _on_item_done,
        "response.content_part.done": _on_part_done,
        "response.output_text.delta": _on_text,
        "response.output_text.annotation.added": _on_annotation,
        "response.refusal.delta": _on_refusal,
        "response.reasoning_summary_text.delta": _on_thought,
        "response.reasoning_text.delta": _on_thought,
        "response.function_call_arguments.delta": _on_arguments,
        "response.function_call_arguments.done": _on_arguments_done,
        "response.custom_tool_call_input.delta": _on_arguments,
        "response.custom_tool_call_input.done": _on_arguments_done,
        "response.completed": _on_terminal,
        "response.incomplete": _on_terminal,
        "response.failed": _on_terminal,
        "response.cancelled": _on_terminal,
        "error": _on_error,
    }


def _seconds(value: object) -> int:
    """Epoch seconds; some hosts give them with a fraction."""
    return int(value) if isinstance(value, int | float) and 0 <= value < _LAST_SECOND else 0
