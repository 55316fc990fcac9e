"""What a broken stream leaves behind its last event, as the error that it is in each format."""

import orjson
import pytest

from fastproxy.errors import LONGEST_WAIT_SECONDS, Fault
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import FormatName
from fastproxy.formats.tails import error_left

RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}
LEFT: list[tuple[FormatName, object, tuple[str, str, int, str]]] = [
    (
        "gemini",
        {"error": {"code": 500, "message": "An internal error has occurred", "status": "INTERNAL"}},
        ("upstream_garbage", "An internal error has occurred", 500, ""),
    ),
    (
        "openai-chat",
        {"error": {"message": "upstream timeout", "code": 504}},
        ("timeout", "upstream timeout", 504, ""),
    ),
    (
        "openai-chat",
        {"object": "error", "message": "maximum context length is 8", "type": "BadRequestError", "code": 400},
        ("bad_request", "maximum context length is 8", 400, "context_length"),
    ),
    (
        "openai-responses",
        {"error": {"message": "The server had an error", "type": "server_error", "param": None, "code": None}},
        ("upstream_garbage", "The server had an error", 502, ""),
    ),
    (
        "anthropic",
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        ("overloaded", "Overloaded", 503, ""),
    ),
]


def of(fault: Fault | None) -> tuple[str, str, int, str] | None:
    return None if fault is None else (fault.kind, fault.message, fault.status, fault.reason)


@pytest.mark.parametrize(("name", "error", "said"), LEFT)
def test_an_error_without_an_event_around_it_says_what_an_event_with_it_says(
    name: FormatName, error: object, said: tuple[str, str, int, str]
) -> None:
    pretty = orjson.dumps(error, option=orjson.OPT_INDENT_2)
    spellings = (
        orjson.dumps(error),
        pretty + b"\n",
        pretty.replace(b"\n", b"\r\n") + b"\r\n",
        pretty.replace(b"\n", b"\n\n") + b"\n\n",
        b"\n[" + pretty + b"\n]\n",
    )
    assert [of(error_left(BY_NAME[name], rest)) for rest in spellings] == [said] * len(spellings)


@pytest.mark.parametrize(("name", "error", "said"), LEFT)
def test_half_of_it_says_nothing(name: FormatName, error: object, said: object) -> None:
    whole = orjson.dumps(error)
    assert [error_left(BY_NAME[name], whole[:end]) for end in range(len(whole))] == [None] * len(whole)


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"Internal Server Error",
        b"<html>",
        b"[]",
        b"[DONE]",
        b"{}",
        b'{"usage":{}}',
        b'{"choices":[{"delta":{"content":"error"},"finish_reason":"stop"}]}',
        b'{"candidates":[{"finishReason":"STOP"}]}',
        b'{"type":"message_stop"}',
        b'{"error":{"message":"a","code":500}}{"error":{"message":"b","code":500}}',
        b'[{"error":{"message":"a","code":500}},{"error":{"message":"b","code":500}}]',
        b'data: {"error":{"message":"a","code":500}}',
        b'{"error":{"message":"a","code":500,"x":' + b"[" * 300 + b"]" * 300 + b"}}",
    ],
)
def test_what_is_not_one_error_is_none(name: FormatName, rest: bytes) -> None:
    assert error_left(BY_NAME[name], rest) is None


def gemini_wait(delay: str) -> float | None:
    error = {"code": 429, "message": "slow down", "details": [RETRY_INFO | {"retryDelay": delay}]}
    fault = error_left(BY_NAME["gemini"], orjson.dumps({"error": error}))
    assert fault is not None
    assert fault.kind == "rate_limited"
    return fault.retry_after_seconds


def test_the_wait_that_it_tells_is_kept_and_bounded() -> None:
    assert gemini_wait("34s") == 34.0
    assert gemini_wait("9" * 400 + "s") == LONGEST_WAIT_SECONDS


def test_half_a_surrogate_pair_in_it_is_mended() -> None:
    fault = error_left(BY_NAME["openai-chat"], rb'{"error":{"message":"a\udc00b","code":504}}')
    assert fault is not None
    assert fault.message.startswith("a")
