"""The objects that streams and bodies share, held against the SDK's own types."""

from typing import get_args

import pytest
from openai.types.responses import (
    Response,
    ResponseCustomToolCall,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
)

from fastproxy.formats.openai_responses.objects import (
    call_ids,
    call_item,
    item_id,
    message_item,
    outcome,
    reasoning_item,
    refusal_part,
    response_id,
    response_object,
    text_part,
)
from fastproxy.ir.events import Citation, Start, Stop, StopReason, ToolStart, Usage

START = Start("resp_1", "lab-1", 1_760_000_000)


@pytest.mark.parametrize("status", ["in_progress", "completed", "incomplete", "failed"])
def test_a_response_has_every_field_that_the_sdk_demands(status: str) -> None:
    told = response_object(START, status, [], Usage(9, 1, 2, 5, 3))
    response = Response.model_validate(told)
    assert response.status == status
    assert set(response.model_extra or ()) == {"store"}  # real bodies have it, the SDK has no word for it
    assert response.usage is not None
    assert response.usage.input_tokens == 12


def test_the_items_are_the_sdks() -> None:
    cited = text_part("abc", [Citation(0, "https://a.example")])
    ResponseOutputMessage.model_validate(message_item("msg_1", [text_part("a"), cited], "completed"))
    ResponseOutputMessage.model_validate(message_item("msg_1", [refusal_part("a")], "completed"))
    ResponseReasoningItem.model_validate(reasoning_item("rs_1", "a", "c2ln"))
    ids = "fc_1", "call_1"
    function = call_item(ids, ToolStart(0, "", "clock"), "{}", "completed")
    assert ResponseFunctionToolCall.model_validate(function).arguments == "{}"
    custom = call_item(ids, ToolStart(0, "", "patch", custom=True), "x", "completed")
    assert ResponseCustomToolCall.model_validate(custom).input == "x"
    grouped = ResponseFunctionToolCall.model_validate(call_item(ids, ToolStart(0, "", "disk/ls"), "{}", "completed"))
    assert (grouped.namespace, grouped.name) == ("disk", "ls")


@pytest.mark.parametrize(("told", "spelled"), [("resp_1", "resp_1"), ("msg_1", "resp_msg_1"), ("", "resp_")])
def test_ids_have_the_formats_own_prefix_once(told: str, spelled: str) -> None:
    assert response_id(Start(told, "m", 0)) == spelled


def test_ids_of_items_are_made_from_the_responses_and_differ_by_place() -> None:
    assert item_id(START, "msg", 0) == "msg_1_0"
    assert item_id(START, "rs", 1) == "rs_1_1"
    assert item_id(Start("chatcmpl-1", "m", 0), "fc", 2) == "fc_chatcmpl-1_2"


def test_the_upstreams_own_call_id_is_kept() -> None:
    assert call_ids(START, ToolStart(0, "toolu_9", "t"), 0) == ("fc_1_0", "toolu_9")
    assert call_ids(START, ToolStart(0, "", "t", custom=True), 2) == ("ctc_1_2", "call_1_2")


@pytest.mark.parametrize("reason", sorted(set(get_args(StopReason)) - {"error"}))
def test_every_good_stop_has_an_outcome(reason: StopReason) -> None:
    status, incomplete = outcome(Stop(reason), [])
    assert (status, incomplete is None) in {("completed", True), ("incomplete", False)}
    assert (status == "incomplete") == (reason in {"length", "refusal"})


def test_a_refusal_in_words_completes() -> None:
    refused = message_item("msg_1", [refusal_part("No.")], "completed")
    assert outcome(Stop("refusal"), [refused]) == ("completed", None)
    assert outcome(Stop("length"), [refused])[0] == "incomplete"
