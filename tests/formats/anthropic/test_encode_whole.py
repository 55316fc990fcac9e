"""Whole Anthropic messages."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.encode_whole import encode_whole
from fastproxy.ir.events import Citation, Failed, Start, Stop, Usage
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall
from support.sdks import anthropic_body

START = Start("msg_1", "claude-lab-1", 1_760_000_000)


def response(*blocks: Block, stop: Stop | None = None, failed: Failed | None = None) -> Response:
    return Response(START, blocks, stop, Usage(9, 1, None, 5, 2), failed)


def test_every_kind_of_block_in_order() -> None:
    body = encode_whole(
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
        "stop_details": None,
        "usage": {
            "input_tokens": 9,
            "cache_read_input_tokens": 1,
            "output_tokens": 5,
            "output_tokens_details": {"thinking_tokens": 2},
        },
    }
    assert b'"input":{"n": 1.0}' in body
    assert anthropic_body(body).stop_reason == "tool_use"


def test_citations_refusals_and_free_text_as_the_stream_says_them() -> None:
    body = encode_whole(
        response(
            TextBlock("a", (Citation(0, "u", "T", cited="c"),)),
            RefusalBlock("No."),
            ReasoningBlock("", "c2ln", "call"),
            ToolCall("i", "apply", 'free "text"', custom=True),
            stop=Stop("end"),
        )
    )
    content = [block.to_dict() for block in anthropic_body(body).content]
    assert content[0]["citations"][0]["url"] == "u"
    assert content[1:] == [
        {"type": "text", "text": "No."},
        {"type": "thinking", "thinking": "", "signature": "c2ln"},
        {"type": "tool_use", "id": "i", "name": "apply", "input": {"input": 'free "text"'}},
    ]


def test_a_refusal_that_ends_plainly_is_a_refusal() -> None:
    body = orjson.loads(encode_whole(response(RefusalBlock("No."), stop=Stop("end"))))
    assert body["stop_reason"] == "refusal"


def test_a_failure_keeps_its_reason() -> None:
    with pytest.raises(Fault) as raised:
        encode_whole(response(failed=Failed("bad_request", "m", "context_length")))
    assert raised.value.reason == "context_length"


def test_a_stop_sequence_is_named() -> None:
    body = orjson.loads(encode_whole(response(stop=Stop("stop_sequence", sequence="END"))))
    assert (body["stop_reason"], body["stop_sequence"]) == ("stop_sequence", "END")


def test_a_call_that_the_token_limit_cut_off_has_the_input_that_was_told() -> None:
    call = ToolCall("a", "f", '{"n": 1.0, "cut": "o')
    body = encode_whole(response(TextBlock("a"), call, stop=Stop("length")))
    assert b'"input":{"n": 1.0}' in body
    assert orjson.loads(body)["stop_reason"] == "max_tokens"


def test_arguments_that_are_no_object_reach_the_client_in_one() -> None:
    body = encode_whole(response(ToolCall("a", "f", "[1, 2"), stop=Stop("tools")))
    assert anthropic_body(body).content[0].to_dict()["input"] == {"_invalid_json": "[1, 2"}


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (response(ToolCall("a", "f", '{"cut": "o'), stop=Stop("tools")), "upstream_garbage"),
        (response(ToolCall("a", "f", '{"a":1,}'), stop=Stop("length")), "upstream_garbage"),
        (response(TextBlock("half")), "upstream_garbage"),
        (response(stop=Stop("error")), "upstream_garbage"),
        (response(failed=Failed("timeout", "late")), "timeout"),
    ],
)
def test_what_did_not_end_well_is_a_fault_and_never_a_message(broken: Response, kind: str) -> None:
    with pytest.raises(Fault) as raised:
        encode_whole(broken)
    assert raised.value.kind == kind
