"""One Gemini part each, as JSON bytes, and what surrounds them. The stream and the whole answer share them."""

from typing import Any

import orjson

from fastproxy.formats.arguments import arguments_object
from fastproxy.formats.gemini import usage
from fastproxy.ir.events import Start, Usage


def text(piece: str) -> bytes:
    """Visible text."""
    return b'{"text":%b}' % orjson.dumps(piece)


def thought(piece: str, signature: str | None) -> bytes:
    """Thinking; its signature may stand on a part without text."""
    part: dict[str, Any] = {"text": piece, "thought": True}
    if signature:
        part["thoughtSignature"] = signature
    return orjson.dumps(part)


def function_call(call_id: str, name: str, arguments: str) -> bytes | None:
    """A whole call, its argument text spliced in as it came; None when that is not one JSON object."""
    raw = arguments_object(arguments)
    if raw is None:
        return None
    call: dict[str, Any] = {"id": call_id} if call_id else {}
    return orjson.dumps({"functionCall": {**call, "name": name, "args": orjson.Fragment(raw)}})


def chunk(parts: list[bytes], finish: str | None, tail: bytes) -> bytes:
    """One GenerateContentResponse. finish: only on a response's last. tail: from `chunk_tail`."""
    reason = b"" if finish is None else b',"finishReason":"%b"' % finish.encode()
    content = b'{"content":{"parts":[%b],"role":"model"}%b,"index":0}' % (b",".join(parts), reason)
    return b'{"candidates":[%b]%b}' % (content, tail)


def chunk_tail(start: Start, tokens: Usage) -> bytes:
    """What every chunk of one response ends in: the tokens so far, the model, the response's id."""
    counts = usage.encode(tokens)
    fields: dict[str, Any] = {"usageMetadata": counts} if counts else {}
    fields |= {"modelVersion": start.model, "responseId": start.id}
    return b",%b" % orjson.dumps(fields)[1:-1]
