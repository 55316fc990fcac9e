"""Where a Gemini answer's text comes from, both ways. Its offsets are bytes of the whole text, ours characters.

Never trusts an offset: a segment that does not stand where it says is searched for, and else has no place.
Source: google-genai 3.4.0 `types.GroundingMetadata`, `types.CitationMetadata`; recorded answers; read 2026-11-21.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from fastproxy.ir.events import Citation

LOOKED_CHARACTERS = 16_777_216
TOLD_AGAIN_CHARACTERS = 1_048_576  # of sources, in all places of an answer but the first of each
_PLACE_CHARACTERS = 64  # that a place itself counts for
_PLACES = ("web", "retrievedContext", "maps", "image")


class Found(NamedTuple):
    """One source of one stretch of text. start, end: characters of the whole text, None when unknown."""

    url: str
    title: str
    cited: str
    start: int | None = None
    end: int | None = None


class Said:
    """The whole visible text of an answer so far. pieces: of it, to be added to.

    A place in it is looked for in all of it: no more than LOOKED_CHARACTERS are gone through, and what is named later
    has no place. A source is told with all its words for each of its places, which no more than TOLD_AGAIN_CHARACTERS
    may become.
    """

    __slots__ = ("_looked_characters", "_told_again_characters", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._looked_characters = 0
        self._told_again_characters = 0

    def may_tell_again(self, source: Found) -> bool:
        """Whether a source may have one place more."""
        self._told_again_characters += _PLACE_CHARACTERS + len(source.url) + len(source.title) + len(source.cited)
        return self._told_again_characters <= TOLD_AGAIN_CHARACTERS

    def span(self, segment: dict[str, Any]) -> tuple[int | None, int | None]:
        """The characters that a segment's bytes are."""
        if self._looked_characters > LOOKED_CHARACTERS:
            return None, None
        said = "".join(self.pieces)
        self.pieces = [said]
        self._looked_characters += len(said)
        return _span(segment, said)


def found(candidate: dict[str, Any], said: Said) -> list[Found]:
    """Every source that a candidate names."""
    told: list[Found] = []
    if isinstance(grounding := candidate.get("groundingMetadata"), dict):
        told += _grounded(grounding, said)
    if isinstance(cited := candidate.get("citationMetadata"), dict):
        told += _recited(cited, said)
    return [one for one in dict.fromkeys(told) if one.url or one.title or one.cited]


def _grounded(grounding: dict[str, Any], said: Said) -> Iterator[Found]:
    sources = [_source(chunk) for chunk in _objects(grounding, "groundingChunks")]
    named: set[int] = set()
    for support in _objects(grounding, "groundingSupports"):
        segment = support.get("segment")
        start, end = said.span(segment if isinstance(segment, dict) else {})
        numbers = support.get("groundingChunkIndices")
        for number in numbers if isinstance(numbers, list) else ():
            if not isinstance(number, int) or not 0 <= number < len(sources):
                continue
            if number not in named or said.may_tell_again(sources[number]):
                named.add(number)
                yield sources[number]._replace(start=start, end=end)
    yield from (source for number, source in enumerate(sources) if number not in named)


def _recited(cited: dict[str, Any], said: Said) -> Iterator[Found]:
    for citation in (*_objects(cited, "citations"), *_objects(cited, "citationSources")):
        start, end = said.span(citation)
        yield Found(_text(citation, "uri"), _text(citation, "title"), "", start, end)


def _source(chunk: dict[str, Any]) -> Found:
    places: Iterator[dict[str, Any]] = (chunk[name] for name in _PLACES if isinstance(chunk.get(name), dict))
    place = next(places, {})
    return Found(_text(place, "uri") or _text(place, "sourceUri"), _text(place, "title"), _text(place, "text"))


def _span(segment: dict[str, Any], said: str) -> tuple[int | None, int | None]:
    """The characters that a segment's bytes are."""
    start, end, text = segment.get("startIndex") or 0, segment.get("endIndex"), _text(segment, "text")
    if isinstance(start, int) and isinstance(end, int) and 0 <= start < end:
        raw = said.encode()
        first = len(raw[:start].decode(errors="ignore"))
        last = len(raw[:end].decode(errors="ignore"))
        if end <= len(raw) and (not text or said[first:last] == text):
            return first, last
    at = said.find(text) if text else -1
    return (at, at + len(text)) if at >= 0 else (None, None)


def _objects(parent: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = parent.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(parent: dict[str, Any], key: str) -> str:
    value = parent.get(key)
    return value if isinstance(value, str) else ""


def _written(url: str, title: str, cited: str) -> dict[str, Any]:
    """One groundingChunk: words of a source have a place only where it is a document of the client's own."""
    told = {name: value for name, value in (("uri", url), ("title", title), ("text", cited)) if value}
    return {"retrievedContext" if cited else "web": told}


class Sources:
    """The citations of one answer as groundingMetadata. Keeps the text of the open block only."""

    __slots__ = ("_before_bytes", "_chunks", "_looked_characters", "_said", "_supports")

    def __init__(self) -> None:
        self._before_bytes = 0  # of the text blocks that are closed
        self._said: list[str] = []
        self._looked_characters = 0
        self._chunks: dict[tuple[str, str, str], int] = {}
        self._supports: list[dict[str, Any]] = []

    def say(self, text: str) -> None:
        """A piece of the open block's text."""
        self._said.append(text)

    def close_block(self) -> None:
        """The open block ends."""
        if self._said:
            self._before_bytes += len("".join(self._said).encode())
            self._said.clear()

    def cite(self, citation: Citation) -> None:
        """A source of the open block; its place is told while LOOKED_CHARACTERS have not been gone through."""
        key = (citation.url, citation.title, citation.cited)
        number = self._chunks.setdefault(key, len(self._chunks))
        if citation.start is None or citation.end is None or self._looked_characters > LOOKED_CHARACTERS:
            return
        said = "".join(self._said)
        self._said = [said]
        self._looked_characters += len(said)
        text = said[citation.start : citation.end]
        first = self._before_bytes + len(said[: citation.start].encode())
        segment = {"startIndex": first, "endIndex": first + len(text.encode()), "text": text}
        self._supports.append({"segment": segment, "groundingChunkIndices": [number]})

    def metadata(self) -> dict[str, Any]:
        """The groundingMetadata; {} when nothing was cited."""
        if not self._chunks:
            return {}
        chunks = [_written(*key) for key in self._chunks]
        return {"groundingChunks": chunks, **({"groundingSupports": self._supports} if self._supports else {})}
