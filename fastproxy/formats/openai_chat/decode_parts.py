"""The content of a Chat message in the hub's words: text, media by data URL or link, sound, files, refusals.

Base64 stays the text that came, nothing is decoded or fetched, and a part without a word here stays whole.
Source: openai 3.54.0, types/chat/chat_completion_content_part_*.py; Mistral's and OpenRouter's parts in recorded
requests; 2026-11-21.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from fastproxy.formats.extras import keep
from fastproxy.formats.openai_chat.thoughts import thinking_text
from fastproxy.ir.request import (
    Cache,
    Inline,
    Link,
    MediaPart,
    OpaquePart,
    Part,
    ReasoningPart,
    RefusalPart,
    Source,
    Stored,
    TextPart,
)

Object = dict[str, Any]
MediaKind = Literal["image", "document", "audio", "video"]

_FIELDS = frozenset({
    "type", "text", "refusal", "thinking", "image_url", "video_url", "document_url", "document_name", "input_audio",
    "file", "prompt_cache_breakpoint", "cache_control",
})  # fmt: skip
_KINDS: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}
_SOUNDS = {"mp3": "audio/mpeg"}  # the others are named as their type is


def text_of(holder: Object, key: str) -> str:
    """A string value; "" for anything else."""
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def object_of(holder: Object, key: str) -> Object:
    """An object; empty for anything else."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def cache_of(holder: Object) -> Cache | None:
    """The hint that a part or a tool carries: OpenAI's breakpoint, or Anthropic's as OpenRouter takes it."""
    for key in ("prompt_cache_breakpoint", "cache_control"):
        told = holder.get(key)
        if isinstance(told, dict):
            return Cache(text_of(told, "ttl") or None)
    return None


def content_parts(content: object, extras: Object) -> Iterator[Part]:
    """The parts of a message's content: a string, or a list of strings and objects.

    extras: filled with what they say beside their words in the hub, by kind and name.
    """
    if isinstance(content, str):
        yield TextPart(content)
        return
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            yield TextPart(part)
        elif isinstance(part, dict):
            yield _part(part, extras)


def _part(part: Object, extras: Object) -> Part:
    kind = text_of(part, "type") or "text"
    read = _BY_TYPE.get(kind)
    found = read(part) if read is not None else None
    if found is None:
        return OpaquePart("openai-chat", part)
    keep(extras, kind, part, _FIELDS)
    return found


def _text(part: Object) -> Part | None:
    text = part.get("text")
    return TextPart(text, cache_of(part)) if isinstance(text, str) else None


def _refusal(part: Object) -> Part | None:
    return RefusalPart(text_of(part, "refusal")) if "refusal" in part else None


def _thinking(part: Object) -> Part | None:
    """Mistral's."""
    return ReasoningPart(thinking_text(part))


def _image(part: Object) -> Part | None:
    return _linked(part, "image_url", "image")


def _video(part: Object) -> Part | None:
    return _linked(part, "video_url", "video")


def _document(part: Object) -> Part | None:
    """Mistral's: a document by URL."""
    return _linked(part, "document_url", "document")


def _linked(part: Object, key: str, kind: MediaKind) -> Part | None:
    """Media whose address is a string, or stands in an object with `url`."""
    told = object_of(part, key)
    url = text_of(told, "url") or text_of(part, key)
    if not url:
        return None
    media_type, source = located(url)
    name = text_of(part, "document_name")
    return MediaPart(kind, media_type, source, name, text_of(told, "detail") or None, cache_of(part))


def _sound(part: Object) -> Part | None:
    told = object_of(part, "input_audio")
    data, format_ = text_of(told, "data"), text_of(told, "format")
    if not data:
        return None
    media_type = _SOUNDS.get(format_) or (f"audio/{format_}" if format_ else "")
    return MediaPart("audio", media_type, Inline(data), cache=cache_of(part))


def _file(part: Object) -> Part | None:
    told = object_of(part, "file")
    data, name = text_of(told, "file_data"), text_of(told, "filename")
    if file_id := text_of(told, "file_id"):
        return MediaPart("document", "", Stored(file_id), name, cache=cache_of(part))
    if not data:
        return None
    bare = not data.startswith(("data:", "http://", "https://"))
    media_type, source = ("", Inline(data)) if bare else located(data)
    if not media_type and name.lower().endswith(".pdf"):
        media_type = "application/pdf"
    kind = _KINDS.get(media_type.partition("/")[0], "document")
    return MediaPart(kind, media_type, source, name, cache=cache_of(part))


def located(url: str) -> tuple[str, Source]:
    """Media type and bytes of a base64 data URL; any other URL is a link."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return "", Link(url)
    return head.removeprefix("data:").partition(";")[0], Inline(data)


_BY_TYPE: Mapping[str, Callable[[Object], Part | None]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "refusal": _refusal,
    "thinking": _thinking,
    "image_url": _image,
    "video_url": _video,
    "document_url": _document,
    "input_audio": _sound,
    "file": _file,
}
