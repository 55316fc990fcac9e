r"""Events to a Chat Completions stream.

    chunk(role) -> (content | reasoning | tool_calls | ...)* -> chunk(finish_reason) -> [chunk(usage)] -> [DONE]
    any of these -> error, and nothing after it

One id, model and time in every chunk, no `event:` lines. Calls are numbered densely, one after the other; every entry
of a list has an index, without which the SDK's accumulator fails. It never writes a finish_reason or [DONE] for a
response without a Stop.
Source: openai 3.54.0, types/chat/chat_completion_chunk.py; recorded streams, 2026-11-21.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.in_turn import InTurn
from fastproxy.formats.openai_chat import usage
from fastproxy.formats.openai_chat.faults import fault_event
from fastproxy.formats.openai_chat.objects import annotation, call_id, completion_id
from fastproxy.formats.openai_chat.pictures import image
from fastproxy.formats.openai_chat.stops import finish_reason, require_good, unfinished
from fastproxy.formats.openai_chat.thoughts import entry
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
from fastproxy.ir.fold import merge

DONE = b"data: [DONE]\n\n"


class ChatStream(InTurn):
    """One response. A choice has one text and no blocks, so that interleaved blocks are put in order first."""

    def __init__(self, options: EncoderOptions) -> None:
        super().__init__()
        self._include_usage = options.include_usage
        self._usage = Usage()
        self._calls = 0
        self._argument = b""  # the chunk for a piece of the last call's argument, up to the piece
        self._owes_arguments = False  # whether the open block is a call without any yet
        self._refused = False
        self._characters = 0  # of text before the open block, and within it: citations count from the beginning
        self._block_characters = 0
        self._thought_characters = 0  # since the last signature
        self._lists = {"annotations": 0, "reasoning_details": 0, "images": 0}  # entries told of each
        self._ending: Literal["open", "stopped", "broken"] = "open"
        # Once a client asks for usage, every chunk but the last has the key, as null.
        self._tail = b'}],"usage":null}\n\n' if self._include_usage else b"}]}\n\n"
        self._begin(Start("", "", 0))

    @property
    def failed(self) -> bool:
        """Whether the stream has ended in an error event."""
        return self._ending == "broken"

    def close(self) -> bytes:
        """Usage and [DONE] after a Stop; the error event without one; nothing after an error event."""
        if self._ending == "broken":
            return b""
        if self._ending == "open":
            return self._break(unfinished())
        told = usage.encode(self._usage) if self._include_usage else None
        if told is None:
            return DONE
        return b'%b],"usage":%b}\n\n%b' % (self._head, orjson.dumps(told), DONE)

    def _on_start(self, event: Start) -> bytes:
        self._begin(event)
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _on_text(self, event: Text) -> bytes:
        if not event.text:
            return b""
        self._block_characters += len(event.text)
        return self._content + orjson.dumps(event.text) + self._rest

    def _on_texts(self, event: Texts) -> bytes:
        before, behind, json = self._content, self._rest, orjson.dumps
        self._block_characters += len("".join(event.pieces))
        return b"".join([before + json(piece) + behind for piece in event.pieces])

    def _on_refusal(self, event: Refusal) -> bytes:
        self._refused = self._refused or bool(event.text)
        return self._member(b"refusal", orjson.dumps(event.text)) if event.text else b""

    def _on_reasoning(self, event: Reasoning) -> bytes:
        self._thought_characters += len(event.text)
        told = self._member(b"reasoning_content", orjson.dumps(event.text)) if event.text else b""
        if event.signature is None:
            return told
        characters, self._thought_characters = self._thought_characters, 0
        proof = entry(self._counted("reasoning_details"), event.signature, characters)
        return told + self._chunk({"reasoning_details": [proof]})

    def _on_citation(self, event: Citation) -> bytes:
        told = {"index": self._counted("annotations"), **annotation(event, self._characters)}
        return self._chunk({"annotations": [told]})

    def _on_tool_start(self, event: ToolStart) -> bytes:
        id_ = call_id(self._start, event.id, self._calls)
        named = {"name": event.name, "input" if event.custom else "arguments": ""}
        kind = "custom" if event.custom else "function"
        opening = {"index": self._calls, "id": id_, "type": kind, kind: named}
        self._calls += 1
        self._owes_arguments = not event.custom
        told = b'"custom":{"input":' if event.custom else b'"function":{"arguments":'
        self._argument = b'%b"tool_calls":[{"index":%d,%b' % (self._delta, self._calls - 1, told)
        return self._chunk({"tool_calls": [opening]})

    def _on_tool_args(self, event: ToolArgs) -> bytes:
        if not event.json:
            return b""
        if self._owes_arguments and not event.json.isspace():
            self._owes_arguments = False
        return self._arguments(event.json)

    def _on_block_end(self, _event: BlockEnd) -> bytes:
        """A call without arguments gets an empty object, as in a whole body (`arguments_of`)."""
        self._characters, self._block_characters = self._characters + self._block_characters, 0
        owed, self._owes_arguments = self._owes_arguments, False
        return self._arguments("{}") if owed else b""

    def _on_usage(self, event: Usage) -> bytes:
        self._usage = merge(self._usage, event)
        return b""

    def _on_stop(self, event: Stop) -> bytes:
        try:
            require_good(event)
        except Fault as fault:
            return self._break(fault)
        self._ending = "stopped"
        word = finish_reason(event, has_calls=self._calls > 0, refused=self._refused)
        return self._chunk({}, orjson.dumps(word))

    def _on_opaque(self, event: Opaque) -> bytes:
        """A message field that only Chat has a word for (audio, images), as it came; entries of a list numbered."""
        if event.format != "openai-chat":
            return self._listed("images", map(image, event.pictures))
        if event.name not in self._lists:
            return self._chunk({event.name: orjson.Fragment(event.data)})
        return self._listed(event.name, orjson.loads(event.data))

    def _on_failed(self, event: Failed) -> bytes:
        return self._break(Fault(event.kind, event.message, reason=event.reason))

    def _break(self, fault: Fault) -> bytes:
        self._ending = "broken"
        return fault_event(fault, b"")

    def _arguments(self, piece: str) -> bytes:
        """More of the call that is open, which is the last one."""
        return self._argument + orjson.dumps(piece) + b"}}]" + self._rest

    def _listed(self, name: str, entries: Iterable[dict[str, Any]]) -> bytes:
        """A chunk for each entry of a list."""
        return b"".join([self._chunk({name: [told | {"index": self._counted(name)}]}) for told in entries])

    def _counted(self, name: str) -> int:
        """The index of the next entry of a list."""
        index = self._lists[name]
        self._lists[name] = index + 1
        return index

    def _member(self, key: bytes, value: bytes) -> bytes:
        """A chunk whose delta has this one member."""
        return b'%b"%b":%b%b' % (self._delta, key, value, self._rest)

    def _chunk(self, delta: dict[str, Any], finish: bytes = b"null") -> bytes:
        return b'%b{"index":0,"delta":%b,"logprobs":null,"finish_reason":%b%b' % (
            self._head,
            orjson.dumps(delta),
            finish,
            self._tail,
        )

    def _begin(self, start: Start) -> None:
        """What every chunk begins and ends with: made once, put around each piece."""
        self._start = start
        head = {
            "id": completion_id(start),
            "object": "chat.completion.chunk",
            "created": start.created_at,
            "model": start.model,
            "system_fingerprint": None,
        }
        self._head = b'data: %b,"choices":[' % orjson.dumps(head)[:-1]
        self._delta = self._head + b'{"index":0,"delta":{'
        self._content = self._delta + b'"content":'
        self._rest = b'},"logprobs":null,"finish_reason":null' + self._tail

    _BY_TYPE: ClassVar[dict[type, Callable[..., bytes]]] = {
        Start: _on_start,
        Text: _on_text,
        Texts: _on_texts,
        Refusal: _on_refusal,
        Citation: _on_citation,
        Reasoning: _on_reasoning,
        ToolStart: _on_tool_start,
        ToolArgs: _on_tool_args,
        BlockEnd: _on_block_end,
        Usage: _on_usage,
        Stop: _on_stop,
        Opaque: _on_opaque,
        Failed: _on_failed,
    }
