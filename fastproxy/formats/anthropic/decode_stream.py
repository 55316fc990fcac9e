"""An Anthropic stream to events. Liberal in what it takes; finished only with `message_stop`, never without.

Usage is held until the end: `message_start` tells the input, `message_delta` restates whatever has changed, and the
last count told for a field is the true one, but for zeros of hosts that don't count again. A second `message_start` (a
retry that a host has spliced in) adds nothing.
Source: wire format notes 3.3; anthropic 2.12.0 `lib/streaming/_messages.py`; recorded streams; read 2026-11-21.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import msgspec
import orjson

from fastproxy.errors import Fault
from fastproxy.formats import halves, shapes
from fastproxy.formats.anthropic import usage
from fastproxy.formats.anthropic.blocks import Blocks, InputDelta, ThinkingDelta
from fastproxy.formats.anthropic.faults import decode_failed
from fastproxy.formats.anthropic.stops import decode_stop
from fastproxy.formats.body import without_lone_surrogates
from fastproxy.ir.events import Event, Failed, Start

Told = dict[str, Any]


class _Block(msgspec.Struct):
    input: msgspec.Raw


class _BlockStart(msgspec.Struct):
    content_block: _Block


_OF_PROMPT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")  # a token counts in one of them
_BLOCK_START = msgspec.json.Decoder(_BlockStart)


class _Delta(msgspec.Struct, frozen=True, gc=False):
    """What the commonest events have in common. A type that is no tag: of one struct alone a tag may be missing."""

    type: Literal["content_block_delta"]
    index: int


class _TextDelta(msgspec.Struct, frozen=True, gc=False):
    type: Literal["text_delta"]
    text: str


class _Text(_Delta, frozen=True, gc=False):
    delta: _TextDelta


class _Piece(_Delta, frozen=True, gc=False):
    delta: ThinkingDelta | InputDelta


_read_text = msgspec.json.Decoder(_Text).decode
_read_piece = msgspec.json.Decoder(_Piece).decode


class AnthropicDecoder:
    """One response. `decode` the data of every event, then `close`.

    Cost: 0.6 us for the next piece of a thought or of arguments, 1.2 us for another event of its size.
    """

    __slots__ = (
        "_blocks", "_ended", "_growing", "_halves", "_sequence", "_speaking", "_started", "_stop", "_tries", "_usage",
        "finished",
    )  # fmt: skip

    def __init__(self) -> None:
        self.finished = False
        self._ended = False  # finished or failed
        self._started = False
        self._speaking: tuple[int, int] | None = None  # the index of the text that is told, and its block's number
        self._growing = False  # whether the next event is likely to be a piece of another open block
        self._tries = shapes.TRIES  # left
        self._blocks = Blocks()
        self._halves = halves.Halves(_mended)
        self._usage: Told = {}
        self._stop: object = None
        self._sequence: object = None

    def read_texts(self, data: list[bytes], first: int, events: list[Event]) -> int:
        if self._speaking is None or not self._tries or self._halves.held:
            return first
        index, block = self._speaking
        pieces: list[str] = []
        at = first
        try:
            for each in data[first:] if first else data:
                told = _read_text(each)
                if told.index != index:
                    self._tries -= 1
                    break
                if piece := told.delta.text:
                    pieces.append(piece)
                at += 1
        except shapes.UNFIT:
            self._tries -= 1
        shapes.tell(block, pieces, events)
        return at

    def decode(self, data: bytes) -> list[Event]:
        """What one event tells. Raises: Fault(upstream_garbage) for what is not JSON."""
        if self._ended:
            return []
        self._speaking = None  # until this event has told text
        if self._growing and not self._halves.held:
            try:
                piece = _read_piece(data)
            except shapes.UNFIT:
                self._growing = False
                self._tries -= 1
            else:
                return self._blocks.grow(piece.index, piece.delta)
        return self._all(self._halves.read(data))

    def _all(self, ready: list[halves.Told]) -> list[Event]:
        events: list[Event] = []
        for told, data in ready:
            if not self._ended:
                events += self._event(told, data)
        return events

    def _event(self, told: object, data: bytes) -> list[Event]:
        if type(told) is not dict:
            return []
        word = told.get("type")
        method = self._BY_TYPE.get(word) if type(word) is str else None
        if method is not None:
            return method(self, told, data)
        return self._failed(decode_failed(told)) if "error" in told else []

    def close(self) -> list[Event]:
        """A Failed unless the stream has ended with a word of its own."""
        events = self._all(self._halves.release())
        if self._ended:
            return events
        return events + self._failed(Failed("upstream_garbage", "the upstream's stream ended before it was complete"))

    def _message_start(self, told: Told, _data: bytes) -> list[Event]:
        message = told.get("message")
        message = message if isinstance(message, dict) else {}
        self._note_usage(message.get("usage"))
        if self._started:
            return []
        self._started = True
        return [Start(str(message.get("id") or ""), str(message.get("model") or ""), 0)]

    def _block_start(self, told: Told, data: bytes) -> list[Event]:
        block = told.get("content_block")
        if not isinstance(block, dict):
            return []
        # A start that has the whole input already is rare; `{}` stands in every one.
        arguments = _input(data) if block.get("input") else ""
        return self._after_start(self._blocks.start(_index(told) or 0, block, arguments))

    def _block_delta(self, told: Told, _data: bytes) -> list[Event]:
        delta, index = told.get("delta"), told.get("index")
        if type(delta) is not dict:
            return []
        events = self._blocks.delta(index if type(index) is int else None, delta)
        if type(index) is int and delta.get("type") == "text_delta":
            block = self._blocks.text_at(index)
            self._speaking = None if block is None else (index, block)
        self._growing = self._tries > 0 and self._speaking is None
        return events if self._started else self._after_start(events)

    def _block_stop(self, told: Told, _data: bytes) -> list[Event]:
        index = _index(told)
        return self._blocks.end_all() if index is None else self._blocks.end(index)

    def _message_delta(self, told: Told, _data: bytes) -> list[Event]:
        self._note_usage(told.get("usage"))
        delta = told.get("delta")
        if isinstance(delta, dict):
            self._stop = delta.get("stop_reason") or self._stop
            sequence = delta.get("stop_sequence")
            self._sequence = self._sequence if sequence is None else sequence
        return []

    def _message_stop(self, told: Told, _data: bytes) -> list[Event]:
        self._note_usage(told.get("usage"))
        self.finished = True
        events = self._after_start([])
        events += self._blocks.end_all()
        events += self._ending()
        events.append(decode_stop(self._stop, self._sequence, has_calls=self._blocks.calls > 0))
        return events

    def _error(self, told: Told, _data: bytes) -> list[Event]:
        return self._failed(decode_failed(told))

    def _failed(self, failed: Failed) -> list[Event]:
        return [*self._ending(), failed]

    def _ending(self) -> list[Event]:
        self._ended = True
        tokens = usage.decode(self._usage)
        return [] if tokens is None else [tokens]

    def _after_start(self, events: list[Event]) -> list[Event]:
        """The events, with a Start before the first of a host that sends none."""
        if self._started:
            return events
        self._started = True
        return [Start("", "", 0), *events]

    def _note_usage(self, told: object) -> None:
        """A zero erases no count told before, except one of a prompt whose other classes have tokens now."""
        if isinstance(told, dict):
            of_prompt = _OF_PROMPT if any(map(told.get, _OF_PROMPT)) else ()
            self._usage |= {
                key: value
                for key, value in told.items()
                if value or (value is not None and (key in of_prompt or not self._usage.get(key)))
            }

    _BY_TYPE: ClassVar[Mapping[str, Callable[[Any, Told, bytes], list[Event]]]] = {
        "message_start": _message_start,
        "content_block_start": _block_start,
        "content_block_delta": _block_delta,
        "content_block_stop": _block_stop,
        "message_delta": _message_delta,
        "message_stop": _message_stop,
        "error": _error,
    }


def _index(told: Told) -> int | None:
    index = told.get("index")
    return index if type(index) is int else None


def _input(data: bytes) -> str:
    """The text of a block's input, byte for byte."""
    try:
        return bytes(_BLOCK_START.decode(data).content_block.input).decode()
    except msgspec.DecodeError:  # half a surrogate pair: the mended text is the best there is
        return bytes(_BLOCK_START.decode(without_lone_surrogates(data)).content_block.input).decode()


def _mended(data: bytes) -> object:
    """The value of what orjson refuses; None for the closing mark of another format, which some hosts add."""
    if data.strip() == b"[DONE]":
        return None
    try:
        return orjson.loads(without_lone_surrogates(data))
    except (orjson.JSONDecodeError, Fault):
        raise Fault("upstream_garbage", "the upstream sent an event that is not valid JSON") from None
