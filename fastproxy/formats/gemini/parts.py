"""One Gemini part each, as JSON bytes, and what surrounds them. The stream and the whole answer share them."""

from typing import Any

import orjson

from fastproxy.formats.arguments import arguments_object
from fastproxy.formats.gemini import usage
from fastproxy.formats.gemini.grounding import Sources
from fastproxy.ir.events import Start, Usage
from fastproxy.ir.fold import ToolCall


def text(piece: str) -> bytes:
    """Visible text."""
    return b'{"text":%b}' % orjson.dumps(piece)


def thought(piece: str, signature: str | None) -> bytes:
    """Thinking; its signature may stand on a part without text."""
    part: dict[str, Any] = {"text": piece, "thought": True}
    if signature:
        part["thoughtSignature"] = signature
    return orjson.dumps(part)


def proof(signature: str) -> bytes:
    """The signature of the text before, or of a call that is not there."""
    return orjson.dumps({"text": "", "thoughtSignature": signature})


def function_call(call: ToolCall, signature: str | None) -> bytes | None:
    """A whole call, its argument text spliced in as it came; None when that is not one JSON object.

    Free text, which a custom tool takes, becomes the one string of an object.
    """
    raw = orjson.dumps({"input": call.arguments}) if call.custom else arguments_object(call.arguments)
    if raw is None:
        return None
    told: dict[str, Any] = {"id": call.id} if call.id else {}
    part: dict[str, Any] = {"functionCall": {**told, "name": call.name, "args": orjson.Fragment(raw)}}
    return orjson.dumps({**part, "thoughtSignature": signature} if signature else part)


def chunk(parts: list[bytes], tail: bytes) -> bytes:
    """One GenerateContentResponse. tail: from `chunk_tail`."""
    return b'{"candidates":[{"content":{"parts":[%b],"role":"model"},"index":0}]%b}' % (b",".join(parts), tail)


def last_chunk(parts: list[bytes], finish: str, sources: Sources, tail: bytes) -> bytes:
    """A response's last one, or its only one: with the reason to stop, and where its text comes from."""
    grounding = sources.metadata()
    grounded = b',"groundingMetadata":%b' % orjson.dumps(grounding) if grounding else b""
    content = b'{"content":{"parts":[%b],"role":"model"},"finishReason":"%b","index":0%b}' % (
        b",".join(parts),
        finish.encode(),
        grounded,
    )
    return b'{"candidates":[%b]%b}' % (content, tail)


def chunk_tail(start: Start, tokens: Usage) -> bytes:
    """What every chunk of one response ends in: the tokens so far, the model, the response's id."""
    counts = usage.encode(tokens)
    fields: dict[str, Any] = {"usageMetadata": counts} if counts else {}
    fields |= {"modelVersion": start.model, "responseId": start.id}
    return b",%b" % orjson.dumps(fields)[1:-1]
