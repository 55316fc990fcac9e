"""The content blocks of an Anthropic request to the hub's parts. Unknown blocks stay as they are.

Nothing is refused but a known block without its text or id. A call's input stays the text that came. A document that
holds images, and a search result, become the parts that they are made of: the hub has no word for them.
Source: anthropic 2.12.0 `types/content_block_param.py` and the params that it lists, read 2026-11-21.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.verbatim import verbatim
from fastproxy.formats.body import Raws, values
from fastproxy.ir.request import (
    Cache,
    Inline,
    Link,
    MediaPart,
    OpaquePart,
    Part,
    Plain,
    ReasoningPart,
    Source,
    Stored,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

Told = dict[str, Any]
Content = str | list[dict[str, msgspec.Raw]] | None
ResultPart = TextPart | MediaPart | OpaquePart


class PartDecoder:
    """Decodes the parts of one request. body, mended: as it came, and as it could be read (see `verbatim`)."""

    __slots__ = ("_body", "_mended")

    def __init__(self, body: bytes, mended: bytes) -> None:
        self._body = body
        self._mended = mended

    def parts(self, content: Content) -> Iterator[Part]:
        """The parts of one `content` or `system`. Raises: Fault(bad_request)."""
        if isinstance(content, str):
            if content:
                yield TextPart(content)
            return
        for block in content or ():
            told = values(block, frozenset())
            if text(told, "type") == "tool_use":
                yield self._call(block, told)
            else:
                yield from _parts(told)

    def _call(self, block: Raws, told: Told) -> ToolCallPart:
        arguments = verbatim(bytes(block.get("input", b"{}")), self._body, self._mended)
        return ToolCallPart(
            text(told, "id"), text(told, "name"), "{}" if arguments == "null" else arguments, cache=cache(told)
        )


def text(told: Mapping[str, Any], key: str) -> str:
    """A string that must be there. Raises: Fault(bad_request) that names it."""
    value = told.get(key)
    if isinstance(value, str):
        return value
    raise Fault("bad_request", f"{key} must be a string", param=key)


def cache(told: Mapping[str, Any]) -> Cache | None:
    """The caching hint of a block or a tool."""
    hint = told.get("cache_control")
    if not isinstance(hint, dict):
        return None
    ttl = hint.get("ttl")
    return Cache(ttl if isinstance(ttl, str) else None)


def _parts(told: Told) -> Iterator[Part]:
    return _BY_TYPE.get(told["type"], _opaque)(told)


def _text(told: Told) -> Iterator[Part]:
    yield TextPart(text(told, "text"), cache(told))


def _thinking(told: Told) -> Iterator[Part]:
    yield ReasoningPart(_optional(told, "thinking"), _optional(told, "signature") or None)


def _redacted(told: Told) -> Iterator[Part]:
    yield ReasoningPart("", text(told, "data"), "redacted")


def _image(told: Told) -> Iterator[Part]:
    source = _source(told.get("source"))
    if source is None:
        yield from _opaque(told)
    else:
        yield MediaPart("image", _media_type(told), source, cache=cache(told))


def _document(told: Told) -> Iterator[Part]:
    if context := _optional(told, "context"):
        yield TextPart(context)
    source = _source(told.get("source"))
    if source is not None:
        media_type = _media_type(told) or ("text/plain" if isinstance(source, Plain) else "")
        yield MediaPart("document", media_type, source, _optional(told, "title"), cache=cache(told))
        return
    inner = told.get("source")
    if isinstance(inner, dict) and inner.get("type") == "content":
        yield from _composed(told, inner.get("content"))
    else:
        yield from _opaque(told)


def _composed(told: Told, content: object) -> Iterator[Part]:
    """A document made of blocks: plain text when they are all text, else the blocks themselves."""
    parts = list(_contained(content))
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    if len(texts) == len(parts):
        source = Plain("\n".join(texts))
        yield MediaPart("document", "text/plain", source, _optional(told, "title"), cache=cache(told))
        return
    if title := _optional(told, "title"):
        yield TextPart(title)
    yield from parts


def _search_result(told: Told) -> Iterator[Part]:
    found = "".join(part.text for part in _contained(told.get("content")) if isinstance(part, TextPart))
    said = f"{_optional(told, 'source')}\n{found}".strip()
    yield MediaPart("document", "text/plain", Plain(said), _optional(told, "title"), cache=cache(told))


def _tool_result(told: Told) -> Iterator[Part]:
    yield ToolResultPart(
        text(told, "tool_use_id"),
        tuple(_contained(told.get("content"))),
        is_error=told.get("is_error") is True,
        cache=cache(told),
    )


def _contained(content: object) -> Iterator[ResultPart]:
    """The parts of a block's own content. Raises: Fault(bad_request) for what is neither text nor blocks."""
    if isinstance(content, str):
        if content:
            yield TextPart(content)
        return
    if not isinstance(content, list | None):
        raise Fault("bad_request", "content must be a string or a list of blocks", param="content")
    for told in content or ():
        if not isinstance(told, dict):
            raise Fault("bad_request", "a content block must be an object", param="content")
        text(told, "type")
        for part in _parts(told):
            yield part if isinstance(part, TextPart | MediaPart) else OpaquePart("anthropic", told)


def _opaque(told: Told) -> Iterator[Part]:
    yield OpaquePart("anthropic", told)


def _source(told: object) -> Source | None:
    """Where the bytes are; None for a source that the hub has no word for."""
    if not isinstance(told, dict):
        return None
    match told:
        case {"type": "base64", "data": str(data)}:
            return Inline(data)
        case {"type": "url", "url": str(url)}:
            return Link(url)
        case {"type": "text", "data": str(data)}:
            return Plain(data)
        case {"type": "file", "file_id": str(file_id)}:
            return Stored(file_id)
    return None


def _media_type(told: Told) -> str:
    return _optional(told["source"], "media_type")


def _optional(told: Told, key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""


_BY_TYPE: Mapping[str, Callable[[Told], Iterator[Part]]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "tool_result": _tool_result,
}
