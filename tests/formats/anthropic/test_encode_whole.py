"""Whole Anthropic messages."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.encode_whole import whole
from fastproxy.ir.events import Failed, Start, Stop, Usage
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, Response, TextBlock, ToolCall
from support.sdks import anthropic_body

START = Start("msg_1", "claude-lab-1", 1_760_000_000)


def response(*blocks: Block, stop: Stop | None = None, failed: Failed | None = None) -> Response:
    return Response(START, blocks, stop, Usage(9, 1, None, 5, 2), failed)


def test_every_kind_of_block_in_order() -> None:
    body = whole(
        response(
            ReasoningBlock("so", "c2ln"),
            OpaqueBlock("anthropic", "content_block", b'{"type":"redacted_thinking","data":"x"}'),
            OpaqueBlock("gemini", "part", b"{}"),
            TextBlock("Yes."),
            ToolCall("a", "f", '{"n": 1.0}'),
            stop=Stop("tools"),
        )
    )
    assert orjson.loads(body) == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-lab-1",
        "content": [
            {"type": "thinking", "thinking": "so", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "x"},
            {"type": "text", "text": "Yes."},
            {"type": "tool_use", "id": "a", "name": "f", "input": {"n": 1.0}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 9,
            "cache_read_input_tokens": 1,
            "output_tokens": 5,
            "output_tokens_details": {"thinking_tokens": 2},
        },
    }
    assert b'"input":{"n": 1.0}' in body
    assert anthropic_body(body).stop_reason == "tool_use"


def test_a_stop_sequence_is_named() -> None:
    body = orjson.loads(whole(response(stop=Stop("stop_sequence", sequence="END"))))
    assert (body["stop_reason"], body["stop_sequence"]) == ("stop_sequence", "END")


def test_a_call_that_the_token_limit_cut_off_is_left_out() -> None:
    body = orjson.loads(whole(response(TextBlock("a"), ToolCall("a", "f", '{"cut": "o'), stop=Stop("length"))))
    assert body["content"] == [{"type": "text", "text": "a"}]
    assert body["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (response(ToolCall("a", "f", '{"cut": "o'), stop=Stop("tools")), "upstream_garbage"),
        (response(TextBlock("half")), "upstream_garbage"),
        (response(stop=Stop("error")), "upstream_garbage"),
        (response(failed=Failed("timeout", "late")), "timeout"),
    ],
)
def test_what_did_not_end_well_is_a_fault_and_never_a_message(broken: Response, kind: str) -> None:
    with pytest.raises(Fault) as raised:
        whole(broken)
    assert raised.value.kind == kind
