"""Whole Responses bodies. That they say what the stream says is a law in tests/laws."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.decode_whole import decode_whole
from fastproxy.ir.events import Failed, Start, Stop
from fastproxy.ir.fold import OpaqueBlock, ReasoningBlock, RefusalBlock, TextBlock, ToolCall

MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}, {"type": "refusal", "refusal": "No"}]}


def body(**fields: Any) -> bytes:
    return orjson.dumps({"id": "resp_1", "object": "response", "model": "m", "created_at": 5} | fields)


def test_every_item_becomes_its_block() -> None:
    response = decode_whole(
        body(
            status="completed",
            error=None,
            output=[
                {"type": "reasoning", "summary": [{"text": "a"}, {"text": "b"}], "encrypted_content": "s"},
                {"type": "web_search_call", "id": "ws"},
                MESSAGE,
                {"type": "function_call", "call_id": "c", "name": "n", "arguments": '{"a": 1.0}'},
                {"type": "custom_tool_call", "call_id": "d", "name": "p", "input": "free"},
            ],
            usage={"input_tokens": 3, "output_tokens": 2},
        )
    )
    assert response.start == Start("resp_1", "m", 5)
    assert response.blocks == (
        ReasoningBlock("a\n\nb", "s"),
        OpaqueBlock("openai-responses", "web_search_call", b'{"type":"web_search_call","id":"ws"}'),
        TextBlock("Hi"),
        RefusalBlock("No"),
        ToolCall("c", "n", '{"a": 1.0}'),
        ToolCall("d", "p", "free", custom=True),
    )
    assert (response.stop, response.usage.input_tokens) == (Stop("tools", "completed"), 3)


def test_a_limit_is_told() -> None:
    told = body(status="incomplete", incomplete_details={"reason": "max_output_tokens"}, output=[])
    assert decode_whole(told).stop == Stop("length", "max_output_tokens")


@pytest.mark.parametrize("status", [None, "in_progress", "completed", ["odd"]])
def test_a_status_that_the_gatherer_forgot_makes_no_answer_unfinished(status: object) -> None:
    assert decode_whole(body(status=status, output=[MESSAGE])).stop == Stop("refusal", "completed")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow"}, "output": []},
        {"error": {"type": "rate_limit_error", "message": "slow"}},
    ],
)
def test_a_failed_response_has_failed(fields: dict[str, Any]) -> None:
    response = decode_whole(body(**fields))
    assert (response.failed, response.stop) == (Failed("rate_limited", "slow"), None)


def test_a_cancelled_response_has_failed() -> None:
    assert decode_whole(body(status="cancelled", output=[MESSAGE])).failed is not None


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        body(output="text"),
        body(status="queued", output=[]),
        body(status="in_progress", output=[]),
    ],
)
def test_what_is_no_answer_is_the_upstreams_fault(told: bytes) -> None:
    with pytest.raises(Fault) as raised:
        decode_whole(told)
    assert raised.value.kind == "upstream_garbage"
