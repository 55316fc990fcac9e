r"""Events to a Responses stream.

    created -> in_progress -> (one output item after the other)* -> completed | incomplete | failed

Every event is named and numbered from 0 without a gap; there is no [DONE]. State is which item is open. It never writes
a terminal event other than `response.failed` for a response without a Stop.
Source: openai 3.54.0, types/responses/response_stream_event.py; recorded streams, 2026-11-21.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_chat.stops import require_good, unfinished
from fastproxy.formats.openai_responses.faults import fault_event, response_error
from fastproxy.formats.openai_responses.items import (
    CallItem,
    Frame,
    Item,
    MessageItem,
    ReasoningItem,
    added,
    done,
)
from fastproxy.formats.openai_responses.objects import Object, Status, call_id, item_id, outcome, response_object
from fastproxy.ir.events import (
    BlockEnd,
    Event,
    Failed,
    Opaque,
    Reasoning,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from fastproxy.ir.fold import merge
from fastproxy.ir.serial import Serial


class ResponsesStream:
    """One response. The terminal event waits for `close`, because usage may still come after a Stop."""

    def __init__(self, options: EncoderOptions) -> None:  # noqa: ARG002 - this format knows no options
        self._serial = Serial()
        self._start: Start | None = None
        self._usage = Usage()
        self._stop: Stop | None = None
        self._broken = False
        self._sequence = 0
        self._item: Item | None = None  # the one that is open
        self._output: list[Any] = []  # those that are done

    def encode(self, event: Event) -> bytes:
        """The events this event becomes; b"" while it has to wait. Cost: 3 us for a piece of text."""
        return b"".join(map(self._say, self._serial.feed(event)))

    def close(self) -> bytes:
        """The terminal event after a Stop; the error event without one; nothing after an error event."""
        if self._broken:
            return b""
        if self._start is None or self._stop is None:
            return self._break(unfinished())
        status, incomplete = outcome(self._stop)
        return self._terminal(self._start, status, {"incomplete_details": incomplete})

    def _say(self, event: Event) -> bytes:
        return b"" if self._broken else self._BY_TYPE[type(event)](self, event)

    def _on_start(self, event: Start) -> bytes:
        self._start = event
        response = {"response": response_object(event, "in_progress", [], Usage())}
        return self._write([("response.created", response), ("response.in_progress", response)])

    def _on_text(self, event: Text) -> bytes:
        opening = self._open(lambda start, index: MessageItem(item_id(start, "msg", index), index))
        return opening + self._grow(event.text)

    def _on_reasoning(self, event: Reasoning) -> bytes:
        opening = self._open(lambda start, index: ReasoningItem(item_id(start, "rs", index), index))
        if isinstance(self._item, ReasoningItem) and event.signature:
            self._item.signature = event.signature
        return opening + self._grow(event.text)

    def _on_tool_start(self, event: ToolStart) -> bytes:
        return self._open(
            lambda start, index: CallItem(
                (item_id(start, "fc", index), call_id(start, event.id, index)),
                event.name,
                index,
            )
        )

    def _on_tool_args(self, event: ToolArgs) -> bytes:
        return self._grow(event.json)

    def _on_block_end(self, _event: BlockEnd) -> bytes:
        item, self._item = self._item, None
        if item is None:
            return b""
        frames = item.closed()
        self._output.append(item.whole())
        return self._write(frames)

    def _on_opaque(self, event: Opaque) -> bytes:
        """An output item that only this format has a word for, whole and as it came."""
        if event.format != "openai-responses":
            return b""
        item = orjson.Fragment(event.data)
        index = len(self._output)
        self._output.append(item)
        return self._write([added(index, item), done(index, item)])

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
        return self._break(Fault(event.kind, event.message))

    def _open(self, item: Callable[[Start, int], Item]) -> bytes:
        """The opening of an item, unless one is open: then the event is another piece of it."""
        if self._item is not None:
            return b""
        self._item = item(self._start or Start("", "", 0), len(self._output))
        return self._write(self._item.opened())

    def _grow(self, piece: str) -> bytes:
        return b"" if self._item is None else self._write(self._item.grown(piece))

    def _break(self, fault: Fault) -> bytes:
        self._broken = True
        if self._start is None:
            return fault_event(fault, b"")
        return self._terminal(self._start, "failed", {"error": response_error(fault)})

    def _terminal(self, start: Start, status: Status, told: Object) -> bytes:
        response = response_object(start, status, self._output, self._usage) | told
        return self._write([(f"response.{status}", {"response": response})])

    def _write(self, frames: list[Frame]) -> bytes:
        out: list[bytes] = []
        for type_, fields in frames:
            data = orjson.dumps({"type": type_, "sequence_number": self._sequence} | fields)
            out.append(b"event: %b\ndata: %b\n\n" % (type_.encode(), data))
            self._sequence += 1
        return b"".join(out)

    _BY_TYPE: ClassVar[dict[type, Callable[..., bytes]]] = {
        Start: _on_start,
        Text: _on_text,
        Reasoning: _on_reasoning,
        ToolStart: _on_tool_start,
        ToolArgs: _on_tool_args,
        BlockEnd: _on_block_end,
        Usage: _on_usage,
        Stop: _on_stop,
        Opaque: _on_opaque,
        Failed: _on_failed,
    }
