"""Turns of the hub as a request's input items: what the model did becomes an item each, what was said a message.

It says what it is given and reports what it can't say; it repairs, renames and reorders nothing.
Source: openai 3.54.0, types/responses/response_input_item_param.py; what Codex sends; recorded requests, 2026-11-21.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, takewhile
from typing import ClassVar

from fastproxy.errors import Fault
from fastproxy.formats.extras import part_names
from fastproxy.formats.openai_responses.media import LIFETIMES, cache_object, media_object
from fastproxy.formats.openai_responses.namespaces import named
from fastproxy.formats.openai_responses.objects import refusal_part, summary_part
from fastproxy.formats.openai_shared import Object, text_of
from fastproxy.ir.request import (
    Cache,
    MediaPart,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    RefusalPart,
    Request,
    Stored,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

OWN = "openai-responses"
OPENAI = frozenset({OWN, "openai-chat"})
_CONTENT_TYPES = ("input_", "output_text", "refusal", "computer_screenshot")
_SPOKEN = frozenset({TextPart, RefusalPart, MediaPart})
_ERROR_PREFIX = "Error: "
# Older models refuse the field ("for gpt-5.6 and later", the SDK says). Vendors may stand before the name.
_TAKES_BREAKPOINTS = re.compile(r"(?:^|[./])gpt-(?:5\.[6-9]|[6-9])")


class InputWriter:
    """The input of one request. dropped: names of what could not be said, in the order of their finding."""

    def __init__(self, request: Request) -> None:
        self._messages = request.messages
        self._has_files = request.format in OPENAI  # uploaded to this vendor
        self._has_cache = _TAKES_BREAKPOINTS.search(request.model) is not None
        self._custom = {
            part.id
            for message in request.messages
            for part in message.parts
            if isinstance(part, ToolCallPart) and part.custom
        }
        self.dropped: dict[str, None] = {}

    def write(self) -> tuple[str | None, list[Object]]:
        """The instructions and the items. System text at the very beginning is instructions, if more follows it."""
        lead = list(takewhile(self._is_plain_system, self._messages))
        if len(lead) == len(self._messages):
            lead = []
        parts = [part for message in lead for part in message.parts if isinstance(part, TextPart)]
        texts = [part.text for part in parts]
        self._hints_lost(parts)
        items = [item for message in self._messages[len(lead) :] for item in self._items(message)]
        return "\n\n".join(texts) or None, items

    def _is_plain_system(self, message: Message) -> bool:
        return message.role == "system" and all(
            isinstance(part, TextPart) and (part.cache is None or not self._has_cache) for part in message.parts
        )

    def _items(self, message: Message) -> Iterator[Object]:
        if _SPOKEN.issuperset(map(type, message.parts)):
            yield from self._said(message, message.parts)
            return
        for is_content, parts in groupby(message.parts, _is_content):
            if is_content:
                yield from self._said(message, parts)
                continue
            for part in parts:
                yield from self._BY_TYPE[type(part)](self, part)

    def _said(self, message: Message, parts: Iterable[Part]) -> Iterator[Object]:
        if content := [told for part in parts for told in self._content(part, message)]:
            role = "user" if message.role == "tool" else message.role
            yield {"type": "message", "role": role, "content": content}

    def _content(self, part: Part, message: Message) -> Iterator[Object]:
        """The part of a message, none for what can't be said."""
        match part:
            case TextPart(text=text, cache=cache):
                if message.role != "assistant":
                    yield {"type": "input_text", "text": text, **self._cache(cache)}
                    return
                self.dropped |= {} if cache is None else {"cache": None}
                if text:
                    yield {"type": "output_text", "text": text, "annotations": []}
            case RefusalPart(text=text):
                yield refusal_part(text)
            case MediaPart(kind=kind) if message.role == "assistant":
                self.dropped[kind] = None  # the model's own pictures: no part of a message from it
            case MediaPart():
                yield self._media(part)
            case OpaquePart(data=data):
                yield data

    def _media(self, part: MediaPart) -> Object:
        told = media_object(part) if self._has_files or not isinstance(part.source, Stored) else None
        if part.name and part.kind != "document":
            self.dropped["name"] = None
        if told is None:
            raise Fault("bad_request", f"this {part.kind} can't be sent to an OpenAI Responses model", param="input")
        return told | self._cache(part.cache)

    def _cache(self, cache: Cache | None) -> Object:
        if cache is None:
            return {}
        if not self._has_cache:
            self.dropped["cache"] = None
            return {}
        if cache.ttl and cache.ttl not in LIFETIMES:
            self.dropped["cache.ttl"] = None
        return {"prompt_cache_breakpoint": cache_object(cache)}

    def _hints_lost(self, texts: list[TextPart]) -> None:
        if any(text.cache is not None for text in texts):
            self.dropped["cache"] = None

    def _reasoning(self, part: ReasoningPart) -> Iterator[Object]:
        """Without an id: the encrypted content names its own, and another one beside it is refused."""
        if part.signature is None:
            if part.text:
                self.dropped["thinking"] = None
            return
        summary = [summary_part(part.text)] if part.text else []
        yield {"type": "reasoning", "summary": summary, "encrypted_content": part.signature}

    def _call(self, part: ToolCallPart) -> Iterator[Object]:
        if part.cache is not None:
            self.dropped["cache"] = None
        if part.custom:
            yield {"type": "custom_tool_call", "call_id": part.id, **named(part.name), "input": part.arguments}
        else:
            arguments = part.arguments if part.arguments.strip() else "{}"
            yield {"type": "function_call", "call_id": part.id, **named(part.name), "arguments": arguments}

    def _result(self, part: ToolResultPart) -> Iterator[Object]:
        if part.cache is not None:
            self.dropped["cache"] = None
        is_custom = part.custom or part.id in self._custom
        type_ = "custom_tool_call_output" if is_custom else "function_call_output"
        yield {"type": type_, "call_id": part.id, "output": self._output(part)}

    def _output(self, part: ToolResultPart) -> str | list[Object]:
        """A text, or a list where there is more. The format has no flag for an error, so that the text says it."""
        is_told = part.text.lower().startswith("error")
        prefix = _ERROR_PREFIX if part.is_error and not is_told else ""
        texts = [told for told in part.content if isinstance(told, TextPart) and not (told.cache and self._has_cache)]
        if len(texts) == len(part.content):
            self._hints_lost(texts)
            return prefix + part.text
        content = (TextPart(prefix), *part.content) if prefix else part.content
        return [told for one in content for told in self._result_content(one)]

    def _result_content(self, part: TextPart | MediaPart | OpaquePart) -> Iterator[Object]:
        match part:
            case TextPart(text=text, cache=cache):
                yield {"type": "input_text", "text": text} | self._cache(cache)
            case MediaPart():
                yield self._media(part)
            case OpaquePart():
                yield from self._opaque(part)

    def _opaque(self, part: OpaquePart) -> Iterator[Object]:
        if part.format == OWN:
            yield part.data
        else:
            self.dropped |= dict.fromkeys(part_names(part))

    _BY_TYPE: ClassVar[dict[type, Callable[..., Iterator[Object]]]] = {
        ReasoningPart: _reasoning,
        ToolCallPart: _call,
        ToolResultPart: _result,
        OpaquePart: _opaque,
    }


def _is_content(part: Part) -> bool:
    """Whether the part belongs into a message; the others are items of their own."""
    if isinstance(part, OpaquePart):
        return part.format == OWN and text_of(part.data, "type").startswith(_CONTENT_TYPES)
    return type(part) in _SPOKEN
