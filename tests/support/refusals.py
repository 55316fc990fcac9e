"""How a host of each format refuses: an error body, and the event that breaks a stream off.

The tests' own writing. Source: the vendors' error references; recorded refusals; read 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from support import script
from support.exchange import Format
from support.script import AnyAct, Header

_OPENAI = {
    400: "invalid_request_error", 401: "invalid_request_error", 403: "permission_error", 404: "invalid_request_error",
    413: "invalid_request_error", 429: "requests", 500: "server_error", 503: "server_error", 529: "server_error",
}  # fmt: skip
_ANTHROPIC = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 503: "api_error", 529: "overloaded_error",
}  # fmt: skip
_GEMINI = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    413: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 529: "UNAVAILABLE",
}  # fmt: skip
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}

TOO_LONG: Mapping[Format, str] = {
    "openai-chat": "This model's maximum context length is 128000 tokens, but 131000 were asked for.",
    "openai-responses": "Your input exceeds the context window of this model.",
    "anthropic": "prompt is too long: 210000 tokens > 200000 maximum",
    "gemini": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
}
REQUEST_ID = "req_of_the_host"
LIMITS: Mapping[Format, list[Header]] = {
    "openai-chat": [("x-request-id", REQUEST_ID), ("x-ratelimit-remaining-requests", "0")],
    "openai-responses": [("x-request-id", REQUEST_ID), ("x-ratelimit-reset-tokens", "6ms")],
    "anthropic": [("request-id", REQUEST_ID), ("anthropic-ratelimit-requests-remaining", "0")],
    "gemini": [("server-timing", "gfet4t7; dur=34")],
}
WAIT_SECONDS = 7


class Refusal(msgspec.Struct, frozen=True):
    """code: OpenAI's word for it, where it is not the status's own. waits: whether it says how long to wait."""

    status: int
    message: str
    code: str | None = None
    waits: bool = False


def body(format_: Format, refusal: Refusal) -> bytes:
    """The refusal as this format's hosts write it."""
    return orjson.dumps(_envelope(format_, refusal))


def acts(format_: Format, refusal: Refusal) -> list[AnyAct]:
    """The refusal with its headers: who may wait is told by Retry-After, by Google in the body."""
    headers = [script.JSON, *LIMITS[format_]]
    if refusal.waits and format_ != "gemini":
        headers.append(("retry-after", str(WAIT_SECONDS)))
    return script.whole(body(format_, refusal), status=refusal.status, headers=headers)


def event(format_: Format) -> bytes:
    """What an overloaded host breaks a stream off with."""
    told = _envelope(format_, Refusal(503, "The lighthouse is overloaded."))
    if format_ == "anthropic":
        told["error"]["type"] = "overloaded_error"
        return b"event: error\ndata: " + orjson.dumps(told) + b"\n\n"
    if format_ == "openai-responses":
        flat = {"type": "error", "code": "server_is_overloaded", "message": told["error"]["message"], "param": None}
        return b"event: error\ndata: " + orjson.dumps(flat | {"sequence_number": 99}) + b"\n\n"
    if format_ == "openai-chat":
        told["error"]["code"] = 503  # as hosts that pass on other vendors' models do
    end = b"\r\n\r\n" if format_ == "gemini" else b"\n\n"
    return b"data: " + orjson.dumps(told) + end


def _envelope(format_: Format, refusal: Refusal) -> dict[str, Any]:
    status, message = refusal.status, refusal.message
    if format_ == "anthropic":
        return {"type": "error", "error": {"type": _ANTHROPIC[status], "message": message}, "request_id": REQUEST_ID}
    if format_ == "gemini":
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        details = [{"@type": kind, "retryDelay": f"{WAIT_SECONDS}s"}] if refusal.waits else []
        return {"error": {"code": status, "message": message, "status": _GEMINI[status], "details": details}}
    code = refusal.code or _CODES.get(status)
    return {"error": {"message": message, "type": _OPENAI[status], "param": None, "code": code}}
