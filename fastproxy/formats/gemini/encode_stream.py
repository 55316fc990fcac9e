"""Events to a Gemini stream: server-sent events without names, or one JSON array.

Every chunk carries the tokens so far, only the last one a finishReason, a functionCall is one whole part. Nothing else
may ever be written: a comment or a `[DONE]` is fatal to google-genai and Gemini CLI (measured 2026-11-21).
Source: wire format notes 3.4; google-genai 3.4.0 `_api_client.py` (the space after `data:` is required).
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.gemini import parts
from fastproxy.formats.gemini.faults import fault_object
from fastproxy.formats.gemini.grounding import Sources
from fastproxy.formats.gemini.media import picture
from fastproxy.formats.gemini.stops import finish_reason, is_error
from fastproxy.formats.in_turn import InTurn
from fastproxy.framing.jsonarray import ArrayWriter
from fastproxy.ir.events import (
    BlockEnd,
    Citation,
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
from fastproxy.ir.fold import ToolCall, merge

_HEAD = b'{"candidates":[{"content":{"parts":['  # of a chunk
_TEXT_HEAD = _HEAD + b'{"text":'
_TEXT_EVENT = b"data: " + _TEXT_HEAD
_THOUGHT = b',"thought":true'


def _ends(start: Start, usage: Usage) -> tuple[bytes, bytes, bytes]:
    """How a chunk ends; how one of text does behind its text; and as an event."""
    tail = parts.chunk_tail(start, usage)
    text_end = parts.chunk([b"}"], tail).removeprefix(_HEAD)
    return tail, text_end, text_end + b"\n\n"


_UNBEGUN = Start("", "", 0)
_UNBEGUN_ENDS = _ends(_UNBEGUN, Usage())


class GeminiEncoder(InTurn):
    """One response: `encode` every event, then `close`. Nothing is written after a Stop or a Failed.

    Cost: 0.4 us for a piece of text.
    """

    __slots__ = (
        "_array", "_broken_call", "_call", "_ended", "_pieces",  "_signature", "_sources", "_start", "_tail",
        "_text_end", "_text_event_end", "_usage", "failed",
    )  # fmt: skip

    def __init__(self, options: EncoderOptions) -> None:
        self._array = ArrayWriter() if options.array else None
        super().__init__()
        self._start = _UNBEGUN
        self._usage = Usage()
        self._call: ToolStart | None = None  # the open block, where it is a call
        self._pieces: list[str] = []
        self._broken_call = False
        self._signature: str | None = None  # of the call that comes next
        self._sources = Sources()
        self._ended = self.failed = False
        self._tail, self._text_end, self._text_event_end = _UNBEGUN_ENDS

    def close(self) -> bytes:
        end = b""
        if not self._ended:
            end = self._fail(Fault("upstream_garbage", "the upstream's stream ended before it was complete"))
        return end if self._array is None else end + self._array.close()

    def _begin(self, event: Start) -> bytes:
        self._start = event
        self._end_chunks()
        return b""

    def _tokens(self, event: Usage) -> bytes:
        self._usage = merge(self._usage, event)
        self._end_chunks()
        return b""

    def _end_chunks(self) -> None:
        """How every chunk ends from here on, and that of a piece of text behind the piece."""
        self._tail, self._text_end, self._text_event_end = _ends(self._start, self._usage)

    def _text(self, event: Text | Refusal) -> bytes:
        if not event.text:
            return b""
        self._sources.say(event.text)
        json = orjson.dumps(event.text)
        if self._array is None:  # as _framed, less a call
            return _TEXT_EVENT + json + self._text_event_end
        return self._array.element(_TEXT_HEAD + json + self._text_end)

    def _texts(self, event: Texts) -> bytes:
        pieces, json = event.pieces, orjson.dumps
        self._sources.say("".join(pieces))
        if self._array is None:
            before, behind = _TEXT_EVENT, self._text_event_end
            return b"".join([before + json(piece) + behind for piece in pieces])
        return b"".join([self._array.element(_TEXT_HEAD + json(piece) + self._text_end) for piece in pieces])

    def _cite(self, event: Citation) -> bytes:
        self._sources.cite(event)
        return b""

    def _reasoning(self, event: Reasoning) -> bytes:
        if event.bound == "call":
            self._signature = event.signature
            return b""
        if event.bound == "picture":  # it stands in the picture's own part
            return b""
        if event.bound == "text":
            return self._part(parts.proof(event.signature)) if event.signature else b""
        if event.signature:
            return self._part(parts.thought(event.text, event.signature))
        if not event.text:
            return b""
        return self._framed(_TEXT_HEAD + orjson.dumps(event.text) + _THOUGHT + self._text_end)

    def _tool_start(self, event: ToolStart) -> bytes:
        self._call = event
        return b""

    def _tool_args(self, event: ToolArgs) -> bytes:
        self._pieces.append(event.json)
        return b""

    def _block_end(self, event: BlockEnd) -> bytes:  # noqa: ARG002 - Serial ends the open block and no other
        self._sources.close_block()
        if self._call is None:
            return b""
        opened, self._call = self._call, None
        call = ToolCall(opened.id, opened.name, "".join(self._pieces), opened.custom)
        self._pieces.clear()
        signature, self._signature = self._signature, None
        part = parts.function_call(call, signature)
        if part is None:
            self._broken_call = True
            return b""
        return self._part(part)

    def _opaque(self, event: Opaque) -> bytes:
        """A part that only this format has, or the pictures of another."""
        if (event.format, event.name) == ("gemini", "part"):
            return self._part(event.data)
        return b"".join([self._part(orjson.dumps(picture(each))) for each in event.pictures])

    def _stop(self, event: Stop) -> bytes:
        self._ended = True
        finish = finish_reason(event, broken_call=self._broken_call)
        self.failed = is_error(finish)
        return self._framed(parts.last_chunk([parts.text("")], finish, self._sources, self._tail))

    def _failed(self, event: Failed) -> bytes:
        return self._fail(Fault(event.kind, event.message, reason=event.reason))

    def _fail(self, fault: Fault) -> bytes:
        self._ended = self.failed = True
        return self._framed(fault_object(fault))

    def _part(self, part: bytes) -> bytes:
        return self._framed(parts.chunk([part], self._tail))

    def _framed(self, json: bytes) -> bytes:
        return b"data: %b\n\n" % json if self._array is None else self._array.element(json)

    _BY_TYPE: ClassVar[Mapping[type, Callable[[Any, Any], bytes]]] = {
        Start: _begin,
        Text: _text,
        Texts: _texts,
        Refusal: _text,
        Citation: _cite,
        Reasoning: _reasoning,
        ToolStart: _tool_start,
        ToolArgs: _tool_args,
        BlockEnd: _block_end,
        Opaque: _opaque,
        Usage: _tokens,
        Stop: _stop,
        Failed: _failed,
    }
