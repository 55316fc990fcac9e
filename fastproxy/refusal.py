"""A Fault as a response: the only place where one is encoded before the first byte of an answer."""

import math

import orjson

from fastproxy.errors import Fault, Header
from fastproxy.formats.base import Format
from fastproxy.server.reply import Answer

# Kinds that trying again can't mend. The SDKs obey this header before they look at the status
# (openai and anthropic `_base_client.py`, `_should_retry`).
_TERMINAL = frozenset(("bad_request", "unauthorized", "forbidden", "not_found", "too_large"))


def refusal(fault: Fault, format_: Format | None, request_id: str, timing: bytes = b"relay;dur=0") -> Answer:
    """The response for a fault, in the caller's own envelope; plain JSON where no format is known yet.

    What the fault brings as a header (an upstream's own id, its own word on trying again) is not said twice.
    """
    headers: list[Header] = [
        (b"content-type", b"application/json"),
        (b"x-request-id", request_id.encode()),
        (b"server-timing", timing),
    ]
    if fault.retry_after_seconds is not None:
        headers.append((b"retry-after", b"%d" % math.ceil(fault.retry_after_seconds)))
    if fault.kind in _TERMINAL:
        headers.append((b"x-should-retry", b"false"))
    if fault.headers:
        brought = {name for name, _ in fault.headers}
        headers = [*(header for header in headers if header[0] not in brought), *fault.headers]
    body = plain(fault) if format_ is None else format_.encode_fault(fault, request_id)
    return Answer(fault.status, headers, body)


def plain(fault: Fault) -> bytes:
    """The envelope for callers whose format is unknown."""
    return orjson.dumps({"error": {"message": fault.message, "type": fault.kind, "param": fault.param, "code": None}})
