"""One chunk of a Gemini answer as decoded JSON, and the exact text of what must not be decoded.

Takes what hosts really send: one chunk or a list of them, an envelope around it, either spelling of the keys.
Source: recorded answers; Gemini Code Assist's envelope as its public clients read it; read 2026-11-21.
"""

from typing import Any

import msgspec
import orjson

from fastproxy.errors import Fault
from fastproxy.formats.body import without_lone_surrogates
from fastproxy.formats.gemini.fields import AsSent, camel, respelled
from fastproxy.framing.jsonarray import ArrayReader

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_CAMEL = frozenset({"modelVersion", "usageMetadata", "responseId", "promptFeedback"})

DONE = b"[DONE]"  # of hosts that speak OpenAI as well

_Json = dict[str, Any]


class Chunk(msgspec.Struct, gc=False):
    """One chunk. told: its fields, keys in camelCase. data: as it came."""

    told: _Json
    data: bytes
    _parts: tuple[list[bytes], AsSent] | None = None

    def part(self, candidate: int, number: int) -> str:
        """The JSON text of one part of one candidate, byte for byte. Ask in order."""
        raws, sent = self._parts = self._parts or _raw_parts(self.data, candidate)
        return sent.text(raws[number])


def read(data: bytes) -> list[Chunk]:
    """The chunks of one event. Raises: Fault(upstream_garbage) for what is no JSON object, nor a list of them."""
    if data == DONE:
        return []
    try:
        told = orjson.loads(data)
    except orjson.JSONDecodeError:
        told = loads(data)
    return chunks_of(told, data)


def chunks_of(told: object, data: bytes) -> list[Chunk]:
    """The chunks of one event whose JSON is `told`. Raises: as `read`."""
    if type(told) is dict:
        if "modelVersion" in told or not _CAMEL.isdisjoint(told):  # what nearly every chunk of every host is
            return [Chunk(told, data)]
        return _unusual(told, data)
    if isinstance(told, list):
        return [chunk for element in ArrayReader(len(data)).feed(data) for chunk in read(element)]
    raise Fault("upstream_garbage", "the upstream sent something that is no answer")


def loads(data: bytes) -> Any:
    """The decoded JSON; lone surrogates become U+FFFD. Raises: Fault(upstream_garbage)."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return orjson.loads(without_lone_surrogates(data))
    except (orjson.JSONDecodeError, Fault):
        raise Fault("upstream_garbage", "the upstream sent something that is not JSON") from None


def _unusual(told: _Json, data: bytes) -> list[Chunk]:
    if isinstance(told.get("response"), dict) and "candidates" not in told:
        return read(bytes(_OBJECT.decode(without_lone_surrogates(data))["response"]))
    return [Chunk(respelled(told), data)]


def _raw_parts(data: bytes, candidate: int) -> tuple[list[bytes], AsSent]:
    decoded = without_lone_surrogates(data)
    candidates = _LIST.decode(_OBJECT.decode(decoded)["candidates"])
    content = _OBJECT.decode(_OBJECT.decode(candidates[candidate])["content"])
    return [bytes(raw) for raw in _LIST.decode(content["parts"])], AsSent(data, decoded)


def arguments(part: str) -> str:
    """The text of a part's args as it came; "{}" when it has none."""
    decoded = without_lone_surrogates(part.encode())
    sent = AsSent(part.encode(), decoded)
    call = next(raw for key, raw in _OBJECT.decode(decoded).items() if camel(key) == "functionCall")
    raw = bytes(_OBJECT.decode(call).get("args", b"{}"))
    if raw.startswith(b'"'):  # a host that writes the text of the object instead of the object
        return str(orjson.loads(raw))
    return "{}" if raw == b"null" else sent.text(raw)
