r"""Events to a Responses stream.

    created -> in_progress -> (one output item after the other)* -> completed | incomplete | failed

Every event is named and numbered from 0 without a gap; there is no [DONE]. State is which item is open. It never writes
a terminal event other than `response.failed` for a response without a Stop. A response with nothing in it has an empty
`output`, as OpenAI's own has when a limit cut off its thinking: no client needs an item made up.
Source: openai 3.54.0, types/responses/response_stream_event.py; recorded streams, 2026-11-21.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.in_turn import InTurn
from fastproxy.formats.openai_responses.client_tools import is_client_call
from fastproxy.formats.openai_responses.faults import fault_event, response_error
from fastproxy.formats.openai_responses.items import (
    ClientToolItem,
    CustomItem,
    Frame,
    FunctionItem,
    Item,
    MessageItem,
    ReasoningItem,
    RefusalItem,
    SearchItem,
    added,
    done,
)
from fastproxy.formats.openai_responses.objects import Object, Status, call_ids, item_id, outcome, response_object
from fastproxy.formats.openai_responses.pictures import picture_item
from fastproxy.formats.openai_responses.searches import SEARCH
from fastproxy.formats.openai_shared import require_good, unfinished
from fastproxy.ir.events import (
    BlockEnd,
    Citation,
    Failed,
    Opaque,
    Picture,
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
from fastproxy.ir.fold import merge

_TOLD_WHOLE = frozenset({SearchItem, ClientToolItem})


class ResponsesStream(InTurn):
    """One response. The terminal event waits for `close`, because usage may still come after a Stop."""

    def __init__(self, options: EncoderOptions) -> None:  # noqa: ARG002 - this format knows no options
        super().__init__()
        self._start: Start | None = None
        self._usage = Usage()
        self._stop: Stop | None = None
        self._broken = False
        self._sequence = 0
        self._item: Item | None = None  # the one that is open
        self._output: list[Any] = []  # those that are done

    @property
    def failed(self) -> bool:
        """Whether the stream has ended in an error event."""
        return self._broken

    def close(self) -> bytes:
        """The terminal event after a Stop; the error event without one; nothing after an error event."""
        if self._broken:
            return b""
        if self._start is None or self._stop is None:
            return self._break(unfinished())
        status, incomplete = outcome(self._stop, self._output)
        return self._terminal(self._start, status, {"incomplete_details": incomplete})

    def _on_start(self, event: Start) -> bytes:
        self._start = event
        response = {"response": orjson.Fragment(orjson.dumps(response_object(event, "in_progress", [], Usage())))}
        return self._write([("response.created", response), ("response.in_progress", response)])

    def _on_text(self, event: Text) -> bytes:
        opening = b"" if self._item is not None else self._open_message()
        return opening + self._grow(event.text)

    def _on_texts(self, event: Texts) -> bytes:
        pieces, json = event.pieces, orjson.dumps
        if self._item is None or not self._item.pieces:
            return b"".join([self._on_text(Text(event.block, piece)) for piece in pieces])
        self._item.pieces += pieces
        first, delta = self._sequence, self._item.delta
        self._sequence += len(pieces)
        return b"".join([delta % (number, json(piece)) for number, piece in enumerate(pieces, first)])

    def _on_citation(self, event: Citation) -> bytes:
        opening = b"" if self._item is not None else self._open_message()
        if isinstance(self._item, MessageItem):
            self._item.citations.append(event)
        return opening

    def _on_refusal(self, event: Refusal) -> bytes:
        opening = b""
        if self._item is None:
            opening = self._open(lambda start, index: RefusalItem(item_id(start, "msg", index), index))
        return opening + self._grow(event.text)

    def _on_reasoning(self, event: Reasoning) -> bytes:
        opening = b""
        if self._item is None:
            opening = self._open(lambda start, index: ReasoningItem(item_id(start, "rs", index), index))
        if event.signature and isinstance(self._item, ReasoningItem):
            self._item.signature = event.signature
        return opening + self._grow(event.text)

    def _on_tool_start(self, event: ToolStart) -> bytes:
        item = _call_item(event)
        return self._open(lambda start, index: item(call_ids(start, event, index), event, index))

    def _on_tool_args(self, event: ToolArgs) -> bytes:
        if self._item is not None and type(self._item) in _TOLD_WHOLE:
            self._item.pieces.append(event.json)
            return b""
        return self._grow(event.json)

    def _on_block_end(self, _event: BlockEnd) -> bytes:
        item, self._item = self._item, None
        if item is None:
            return b""
        frames = item.closed()
        self._output.append(item.whole())
        return self._write(frames)

    def _on_opaque(self, event: Opaque) -> bytes:
        """An output item that only this format has a word for, whole and as it came; or the pictures of another."""
        if event.format == "openai-responses":
            item = orjson.Fragment(event.data)
            return self._tell_whole(item, item)
        return b"".join(map(self._picture, event.pictures))

    def _picture(self, picture: Picture) -> bytes:
        item = picture_item(item_id(self._start or Start("", "", 0), "ig", len(self._output)), picture)
        return self._tell_whole(item | {"status": "in_progress", "result": None}, item)

    def _tell_whole(self, announced: object, item: object) -> bytes:
        """An item that does not grow."""
        index = len(self._output)
        self._output.append(item)
        return self._write([added(index, announced), done(index, item)])

    def _on_usage(self, event: Usage) -> bytes:
        self._usage = merge(self._usage, event)
        return b""

    def _on_stop(self, event: Stop) -> bytes:
        try:
            require_good(event)
        except Fault as fault:
            return self._break(fault)
        self._stop = event
        return b""

    def _on_failed(self, event: Failed) -> bytes:
        return self._break(Fault(event.kind, event.message, reason=event.reason))

    def _open_message(self) -> bytes:
        return self._open(lambda start, index: MessageItem(item_id(start, "msg", index), index))

    def _open(self, item: Callable[[Start, int], Item]) -> bytes:
        """The opening of an item; none is open before it."""
        self._item = item(self._start or Start("", "", 0), len(self._output))
        return self._write(self._item.opened())

    def _grow(self, piece: str) -> bytes:
        """The event for the next piece of the open item's text; none for an empty one."""
        item = self._item
        if item is None or not piece:
            return b""
        opening = b"" if item.pieces else self._write(item.begun())
        item.pieces.append(piece)
        number = self._sequence
        self._sequence = number + 1
        return opening + item.delta % (number, orjson.dumps(piece))

    def _break(self, fault: Fault) -> bytes:
        self._broken = True
        if self._start is None:
            return fault_event(fault, b"")
        return self._terminal(self._start, "failed", {"error": response_error(fault)})

    def _terminal(self, start: Start, status: Status, told: Object) -> bytes:
        response = response_object(start, status, self._output, self._usage) | told
        return self._write([(f"response.{status}", {"response": response})])

    def _write(self, frames: list[Frame]) -> bytes:
        first, json = self._sequence, orjson.dumps
        self._sequence += len(frames)
        return b"".join([_head(type_) % (at, json(fields)[1:]) for at, (type_, fields) in enumerate(frames, first)])

    _BY_TYPE: ClassVar[dict[type, Callable[..., bytes]]] = {
        Start: _on_start,
        Text: _on_text,
        Texts: _on_texts,
        Citation: _on_citation,
        Refusal: _on_refusal,
        Reasoning: _on_reasoning,
        ToolStart: _on_tool_start,
        ToolArgs: _on_tool_args,
        BlockEnd: _on_block_end,
        Usage: _on_usage,
        Stop: _on_stop,
        Opaque: _on_opaque,
        Failed: _on_failed,
    }


@lru_cache(maxsize=64)  # there are two dozen
def _head(type_: str) -> bytes:
    """The event of this type, with room for its number and for its fields behind their opening brace."""
    name = type_.encode()
    return b'event: %b\ndata: {"type":"%b","sequence_number":%%d,%%b\n\n' % (name, name)


def _call_item(call: ToolStart) -> type[FunctionItem | CustomItem | SearchItem | ClientToolItem]:
    if call.custom:
        return CustomItem
    if call.name == SEARCH:
        return SearchItem
    return ClientToolItem if is_client_call(call.name) else FunctionItem
