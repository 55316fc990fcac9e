"""A Fault as Gemini writes errors: a google.rpc.Status in JSON, before the first byte or in the stream.

Source: wire format notes 2.8; google.rpc error details; google-genai 3.4.0 `errors.py`; read 2026-11-21.
"""

from typing import Any

import orjson

from fastproxy.errors import Fault, Kind, Reason
from fastproxy.framing.sse import ends_event

STATUSES: dict[Kind, str] = {
    "bad_request": "INVALID_ARGUMENT",
    "unauthorized": "UNAUTHENTICATED",
    "forbidden": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "too_large": "INVALID_ARGUMENT",
    "no_credential": "UNAVAILABLE",
    "rate_limited": "RESOURCE_EXHAUSTED",
    "overloaded": "UNAVAILABLE",
    "unreachable": "UNAVAILABLE",
    "timeout": "DEADLINE_EXCEEDED",
    "upstream_refused": "UNAVAILABLE",
    "upstream_garbage": "UNAVAILABLE",
    "client_gone": "CANCELLED",
}
# A fault may carry a status of its own (a bad_request answered 409); the vendor's names follow the status.
STATUSES_BY_CODE: dict[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


_TOO_LONG = "The input token count exceeds the maximum number of tokens allowed"
_SPENT = "You exceeded your current quota"
# Reason -> (what clients look for, and what is put in front of a message that has it not).
_PHRASES: dict[Reason, tuple[str, str]] = {
    "context_length": ("exceeds the maximum number of tokens", _TOO_LONG),
    "quota": ("quota", _SPENT),
    "content_filter": ("PROHIBITED_CONTENT", "The prompt was blocked: PROHIBITED_CONTENT"),
    "model_not_found": ("model is not found", "The model is not found"),
}


def encode_fault(fault: Fault, request_id: str) -> bytes:
    """The error body. Gemini clients read the wait from `details`: its own API sends no Retry-After."""
    details: list[dict[str, str]] = []
    if request_id:
        details.append({"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": request_id})
    return orjson.dumps({"error": _error(fault, details)})


def fault_event(fault: Fault, tail: bytes) -> bytes:
    """The error event that ends a stream; begins with a blank line where `tail`, the bytes before it, ends no event."""
    before = b"" if ends_event(tail) else b"\n\n"
    return b"%bdata: %b\n\n" % (before, fault_object(fault))


def fault_object(fault: Fault) -> bytes:
    """The error as one element of a stream, unframed."""
    return orjson.dumps({"error": _error(fault, [])})


def _error(fault: Fault, details: list[dict[str, str]]) -> dict[str, Any]:
    if fault.retry_after_seconds is not None:
        delay = f"{fault.retry_after_seconds:.3f}".rstrip("0").rstrip(".") + "s"  # a Duration has no exponent
        details = [*details, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    status = STATUSES_BY_CODE.get(fault.status, STATUSES[fault.kind])
    error: dict[str, Any] = {"code": fault.status, "message": _message(fault), "status": status}
    return {**error, "details": details} if details else error


def _message(fault: Fault) -> str:
    """The message, in the words that say the reason."""
    looked_for, said = _PHRASES.get(fault.reason, ("", ""))
    return fault.message if looked_for in fault.message else f"{said}. {fault.message}"
