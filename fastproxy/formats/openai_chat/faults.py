"""A Fault as OpenAI says it, and back: the error body (Chat and Responses share it) and Chat's error within a stream.

What is written is what the Fault says and nothing about who failed: no secret, no host, no stack trace gets in here.
Source: platform.openai.com/docs/guides/error-codes, as in the project's wire notes; recorded errors, read 2026-11-21.
"""

import re
from typing import Any

import orjson

from fastproxy.errors import Fault, Kind, Reason
from fastproxy.formats.openai_chat.reasons import kind_of_status, kind_of_words, reason_of
from fastproxy.framing.sse import ends_event
from fastproxy.ir.events import Failed

# kind -> (type, code). OpenAI's own words where it has one; else the kind itself, so that a program can tell.
TYPES: dict[Kind, tuple[str, str | None]] = {
    "bad_request": ("invalid_request_error", None),
    "unauthorized": ("invalid_request_error", "invalid_api_key"),
    "forbidden": ("permission_error", "forbidden"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "no_credential": ("server_error", "no_credential"),
    "rate_limited": ("rate_limit_error", "rate_limit_exceeded"),
    "overloaded": ("server_error", "overloaded"),
    "unreachable": ("server_error", "upstream_unreachable"),
    "timeout": ("server_error", "upstream_timeout"),
    "upstream_refused": ("server_error", "upstream_refused"),
    "upstream_garbage": ("server_error", "upstream_garbage"),
    "client_gone": ("server_error", "client_gone"),
}
# The codes that agents act on go before the kind's own.
_REASON_TYPES: dict[Reason, tuple[str, str]] = {
    "context_length": ("invalid_request_error", "context_length_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "content_filter": ("invalid_request_error", "content_filter"),
    "model_not_found": ("invalid_request_error", "model_not_found"),
}

MESSAGE_CHARACTERS = 2000  # of a vendor's message; a page of HTML is none
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(ms|s))?")
_TRY_AGAIN = re.compile(r"(?:try again|retry) in ((?:\d+h)?(?:\d+m(?!s))?(?:\d+(?:\.\d+)?m?s)?)", re.IGNORECASE)


def type_and_code(fault: Fault) -> tuple[str, str | None]:
    """OpenAI's words for a fault: its reason's, else its kind's."""
    return _REASON_TYPES.get(fault.reason) or TYPES[fault.kind]


def encode_fault(fault: Fault, request_id: str) -> bytes:  # noqa: ARG001 - OpenAI's envelope has no place for the id
    """The error body, with all four keys."""
    return orjson.dumps(_envelope(fault))


def fault_event(fault: Fault, tail: bytes) -> bytes:
    """The error within a stream. No [DONE] may follow it: clients would take the stream for a finished one."""
    return b"%bdata: %b\n\n" % (b"" if ends_event(tail) else b"\n\n", orjson.dumps(_envelope(fault)))


def decode_fault(status: int, body: bytes) -> Fault:
    """What an upstream refused with: its status, its message, and the cause and wait that it names.

    body: OpenAI's envelope, or what hosts send for it: the error as a string, a bare object, an array around it, text.
    """
    error = _error_object(body)
    message, codes = _message(error), _codes(error)
    return Fault(
        kind_of_status(status, codes),
        message or f"the upstream answered with status {status}",
        status=status,
        retry_after_seconds=_retry_after_seconds(error, message),
        param=_text(error.get("param")) or None,
        reason=reason_of(codes, message),
    )


def failed_of(error: object) -> Failed:
    """The event for an error object (or string) within a stream. Its own status, else its words, tell the kind."""
    told = error if isinstance(error, dict) else {"message": error}
    message, codes = _message(told), _codes(told)
    statuses = (told.get(name) for name in ("status_code", "code", "status"))
    status = next((value for value in statuses if isinstance(value, int) and 400 <= value < 600), 0)
    reason = reason_of(codes, message)
    kind = kind_of_status(status, codes) if status else kind_of_words(codes, reason)
    return Failed(kind, message or "the upstream reported an error", reason)


def _envelope(fault: Fault) -> dict[str, Any]:
    type_, code = type_and_code(fault)
    return {"error": {"message": fault.message, "type": type_, "param": fault.param, "code": code}}


def _error_object(body: bytes) -> dict[str, Any]:
    """The error that a body tells. Text that is not JSON is the message, unless it is a page for a browser."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode(errors="replace").strip()
        return {"message": "" if text.startswith("<") else text}
    if isinstance(value, list) and value:  # Google's OpenAI-compatible endpoint
        value = value[0]
    if not isinstance(value, dict):
        return {"message": value}
    error = value.get("error")
    if isinstance(error, dict):
        return error
    return value | {"message": error} if isinstance(error, str) else value


def _message(error: dict[str, Any]) -> str:
    """The vendor's words. OpenRouter's own say nothing; those of the host behind it stand in `metadata.raw`."""
    message = next((text for name in ("message", "detail", "msg") if (text := _words(error.get(name)))), "")
    metadata = error.get("metadata")
    raw = _text(metadata.get("raw")) if isinstance(metadata, dict) else ""
    return ": ".join(filter(None, (message, raw)))[:MESSAGE_CHARACTERS]


def _words(told: object) -> str:
    """A text, or what a validator lists in its place (FastAPI's, and so vLLM's; Mistral's): where, and what."""
    detail = told.get("detail") if isinstance(told, dict) else told
    if not isinstance(detail, list):
        return _text(detail)
    return "; ".join(filter(None, (_complaint(entry) for entry in detail if isinstance(entry, dict))))


def _complaint(entry: dict[str, Any]) -> str:
    place = entry.get("loc")
    where = ".".join(_text(step) or str(step) for step in place) if isinstance(place, list) else ""
    return ": ".join(filter(None, (where, _text(entry.get("msg")))))


def _codes(error: dict[str, Any]) -> tuple[str, ...]:
    return tuple(text for name in ("code", "type", "error_type") if (text := _text(error.get(name))))


def _retry_after_seconds(error: dict[str, Any], message: str) -> float | None:
    """How long to wait: as a number of its own, as Google's RetryInfo, or within the message."""
    seconds = error.get("resets_in_seconds")
    if isinstance(seconds, int | float):
        return float(seconds)
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and (delay := _text(detail.get("retryDelay"))):
            return _seconds(delay)
    told = _TRY_AGAIN.search(message)
    return _seconds(told[1]) if told is not None else None


def _seconds(duration: str) -> float | None:
    """Seconds in "1m30.5s", "34s" or "120ms"; None for anything else."""
    match = _DURATION.fullmatch(duration)
    if match is None or not match[0]:
        return None
    hours, minutes, count, unit = match.groups()
    rest = float(count or 0) / (1000 if unit == "ms" else 1)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + rest


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
