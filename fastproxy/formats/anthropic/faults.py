"""A Fault as Anthropic writes errors: a body before the first byte, an `error` event after it.

Source: wire format notes 2.8 and the public list of error types, read 2026-11-21.
"""

import orjson

from fastproxy.errors import Fault, Kind
from fastproxy.framing.sse import ends_event

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


def fault(fault: Fault, request_id: str) -> bytes:
    """The error body."""
    return orjson.dumps({"type": "error", "error": _error(fault), "request_id": request_id})


def fault_event(fault: Fault, tail: bytes) -> bytes:
    """The error event that ends a stream; begins with a blank line where `tail`, the bytes before it, ends no event."""
    before = b"" if ends_event(tail) else b"\n\n"
    return b"%bevent: error\ndata: %b\n\n" % (before, orjson.dumps({"type": "error", "error": _error(fault)}))


def _error(fault: Fault) -> dict[str, str]:
    return {"type": TYPES_BY_STATUS.get(fault.status, TYPES[fault.kind]), "message": fault.message}
