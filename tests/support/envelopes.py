"""How each format writes an error: as a response, and as the event that ends a broken stream.

Source: the vendors' error references and SDK types; the tables here are the tests' own.
"""

from typing import Any

import orjson

from support import sse
from support.exchange import Format
from support.wire import Answer

_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}
_GEMINI = {
    400: {"INVALID_ARGUMENT", "FAILED_PRECONDITION"},
    401: {"UNAUTHENTICATED"},
    403: {"PERMISSION_DENIED"},
    404: {"NOT_FOUND"},
    429: {"RESOURCE_EXHAUSTED"},
    502: {"UNAVAILABLE", "INTERNAL"},
    503: {"UNAVAILABLE"},
    504: {"DEADLINE_EXCEEDED"},
}
_OPENAI_KEYS = {"message", "type", "param", "code"}
_SUCCESS = {
    "openai-chat": (b"[DONE]",),
    "openai-responses": (b"response.completed", b"[DONE]"),
    "anthropic": (b"message_stop",),
    "gemini": (b'"finishReason"', b"[DONE]"),
}


def assert_refusal(format_: Format, answer: Answer, status: int) -> None:
    """The answer is `status`, whole, and in the format's error envelope."""
    assert answer.status == status, answer
    assert answer.complete
    assert (answer.get("content-type") or "").startswith("application/json")
    envelope = orjson.loads(answer.body)
    error = envelope["error"]
    assert error["message"]
    if format_ == "anthropic":
        assert envelope["type"] == "error"
        assert envelope["request_id"] == answer.get("x-request-id")
        assert error["type"] == _ANTHROPIC.get(status, error["type"])
    elif format_ == "gemini":
        assert error["code"] == status
        assert error["status"] in _GEMINI.get(status, {error["status"]})
    else:
        assert set(error) == _OPENAI_KEYS
        assert isinstance(error["type"], str)


def assert_broken_off(format_: Format, body: bytes, sent: bytes) -> None:
    """A broken stream: all whole events of `sent`, then the format's error event, and never a sign of success."""
    before, after = sse.events(sent), sse.events(body)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1, after[len(before) :]
    name, data = after[-1]
    _assert_error_event(format_, name, orjson.loads(data), [orjson.loads(data) for _, data in before])
    assert not any(mark in body for mark in _SUCCESS[format_])


def _assert_error_event(format_: Format, name: str, event: dict[str, Any], before: list[dict[str, Any]]) -> None:
    if format_ == "anthropic":
        assert name == event["type"] == "error"
        assert set(event["error"]) >= {"type", "message"}
    elif format_ == "openai-responses":
        assert name == event["type"] == "error"
        assert set(event) >= {"code", "message", "param", "sequence_number"}
        assert event["sequence_number"] == len(before)
    elif format_ == "gemini":
        assert not name
        assert set(event["error"]) >= {"code", "message", "status"}
        assert isinstance(event["error"]["code"], int)
    else:
        assert not name
        assert set(event["error"]) == _OPENAI_KEYS
