"""The hub's parts as the content of a Chat message, in the spelling of the hosts that will read it.

What a message can't carry without another meaning raises a Fault that names it; what it only says less well without is
listed in `dropped`. Base64 stays the text that came.
Source: openai 3.54.0, types/chat/chat_completion_content_part_*.py; recorded requests to OpenRouter; 2026-11-21.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from fastproxy.errors import Fault
from fastproxy.formats.extras import part_names
from fastproxy.ir.request import (
    Cache,
    Inline,
    Link,
    MediaPart,
    OpaquePart,
    Part,
    Plain,
    ReasoningPart,
    RefusalPart,
    Stored,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

Object = dict[str, Any]
CacheKey = Literal["prompt_cache_breakpoint", "cache_control", ""]

MODELS_REMEMBERED = 1024  # what a model's name tells; names come from clients

# Who takes which cache hint; to any other model none is sent, because strict hosts refuse a key they don't know.
_CACHE_KEYS: tuple[tuple[re.Pattern[str], CacheKey], ...] = (
    (re.compile(r"gpt-(?:5\.[6-9]|[6-9])"), "prompt_cache_breakpoint"),  # "for gpt-5.6 and later", the SDK says
    (re.compile(r"claude|gemini"), "cache_control"),  # OpenRouter's spelling, recorded for both
)
_LIFETIMES: dict[CacheKey, frozenset[str]] = {
    "prompt_cache_breakpoint": frozenset({"30m", "12h"}),
    "cache_control": frozenset({"5m", "1h"}),
}
_SOUNDS = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav"}
_TYPES = {"image": "image/png", "document": "application/pdf", "audio": "audio/wav", "video": "video/mp4"}


class Writing:
    """What writing one request needs to know, and what it loses on the way."""

    __slots__ = ("cache_key", "dropped", "format")

    def __init__(self, model: str, format_: str) -> None:
        self.format = format_
        self.cache_key = _cache_key(model)
        self.dropped: list[str] = []

    def cache(self, cache: Cache | None) -> Object:
        """The member of a part that carries a cache hint; empty for none, or where no host would take it."""
        if cache is None:
            return {}
        if not self.cache_key:
            self.dropped.append("cache")
            return {}
        kind = {"mode": "explicit"} if self.cache_key == "prompt_cache_breakpoint" else {"type": "ephemeral"}
        if cache.ttl not in _LIFETIMES[self.cache_key]:
            self.dropped += ["cache.ttl"] if cache.ttl else []
            return {self.cache_key: kind}
        return {self.cache_key: kind | {"ttl": cache.ttl}}


@lru_cache(maxsize=MODELS_REMEMBERED)
def _cache_key(model: str) -> CacheKey:
    name = model.rpartition("/")[2]
    return next((key for pattern, key in _CACHE_KEYS if pattern.match(name)), "")


def content_object(part: Part, writing: Writing) -> Object | None:
    """One part of a message's content; None for what only another format has a word for. Raises: Fault(bad_request)."""
    match part:
        case TextPart(text=text, cache=cache):
            return {"type": "text", "text": text} | writing.cache(cache)
        case MediaPart(kind=kind, cache=cache):
            return _MEDIA[kind](part, writing) | writing.cache(cache)
        case OpaquePart(format="openai-chat", data=data) if "type" in data:
            return data
        case OpaquePart():
            writing.dropped += part_names(part)
            return None
        case ReasoningPart():
            writing.dropped.append("reasoning")
            return None
        case ToolCallPart() | ToolResultPart() | RefusalPart():
            writing.dropped.append("message.content")  # what only a model says, from anybody else
            return None


def _image(part: MediaPart, writing: Writing) -> Object:
    writing.dropped += ["name"] if part.name else []
    detail = {} if part.detail is None else {"detail": part.detail}
    return {"type": "image_url", "image_url": {"url": _url(part, writing)} | detail}


def _video(part: MediaPart, writing: Writing) -> Object:
    return {"type": "video_url", "video_url": {"url": _url(part, writing)}}


def _sound(part: MediaPart, writing: Writing) -> Object:
    if not isinstance(part.source, Inline):
        raise _refused(part, writing)
    media_type = part.media_type or _TYPES["audio"]
    format_ = _SOUNDS.get(media_type) or media_type.partition("/")[2]
    return {"type": "input_audio", "input_audio": {"data": part.source.base64, "format": format_}}


def _document(part: MediaPart, writing: Writing) -> Object:
    match part.source:
        case Plain(text=text):
            return {"type": "text", "text": f"{part.name}\n\n{text}" if part.name else text}
        case Stored(file_id=file_id) if writing.format in {"openai-chat", "openai-responses"}:
            return {"type": "file", "file": {"file_id": file_id}}
        case Inline():
            name = part.name or "document.pdf"  # a file without a name is refused
            return {"type": "file", "file": {"filename": name, "file_data": _url(part, writing)}}
        case _:
            raise _refused(part, writing)


def _url(part: MediaPart, writing: Writing) -> str:
    match part.source:
        case Inline(base64=data):
            return f"data:{part.media_type or _TYPES[part.kind]};base64,{data}"
        case Link(url=url):
            return url
        case _:
            raise _refused(part, writing)


def _refused(part: MediaPart, writing: Writing) -> Fault:
    how = {Link: "by URL", Stored: "by file id", Plain: "as text", Inline: "inline"}[type(part.source)]
    name = f" {part.name!r}" if part.name else ""
    sentence = f"the {part.kind}{name} given {how} can't be sent in the Chat format; send its data instead"
    return Fault("bad_request", sentence, param="input" if writing.format == "openai-responses" else "messages")


_MEDIA: dict[str, Callable[[MediaPart, Writing], Object]] = {
    "image": _image,
    "document": _document,
    "audio": _sound,
    "video": _video,
}
