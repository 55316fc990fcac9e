r"""Events to a Chat Completions stream.

    chunk(role) -> (content | reasoning_content | tool_calls)* -> chunk(finish_reason) -> [chunk(usage)] -> [DONE]
    any of these -> error, and nothing after it

One id, model and time in every chunk, no `event:` lines. Calls are numbered densely in the order in which they appear,
and may interleave. It never writes a finish_reason or [DONE] for a response without a Stop.
Source: openai 3.54.0, types/chat/chat_completion_chunk.py; recorded streams, 2026-11-21.
"""

from collections.abc import Callable
from typing import Any

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_chat.endings import fault_of, finish_reason, unfinished
from fastproxy.formats.openai_chat.faults import fault_event
from fastproxy.formats.openai_chat.usage import usage_object
from fastproxy.formats.openai_chat.whole import call_id, completion_id
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

DONE = b"data: [DONE]\n\n"


class ChatStream:
    """One response. A choice has no blocks to open; the state is which number each call has and which is still empty."""

    def __init__(self, options: EncoderOptions) -> None:
        self._include_usage = options.include_usage
        self._usage = Usage()
        self._numbers: dict[int, int] = {}  # block -> index in tool_calls
        self._empty: set[int] = set()  # blocks of calls that have said no arguments yet
        self._stopped = False
        self._broken = False
        self._start = Start("", "", 0)
        self._head = self._chunk_head()
        # Once a client asks for usage, every chunk but the last has the key, as null.
        self._tail = b'}],"usage":null}\n\n' if self._include_usage else b"}]}\n\n"

    def encode(self, event: Event) -> bytes:
        """The chunks this event becomes; b"" when it says nothing here. Cost: 1 us for a piece of text."""
        return _METHODS[type(event)](self, event)

    def close(self) -> bytes:
        """Usage and [DONE] after a Stop; the error event without one; nothing after an error event."""
        if self._broken:
            return b""
        if not self._stopped:
            return self._break(unfinished())
        told = usage_object(self._usage) if self._include_usage else None
        if told is None:
            return DONE
        return b'%b],"usage":%b}\n\n%b' % (self._chunk_head(), orjson.dumps(told), DONE)

    def _on_start(self, event: Start) -> bytes:
        self._start = event
        self._head = self._chunk_head()
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _on_text(self, event: Text) -> bytes:
        return self._chunk({"content": event.text}) if event.text else b""

    def _on_reasoning(self, event: Reasoning) -> bytes:
        return self._chunk({"reasoning_content": event.text}) if event.text else b""

    def _on_tool_start(self, event: ToolStart) -> bytes:
        number = len(self._numbers)
        self._numbers[event.block] = number
        self._empty.add(event.block)
        opening = {
            "index": number,
            "id": call_id(self._start, event.id, number),
            "type": "function",
            "function": {"name": event.name, "arguments": ""},
        }
        return self._chunk({"tool_calls": [opening]})

    def _on_tool_args(self, event: ToolArgs) -> bytes:
        if not event.json:
            return b""
        self._empty.discard(event.block)
        return self._arguments(event.block, event.json)

    def _on_block_end(self, event: BlockEnd) -> bytes:
        """Clients parse the joined arguments, and "" is not JSON: a call without any gets an empty object."""
        if event.block not in self._empty:
            return b""
        self._empty.discard(event.block)
        return self._arguments(event.block, "{}")

    def _on_usage(self, event: Usage) -> bytes:
        self._usage = merge(self._usage, event)
        return b""

    def _on_stop(self, event: Stop) -> bytes:
        try:
            word = finish_reason(event, has_calls=bool(self._numbers))
        except Fault as fault:
            return self._break(fault)
        self._stopped = True
        return self._chunk({}, orjson.dumps(word))

    def _on_opaque(self, event: Opaque) -> bytes:
        """A message field that only Chat has a word for (annotations, audio), as it came."""
        return self._chunk({event.name: orjson.Fragment(event.data)}) if event.format == "openai-chat" else b""

    def _on_failed(self, event: Failed) -> bytes:
        return self._break(fault_of(event))

    def _break(self, fault: Fault) -> bytes:
        self._broken = True
        return fault_event(fault, b"")

    def _arguments(self, block: int, piece: str) -> bytes:
        return self._chunk({"tool_calls": [{"index": self._numbers[block], "function": {"arguments": piece}}]})

    def _chunk(self, delta: dict[str, Any], finish: bytes = b"null") -> bytes:
        return b'%b{"index":0,"delta":%b,"logprobs":null,"finish_reason":%b%b' % (
            self._head,
            orjson.dumps(delta),
            finish,
            self._tail,
        )

    def _chunk_head(self) -> bytes:
        """What every chunk begins with, up to the content of `choices`: made once, spliced into each."""
        start = self._start
        head = {
            "id": completion_id(start),
            "object": "chat.completion.chunk",
            "created": start.created_at,
            "model": start.model,
            "system_fingerprint": None,
        }
        return b'data: %b,"choices":[' % orjson.dumps(head)[:-1]


_METHODS: dict[type, Callable[[ChatStream, Any], bytes]] = {
    Start: ChatStream._on_start,  # noqa: SLF001 - the class's own table, kept out of every instance
    Text: ChatStream._on_text,  # noqa: SLF001 - as above
    Reasoning: ChatStream._on_reasoning,  # noqa: SLF001 - as above
    ToolStart: ChatStream._on_tool_start,  # noqa: SLF001 - as above
    ToolArgs: ChatStream._on_tool_args,  # noqa: SLF001 - as above
    BlockEnd: ChatStream._on_block_end,  # noqa: SLF001 - as above
    Usage: ChatStream._on_usage,  # noqa: SLF001 - as above
    Stop: ChatStream._on_stop,  # noqa: SLF001 - as above
    Opaque: ChatStream._on_opaque,  # noqa: SLF001 - as above
    Failed: ChatStream._on_failed,  # noqa: SLF001 - as above
}
