"""A Fault within a Responses stream, and as the error of a failed response. The error body is Chat's.

The event is flat, as the specification and the SDK have it; OpenAI itself has been recorded sending it nested.
Source: openai 3.54.0, types/responses/response_error_event.py and response_error.py, read 2026-11-21.
"""

import re
from typing import Any

import orjson

from fastproxy.errors import Fault, Kind
from fastproxy.formats.openai_chat.faults import TYPES
from fastproxy.framing.sse import ends_event

# A number at the very end of the bytes may have been cut, so something must follow it.
_SEQUENCE_NUMBER = re.compile(rb'"sequence_number"\s*:\s*([0-9]{1,15})\s*[,}]')

# The codes of a failed response are a closed list; everything that is not the caller's doing is a server error there.
_FAILED_CODES: dict[Kind, str] = {
    "bad_request": "invalid_prompt",
    "too_large": "invalid_prompt",
    "rate_limited": "rate_limit_exceeded",
}


def fault_event(fault: Fault, tail: bytes) -> bytes:
    """The error event. Its number follows the last one in `tail`; 0 when there is none."""
    numbers = _SEQUENCE_NUMBER.findall(tail)
    event = {
        "type": "error",
        "code": TYPES[fault.kind][1],
        "message": fault.message,
        "param": fault.param,
        "sequence_number": int(numbers[-1]) + 1 if numbers else 0,
    }
    return b"%bevent: error\ndata: %b\n\n" % (b"" if ends_event(tail) else b"\n\n", orjson.dumps(event))


def response_error(fault: Fault) -> dict[str, Any]:
    """The `error` of a response whose status is "failed"."""
    return {"code": _FAILED_CODES.get(fault.kind, "server_error"), "message": fault.message}
