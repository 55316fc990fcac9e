"""A Gemini error in the hub's words: a refusal's body, or the error within a stream.

The status that the upstream answered with is always kept. Never quotes a body that is not an error of this format.
Source: recorded errors; google.rpc.Status and its details (RetryInfo, QuotaFailure, ErrorInfo); read 2026-11-21.
"""

import re
from typing import Any

import orjson

from fastproxy.errors import Fault, Kind, Reason

_KINDS: dict[int, Kind] = {
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
# An error within a stream has no status line; hosts also leave out its code.
_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_REFUSED_KEYS = frozenset({"API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "API_KEY_EXPIRED"})  # Google answers 400
_DELAY = re.compile(r"(\d+(?:\.\d+)?)s")
_TOO_LONG = re.compile(r"exceeds the maximum number of (?:input )?tokens|maximum context length", re.IGNORECASE)
_NAMED_NO_MODEL = re.compile(r"\bmodels?(?:/\S+)? is not found\b", re.IGNORECASE)  # says so with any status
_NO_MODEL = re.compile(r"models?[ /].*(?:not found|not supported|does not exist)", re.IGNORECASE | re.DOTALL)

_Json = dict[str, Any]


def decode_fault(status: int, body: bytes) -> Fault:
    """The refusal: the vendor's message, kind by status, wait and reason where the body tells them.

    body: an object, or a list of one as requests without alt=sse get it; anything else leaves only the status.
    """
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = None
    told = told[0] if isinstance(told, list) and told else told
    error = told.get("error") if isinstance(told, dict) else None
    return fault_of(error if isinstance(error, dict) else {}, status)


def fault_of(error: _Json, status: int | None = None) -> Fault:
    """The fault that one error object tells. status: of the answer; None within a stream."""
    code = status or _code(error)
    message = error.get("message")
    text = message if isinstance(message, str) and message else f"the upstream answered {code}"
    details = error.get("details")
    told = [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    wait = _wait_seconds(told)
    return Fault(
        _kind(code, told),
        text,
        status=code,
        retry_after_seconds=wait,
        reason=_reason(code, text, told, wait),
        param=_field(told),
    )


def _code(error: _Json) -> int:
    code = error.get("code")
    if isinstance(code, int) and 400 <= code <= 599:
        return code
    return _CODES.get(str(error.get("status")), 502)


def _kind(status: int, details: list[_Json]) -> Kind:
    if any(str(detail.get("reason")) in _REFUSED_KEYS for detail in details):
        return "upstream_refused"
    return _KINDS.get(status, "bad_request" if status < 500 else "upstream_garbage")


def _wait_seconds(details: list[_Json]) -> float | None:
    for detail in details:
        if found := _DELAY.fullmatch(str(detail.get("retryDelay", ""))):
            return float(found[1])
    return None


def _reason(status: int, message: str, details: list[_Json], wait_seconds: float | None) -> Reason:
    if status in {400, 413} and _TOO_LONG.search(message):
        return "context_length"
    if _NAMED_NO_MODEL.search(message) or (status == 404 and _NO_MODEL.search(message)):
        return "model_not_found"
    if status in {400, 403} and "PROHIBITED_CONTENT" in message:
        return "content_filter"
    if status != 429:
        return ""
    limits = [str(limit.get("quotaId")) for detail in details for limit in _violations(detail)]
    spent = any("PerDay" in limit for limit in limits)
    # Google says "quota" for limits per minute as well; those come with a wait.
    return "quota" if spent or (wait_seconds is None and "exceeded your current quota" in message) else ""


def _violations(detail: _Json) -> list[_Json]:
    told = detail.get("violations")
    return [item for item in told if isinstance(item, dict)] if isinstance(told, list) else []


def _field(details: list[_Json]) -> str | None:
    """The field that a BadRequest names."""
    for detail in details:
        told = detail.get("fieldViolations")
        for item in told if isinstance(told, list) else ():
            if isinstance(item, dict) and isinstance(item.get("field"), str) and item["field"]:
                return str(item["field"])
    return None
