"""Single cases of the Responses body; that it says what the stream says is a law in tests/laws."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.encode_whole import encode_whole
from fastproxy.ir.events import Citation, Failed, Start, Stop, Usage
from fastproxy.ir.fold import OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall
from support.openai_sdk import responses_body

START = Start("resp_1", "lab-1", 1_760_000_000)


def test_a_body_holds_the_blocks_in_order_as_items() -> None:
    search = b'{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}}'
    blocks = (
        ReasoningBlock("Hm.", "c2ln"),
        OpaqueBlock("anthropic", "content_block", b"{}"),
        OpaqueBlock("openai-responses", "web_search_call", search),
        TextBlock("One moment."),
        ToolCall("a", "clock", '{"zone": 1.0}'),
        ToolCall("", "now", ""),
    )
    body = encode_whole(Response(START, blocks, Stop("tools"), Usage(9, 1, None, 5)))
    assert search in body
    response = responses_body(body)
    assert [(item.type, item.id) for item in response.output] == [
        ("reasoning", "rs_1_0"),
        ("web_search_call", "ws_1"),
        ("message", "msg_1_2"),
        ("function_call", "fc_1_3"),
        ("function_call", "fc_1_4"),
    ]
    assert response.output_text == "One moment."
    assert [(item["call_id"], item["arguments"]) for item in orjson.loads(body)["output"][3:]] == [
        ("a", '{"zone": 1.0}'),
        ("call_1_4", "{}"),
    ]
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.input_tokens_details.cached_tokens) == (10, 1)
    assert response.status == "completed"


def test_a_limit_makes_the_body_incomplete() -> None:
    response = responses_body(encode_whole(Response(START, (TextBlock("half"),), Stop("length"))))
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


def test_a_refusal_in_words_is_a_whole_answer_and_one_by_a_filter_is_not() -> None:
    refused = responses_body(encode_whole(Response(START, (RefusalBlock("No."),), Stop("refusal"))))
    assert (refused.status, refused.incomplete_details) == ("completed", None)
    assert refused.output[0].to_dict()["content"] == [{"type": "refusal", "refusal": "No."}]
    filtered = responses_body(encode_whole(Response(START, (TextBlock("Well"),), Stop("refusal"))))
    assert filtered.status == "incomplete"


def test_citations_and_custom_calls_are_the_sdks() -> None:
    blocks = (
        TextBlock("Noon.", (Citation(0, "https://a.example", "A", 0, 4), Citation(0, "https://b.example"))),
        ToolCall("c", "patch", "*** Begin", custom=True),
        ToolCall("d", "patch", "", custom=True),
    )
    message, patch, empty = (
        item.to_dict() for item in responses_body(encode_whole(Response(START, blocks, Stop("end")))).output
    )
    assert [
        (told["type"], told["url"], told["title"], told["start_index"], told["end_index"])
        for told in message["content"][0]["annotations"]
    ] == [
        ("url_citation", "https://a.example", "A", 0, 4),
        ("url_citation", "https://b.example", "", 0, 5),
    ]
    assert (patch["type"], patch["id"], patch["call_id"], patch["input"]) == (
        "custom_tool_call",
        "ctc_1_1",
        "c",
        "*** Begin",
    )
    assert empty["input"] == ""


@pytest.mark.parametrize(
    "response",
    [
        Response(START, (TextBlock("half"),)),
        Response(START, (), Stop("error")),
        Response(START, (), Stop("end"), failed=Failed("timeout", "too slow")),
    ],
    ids=["no stop", "stopped with an error", "failed"],
)
def test_a_broken_answer_is_no_body_but_a_fault(response: Response) -> None:
    with pytest.raises(Fault):
        encode_whole(response)
