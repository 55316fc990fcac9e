"""The fields of a Gemini JSON object, in camelCase or snake_case as they came. Values inside stay text until asked for.

Never changes a key inside arguments, schemas or answers of tools: those are the caller's own words.
Source: recorded Vertex requests (snake_case); google-genai 3.4.0 (camelCase); read 2026-11-21.
"""

import re
from typing import Any

import msgspec

from fastproxy.formats.body import Raws, parse, values

# Google's own word for "this call was not made by a Gemini that signs": accepted in place of a signature.
PLACEHOLDER = "skip_thought_signature_validator"

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OBJECTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_TEXT = msgspec.json.Decoder(str)
_ANY = msgspec.json.Decoder()
_NULL = msgspec.Raw(b"null")
_UNDERSCORE = re.compile(r"_([a-z])")
_OWN_WORDS = frozenset({"args", "response", "parameters", "parametersJsonSchema", "responseSchema"})


def camel(name: str) -> str:
    """`name` in camelCase."""
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name) if "_" in name else name


WORD = "text/x.enum"  # the media type of an answer that is one bare word


def respelled(value: Any) -> Any:
    """A decoded value with every key in camelCase, except inside what is somebody's own words."""
    if isinstance(value, list):
        return [respelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = ((camel(key), item) for key, item in value.items())
    return {key: item if key in _OWN_WORDS else respelled(item) for key, item in named}


def spelled(raws: Raws) -> Raws:
    """The object with its own keys in camelCase, less those that are null; what is inside stays as it is."""
    for key, raw in raws.items():
        if "_" in key or raw == _NULL:
            return {camel(key): raw for key, raw in raws.items() if raw != _NULL}
    return raws


def as_they_came(raw: bytes, where: str) -> Raws:
    """The fields of an object that is the caller's own: no key respelled, no null left out."""
    return parse(_OBJECT.decode, raw, where)


def opened(raw: bytes, where: str) -> Raws:
    """The fields of an object. Raises: Fault(bad_request) when it is none."""
    return spelled(parse(_OBJECT.decode, raw, where))


def inner(raws: Raws, key: str) -> Raws:
    """The fields of a nested object; {} when absent."""
    return spelled(parse(_OBJECT.decode, raws[key], key)) if key in raws else {}


def each(raws: Raws, key: str) -> list[Raws]:
    """The fields of every object of a list, or of one that stands for a list of itself alone; [] when absent.

    Google takes the one object too; examples of its older documentation were `"parts": {"text": ...}` (memory).
    """
    if key not in raws:
        return []
    raw = raws[key]
    if bytes(memoryview(raw)[:1]) == b"{":
        return [opened(raw, key)]
    return [spelled(item) for item in parse(_OBJECTS.decode, raw, key)]


def text(raws: Raws, key: str) -> str:
    """A string; "" when absent."""
    return parse(_TEXT.decode, raws[key], key) if key in raws else ""


def value(raws: Raws, key: str) -> Any:
    """The decoded value; None when absent."""
    return parse(_ANY.decode, raws[key], key) if key in raws else None


def plain(raws: Raws) -> dict[str, Any]:
    """The whole object, decoded."""
    return values(raws, frozenset())


class AsSent:
    """Nested texts as their sender wrote them, where decoding needs a stand-in of the same length.

    Lone surrogates are legal JSON that no decoder takes: arguments keep them, everything else gets U+FFFD.
    Ask in the order of the document.
    """

    __slots__ = ("_at", "_decoded", "_sent")

    def __init__(self, sent: bytes, decoded: bytes) -> None:
        self._sent = sent
        self._decoded = decoded
        self._at = 0

    def text(self, raw: bytes) -> str:
        """What stands in the sent bytes where `raw` stands in the decoded ones."""
        if self._sent is self._decoded or b"\\u" not in raw:
            return raw.decode()
        start = self._decoded.index(raw, self._at)
        self._at = start + len(raw)
        return self._sent[start : self._at].decode()
