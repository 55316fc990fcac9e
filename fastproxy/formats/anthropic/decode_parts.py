"""The content blocks of an Anthropic request to the hub's parts. Unknown blocks stay as they are.

Nothing is refused but a known block without its text or id. A call's input stays the text that came. A document that
holds images, and a search result, become the parts that they are made of: the hub has no word for them.
Source: anthropic 2.12.0 `types/content_block_param.py`, `types/beta/beta_content_block_param.py` and the params that
they list, read 2026-11-21.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.verbatim import verbatim
from fastproxy.formats.body import Raws, values
from fastproxy.formats.extras import keep
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
_NO_SUMMARY = frozenset({"type", "content"})
_CALL_FIELDS = frozenset({"type", "id", "name", "input", "cache_control"})


class PartDecoder:
    """Decodes the parts of one request. body, mended: as it came, and as it could be read (see `verbatim`).

    extras: filled with what blocks say beside their words in the hub ("text.citations").
    """

    __slots__ = ("_body", "_extras", "_mended")

    def __init__(self, body: bytes, mended: bytes, extras: dict[str, Any]) -> None:
        self._body = body
        self._mended = mended
        self._extras = extras

    def parts(self, content: Content) -> Iterator[Part]:
        """The parts of one `content` or `system`. Raises: Fault(bad_request)."""
        if isinstance(content, str):
            if content:
                yield TextPart(content)
            return
        for block in content or ():
            told = values(block, frozenset())
            if text(told, "type") == "tool_use":
                keep(self._extras, "tool_use", told, _CALL_FIELDS)
                yield self._call(block, told)
            else:
                yield from self._parts(told)

    def _call(self, block: Raws, told: Told) -> ToolCallPart:
        arguments = verbatim(bytes(block.get("input", b"{}")), self._body, self._mended)
        return ToolCallPart(
            text(told, "id"), text(told, "name"), "{}" if arguments == "null" else arguments, cache=cache(told)
        )

    def _parts(self, told: Told) -> Iterator[Part]:
        decode, known = self._BY_TYPE.get(told["type"], (PartDecoder._opaque, None))
        if known is not None:
            keep(self._extras, told["type"], told, known)
        return decode(self, told)

    def _text(self, told: Told) -> Iterator[Part]:
        yield TextPart(text(told, "text"), cache(told))

    def _thinking(self, told: Told) -> Iterator[Part]:
        yield ReasoningPart(_optional(told, "thinking"), _optional(told, "signature") or None)

    def _redacted(self, told: Told) -> Iterator[Part]:
        yield ReasoningPart("", text(told, "data"), "redacted")

    def _image(self, told: Told) -> Iterator[Part]:
        source = _source(told.get("source"))
        if source is None:
            yield from self._opaque(told)
        else:
            yield MediaPart("image", _media_type(told), source, cache=cache(told))

    def _document(self, told: Told) -> Iterator[Part]:
        if context := _optional(told, "context"):
            yield TextPart(context)
        source = _source(told.get("source"))
        if source is not None:
            media_type = _media_type(told) or ("text/plain" if isinstance(source, Plain) else "")
            yield MediaPart("document", media_type, source, _optional(told, "title"), cache=cache(told))
            return
        inner = told.get("source")
        if isinstance(inner, dict) and inner.get("type") == "content":
            yield from self._composed(told, inner.get("content"))
        else:
            yield from self._opaque(told)

    def _composed(self, told: Told, content: object) -> Iterator[Part]:
        """A document made of blocks: plain text when they are all text, else the blocks themselves."""
        parts = list(self._contained(content))
        texts = self._joined(parts)
        if len(texts) == len(parts):
            source = Plain("\n".join(texts))
            yield MediaPart("document", "text/plain", source, _optional(told, "title"), cache=cache(told))
            return
        if title := _optional(told, "title"):
            yield TextPart(title)
        yield from parts

    def _search_result(self, told: Told) -> Iterator[Part]:
        found = "".join(self._joined(self._contained(told.get("content"))))
        said = f"{_optional(told, 'source')}\n{found}".strip()
        yield MediaPart("document", "text/plain", Plain(said), _optional(told, "title"), cache=cache(told))

    def _joined(self, parts: Iterable[Part]) -> list[str]:
        """The texts that become one. A hint within them has no place any more."""
        texts = [part for part in parts if isinstance(part, TextPart)]
        if hint := next((part.cache for part in texts if part.cache is not None), None):
            self._extras["text.cache_control"] = {"ttl": hint.ttl}
        return [part.text for part in texts]

    def _tool_reference(self, told: Told) -> Iterator[Part]:
        """A tool that a search has found, which is offered from the start elsewhere: its name, on a line."""
        yield TextPart(text(told, "tool_name") + "\n", cache(told))

    def _compaction(self, told: Told) -> Iterator[Part]:
        """What the conversation was about until here, which stands for the turns before; none where that failed."""
        if summary := _optional(told, "content"):
            yield TextPart(summary, cache(told))
        else:
            keep(self._extras, "compaction", told, _NO_SUMMARY)

    def _tool_result(self, told: Told) -> Iterator[Part]:
        yield ToolResultPart(
            text(told, "tool_use_id"),
            tuple(self._contained(told.get("content"))),
            is_error=told.get("is_error") is True,
            cache=cache(told),
        )

    def _contained(self, content: object) -> Iterator[ResultPart]:
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
            for part in self._parts(told):
                yield part if isinstance(part, TextPart | MediaPart) else OpaquePart("anthropic", told)

    def _opaque(self, told: Told) -> Iterator[Part]:
        yield OpaquePart("anthropic", told)

    # How each kind of block is read, and its fields that the hub has words for.
    _BY_TYPE: ClassVar[Mapping[str, tuple[Callable[[Any, Told], Iterator[Part]], frozenset[str]]]] = {
        "text": (_text, frozenset({"type", "text", "cache_control"})),
        "thinking": (_thinking, frozenset({"type", "thinking", "signature"})),
        "redacted_thinking": (_redacted, frozenset({"type", "data"})),
        "image": (_image, frozenset({"type", "source", "cache_control"})),
        "document": (_document, frozenset({"type", "source", "title", "context", "cache_control"})),
        "search_result": (_search_result, frozenset({"type", "content", "source", "title", "cache_control"})),
        "tool_reference": (_tool_reference, frozenset({"type", "tool_name", "cache_control"})),
        "compaction": (_compaction, frozenset({"type", "content", "cache_control"})),
        "tool_result": (_tool_result, frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"})),
    }


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
