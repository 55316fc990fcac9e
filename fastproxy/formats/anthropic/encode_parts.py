"""The hub's parts to the content blocks of an Anthropic request.

Never parses a call's arguments into values: they are spliced in. What has no block here is listed in `dropped`; what
can't be left out without changing what is asked is a Fault.
Source: anthropic 2.12.0 `types/content_block_param.py`, wire format notes 2.2 and 5, read 2026-11-21.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.inputs import INVALID
from fastproxy.formats.arguments import arguments_object
from fastproxy.formats.extras import part_names
from fastproxy.formats.media_types import media_type_of
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

Block = dict[str, Any]

_WITHOUT_MEDIA = frozenset({"assistant", "system"})  # not even an assistant's own images are taken back
_TTLS = frozenset({"5m", "1h"})
_PDF = "application/pdf"
# "media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'" ([report] NousResearch/
# hermes-agent issue 55432, read 2026-11-22).
_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_TEXTS = ("text/", "application/json", "application/xml", "application/yaml", "application/x-yaml")
_FAILED_WITHOUT_A_WORD = "The tool failed and said nothing."  # an error without content is refused


class PartEncoder:
    """Encodes the parts of one request. format: whose request it is; dropped: filled with what has no block here."""

    __slots__ = ("_dropped", "_format")

    def __init__(self, format_: str, dropped: list[str]) -> None:
        self._format = format_
        self._dropped = dropped

    def blocks(self, parts: Iterable[Part], role: str) -> Iterator[Block]:
        """The blocks of one turn; none for what the API refuses: texts of white space, pictures of other kinds.

        Raises: Fault(bad_request) for sound and film, and for files that only another vendor has.
        """
        for part in parts:
            if isinstance(part, MediaPart) and (role in _WITHOUT_MEDIA or _is_untaken(part)):
                self._dropped.append(f"{role}.{part.kind}")
                continue
            block = self._BY_TYPE[type(part)](self, part)
            if block is not None:
                yield block

    def _text(self, part: TextPart) -> Block | None:
        if not part.text.strip():
            return None
        return {"type": "text", "text": part.text, **hint(part.cache, self._dropped)}

    def _refusal(self, part: RefusalPart) -> Block | None:
        return {"type": "text", "text": part.text} if part.text.strip() else None

    def _reasoning(self, part: ReasoningPart) -> Block | None:
        """Thinking is taken back only with its signature; without one it is nobody's."""
        if not part.signature:
            self._dropped.append("reasoning")
            return None
        if part.bound == "redacted":
            return {"type": "redacted_thinking", "data": part.signature}
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}

    def _call(self, part: ToolCallPart) -> Block:
        arguments = None if part.custom else arguments_object(part.arguments)
        spelt: Any = {INVALID: part.arguments} if arguments is None else msgspec.Raw(arguments)
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": spelt, **hint(part.cache, self._dropped)}

    def _result(self, part: ToolResultPart) -> Block:
        content = list(self.blocks(part.content, "tool"))
        if part.is_error and not content:
            content = [{"type": "text", "text": _FAILED_WITHOUT_A_WORD}]
        failed = {"is_error": True} if part.is_error else {}
        told = {"type": "tool_result", "tool_use_id": part.id, "content": content, **failed}
        return told | hint(part.cache, self._dropped)

    def _opaque(self, part: OpaquePart) -> Block | None:
        if part.format == "anthropic":
            return dict(part.data)
        self._dropped += part_names(part)
        return None

    def _media(self, part: MediaPart) -> Block:
        if part.detail not in {None, "auto"}:
            self._dropped.append("detail")
        if part.name and part.kind != "document":
            self._dropped.append("name")
        block: Block = {"type": part.kind, "source": self._source(part)}
        if part.kind == "document" and part.name:
            block["title"] = part.name
        return block | hint(part.cache, self._dropped)

    def _source(self, part: MediaPart) -> Block:
        if part.kind not in {"image", "document"}:
            raise Fault("bad_request", f"this model takes no {part.kind}", param="messages")
        match part.source:
            case Link(url=url):
                return {"type": "url", "url": url}
            case Plain(text=text):
                return {"type": "text", "media_type": "text/plain", "data": text}
            case Stored(file_id=file_id):
                if self._format != "anthropic":
                    raise Fault("bad_request", "a file kept by another vendor can't be read here", param="messages")
                return {"type": "file", "file_id": file_id}
            case Inline(base64=data):
                return _inline(part, data)

    _BY_TYPE: ClassVar[Mapping[type, Callable[[Any, Any], Block | None]]] = {
        TextPart: _text,
        RefusalPart: _refusal,
        ReasoningPart: _reasoning,
        ToolCallPart: _call,
        ToolResultPart: _result,
        OpaquePart: _opaque,
        MediaPart: _media,
    }


def hint(cache: Cache | None, dropped: list[str]) -> Block:
    """`cache_control` to merge into a block; a lifetime that only others offer (OpenAI's 30m) is left out."""
    if cache is None:
        return {}
    control = {"type": "ephemeral"}
    if cache.ttl in _TTLS:
        control["ttl"] = cache.ttl
    elif cache.ttl:
        dropped.append("cache.ttl")
    return {"cache_control": control}


def _is_untaken(part: MediaPart) -> bool:
    """Whether it is a picture of a kind that the API refuses (SVG, HEIC, TIFF)."""
    source = part.source
    return part.kind == "image" and isinstance(source, Inline) and _picture_type(part, source.base64) not in _PICTURES


def _picture_type(part: MediaPart, data: str) -> str:
    """What its bytes say, which must not be contradicted; what the client said where they say nothing."""
    told = part.media_type.lower()
    return media_type_of(data) or ("image/jpeg" if told == "image/jpg" else told)


def _inline(part: MediaPart, data: str) -> Block:
    """Images and PDF as what they are; documents of text decoded, since that is the only other kind."""
    if part.kind == "image":
        return {"type": "base64", "media_type": _picture_type(part, data), "data": data}
    if part.media_type == _PDF or media_type_of(data) == _PDF:
        return {"type": "base64", "media_type": _PDF, "data": data}
    if not part.media_type.startswith(_TEXTS):
        raise Fault("bad_request", f"this model takes no document of type {part.media_type!r}", param="messages")
    try:
        text = b64decode(data).decode()
    except ValueError:  # binascii's and UnicodeDecodeError both
        raise Fault("bad_request", "a text document is not UTF-8 in base64", param="messages") from None
    return {"type": "text", "media_type": "text/plain", "data": text}
