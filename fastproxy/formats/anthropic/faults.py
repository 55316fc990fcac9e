"""A Fault and Anthropic's errors, both ways: a body before the first byte, an `error` event after it.

A fault's reason is said in the words that this format's clients look for; words that are there already stay.
Source: wire format notes 2.8, anthropic 2.12.0 `types/shared`, the vendor's public error texts, read 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from fastproxy.errors import Fault, Kind, Reason
from fastproxy.framing.sse import ends_event
from fastproxy.ir.events import Failed

TYPES: dict[Kind, str] = {
    "bad_request": "invalid_request_error",
    "unauthorized": "authentication_error",
    "forbidden": "permission_error",
    "not_found": "not_found_error",
    "too_large": "request_too_large",
    "no_credential": "api_error",
    "rate_limited": "rate_limit_error",
    "overloaded": "overloaded_error",
    "unreachable": "api_error",
    "timeout": "timeout_error",
    "upstream_refused": "api_error",
    "upstream_garbage": "api_error",
    "client_gone": "api_error",
}
# A fault may carry a status of its own (a bad_request answered 409); the vendor's types follow the status.
TYPES_BY_STATUS: dict[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# What clients look for in the message, whichever of the phrases it is, and the type beside it. Claude Code shortens the
# conversation, or what it asks for, at the first two, and stops asking at the third.
WORDS: dict[Reason, tuple[tuple[str, ...], str]] = {
    "context_length": (("prompt is too long", "exceed context limit"), "invalid_request_error"),
    "quota": (("Your credit balance is too low",), "billing_error"),
    "content_filter": (("Output blocked by content filtering policy",), "invalid_request_error"),
    "model_not_found": (("model:",), "not_found_error"),
}

_KINDS_BY_STATUS: dict[int, Kind] = {
    401: "upstream_refused",
    402: "upstream_refused",
    403: "upstream_refused",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
# Of an error event: its stream was answered 200, so that only the type tells.
_KINDS_BY_TYPE: dict[str, Kind] = {
    "invalid_request_error": "bad_request",
    "conflict_error": "bad_request",
    "authentication_error": "upstream_refused",
    "billing_error": "upstream_refused",
    "permission_error": "upstream_refused",
    "not_found_error": "not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limited",
    "timeout_error": "timeout",
    "overloaded_error": "overloaded",
}
# What upstreams say, in lower case, and what they mean by it. Hosts that imitate this format have words of their own.
_PHRASES: tuple[tuple[str, Reason], ...] = (
    ("prompt is too long", "context_length"),
    ("exceed context limit", "context_length"),
    ("input is too long", "context_length"),  # Bedrock
    ("context window", "context_length"),
    ("maximum context length", "context_length"),
    ("credit balance is too low", "quota"),
    ("insufficient balance", "quota"),
    ("content filtering policy", "content_filter"),
)
_THREAD_NOT_FOUND = {"error_code": "thread_not_found"}  # upon which the SDK sends the whole conversation
_MESSAGE_CHARACTERS = 2000  # of a body that is no error object; pages of HTML help nobody


def encode_fault(fault: Fault, request_id: str) -> bytes:
    """The error body."""
    return orjson.dumps({"type": "error", "error": _error(fault), "request_id": request_id})


def fault_event(fault: Fault, tail: bytes) -> bytes:
    """The error event that ends a stream; begins with a blank line where `tail`, the bytes before it, ends no event."""
    before = b"" if ends_event(tail) else b"\n\n"
    return b"%bevent: error\ndata: %b\n\n" % (before, orjson.dumps({"type": "error", "error": _error(fault)}))


def decode_fault(status: int, body: bytes) -> Fault:
    """What an upstream's refusal with `status` means. Any body is taken: hosts and the gates before them write others.

    Returns: a Fault of the kind that the status says, with that status and the upstream's own message.
    """
    type_, message = _told(body)
    reason = _reason(type_, message, is_unknown=status == 404 or type_ == "not_found_error")
    kind = _KINDS_BY_STATUS.get(status, "upstream_garbage" if status >= 500 else "bad_request")
    return Fault(kind, message or f"the upstream answered with status {status}", status=status, reason=reason)


def decode_failed(event: Mapping[str, Any]) -> Failed:
    """What an error object in a stream, or in place of an answer, means."""
    type_, message = _of(event)
    kind = _KINDS_BY_TYPE.get(type_, "upstream_garbage")
    reason = _reason(type_, message, is_unknown=kind == "not_found")
    return Failed(kind, message or "the upstream reported an error without a word about it", reason)


def _error(fault: Fault) -> dict[str, Any]:
    type_ = TYPES_BY_STATUS.get(fault.status, TYPES[fault.kind])
    message = fault.message
    if fault.reason and not _ends_by_itself(fault):
        phrases, type_ = WORDS[fault.reason]
        if not any(phrase.lower() in message.lower() for phrase in phrases):
            message = f"{phrases[0].removesuffix(':')}: {message}"
    details = {"details": _THREAD_NOT_FOUND} if fault.kind == "not_found" and fault.param == "thread" else {}
    return {"type": type_, "message": message, **details}


def _ends_by_itself(fault: Fault) -> bool:
    """Whether it is a limit that comes with a wait, as a plan's does: nobody has to pay for its end."""
    waits = fault.retry_after_seconds is not None or any(name == b"retry-after" for name, _ in fault.headers)
    return fault.reason == "quota" and waits


def _told(body: bytes) -> tuple[str, str]:
    """Type and message of an error body; its text where it is no JSON object."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode(errors="replace").strip()
        return "", "" if text.startswith("<") else text[:_MESSAGE_CHARACTERS]
    return _of(told[0] if isinstance(told, list) and told else told)


def _of(told: object) -> tuple[str, str]:
    """Type and message of `{"error": {"type", "message"}}`, and of the flatter shapes that other hosts have."""
    if not isinstance(told, dict):
        return "", told if isinstance(told, str) else ""
    error = told.get("error")
    inner = error if isinstance(error, dict) else told
    type_ = inner.get("type")
    said = next((text for key in ("message", "detail", "error") if isinstance(text := inner.get(key), str)), "")
    return type_ if isinstance(type_, str) else "", said


def _reason(type_: str, message: str, *, is_unknown: bool) -> Reason:
    said = message.lower()
    for phrase, reason in _PHRASES:
        if phrase in said:
            return reason
    if type_ == "billing_error":
        return "quota"
    return "model_not_found" if is_unknown and "model" in said else ""
