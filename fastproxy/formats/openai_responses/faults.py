"""A Fault within a Responses stream, and as the error of a failed response; and back. The error body is Chat's.

The event is flat, as the specification and the SDK have it; OpenAI itself has been recorded sending it nested. What is
written is what the Fault says: no secret, no host, no stack trace gets in here.
Source: openai 3.54.0, types/responses/response_error_event.py and response_error.py, read 2026-11-21.
"""

import re
from typing import Any

import msgspec
import orjson

from fastproxy.errors import Fault, Kind
from fastproxy.formats import openai_shared
from fastproxy.formats.openai_shared import type_and_code
from fastproxy.framing.sse import ends_event
from fastproxy.ir.events import Failed

# A number at the very end of the bytes may have been cut, so something must follow it.
_SEQUENCE_NUMBER = re.compile(rb'"sequence_number"\s*:\s*([0-9]{1,15})\s*[,}]')

# The codes of a failed response are a closed list; everything that is not the caller's doing is a server error there.
_FAILED_CODES: dict[Kind, str] = {
    "bad_request": "invalid_prompt",
    "too_large": "invalid_prompt",
    "rate_limited": "rate_limit_exceeded",
}
# Of the list, those for what the caller sent: trying again would not help.
_CALLERS_CODES = re.compile(
    r"(?:invalid|failed_to_download|empty|unsupported)_(?:image|base64)\w*|image_\w+|\w+_policy\w*"
)


def fault_event(fault: Fault, tail: bytes) -> bytes:
    """The error event. Its number follows the last one in `tail`; 0 when there is none."""
    numbers = _SEQUENCE_NUMBER.findall(tail)
    type_, code = type_and_code(fault)
    event = {
        "type": "error",
        "code": code or type_,  # the flat event has no other place for the type
        "message": fault.message,
        "param": fault.param,
        "sequence_number": int(numbers[-1]) + 1 if numbers else 0,
    }
    return b"%bevent: error\ndata: %b\n\n" % (b"" if ends_event(tail) else b"\n\n", orjson.dumps(event))


def response_error(fault: Fault) -> dict[str, Any]:
    """The `error` of a response whose status is "failed".

    A reason goes before the closed list of codes: OpenAI has been recorded doing so ("insufficient_quota"), and Codex
    compacts the conversation on "context_length_exceeded" here and nowhere else.
    """
    code = type_and_code(fault)[1] if fault.reason else _FAILED_CODES.get(fault.kind, "server_error")
    return {"code": code, "message": fault.message}


def failed_of(error: object) -> Failed:
    """The event for an error object within a stream or a failed response: its code, else its words, tell the kind.

    Codes that only this format has go last.
    """
    failed = openai_shared.failed_of(error)
    if failed.kind != "upstream_garbage":
        return failed
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and _CALLERS_CODES.fullmatch(code) is not None:
        return msgspec.structs.replace(failed, kind="bad_request")
    return failed
