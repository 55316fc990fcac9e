"""A Fault as OpenAI says it: the error body (Chat and Responses share it) and Chat's error within a stream.

It writes what the Fault says and nothing about who failed: no secret, no host, no stack trace can get in here.
Source: platform.openai.com/docs/guides/error-codes, as in the project's wire notes, read 2026-11-21.
"""

from typing import Any

import orjson

from fastproxy.errors import Fault, Kind
from fastproxy.framing.sse import ends_event

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


def fault(fault: Fault, request_id: str) -> bytes:  # noqa: ARG001 - OpenAI's envelope has no place for the id
    """The error body, with all four keys."""
    return orjson.dumps(_envelope(fault))


def fault_event(fault: Fault, tail: bytes) -> bytes:
    """The error within a stream. No [DONE] may follow it: clients would take the stream for a finished one."""
    return b"%bdata: %b\n\n" % (b"" if ends_event(tail) else b"\n\n", orjson.dumps(_envelope(fault)))


def _envelope(fault: Fault) -> dict[str, Any]:
    type_, code = TYPES[fault.kind]
    return {"error": {"message": fault.message, "type": type_, "param": fault.param, "code": code}}
