"""Single cases of the Responses encoder; the laws are in tests/laws."""

from pathlib import Path

import orjson
import pytest

from fastproxy.errors import Reason
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_responses.encode_stream import ResponsesStream
from fastproxy.ir.events import (
    BlockEnd,
    Bound,
    Citation,
    Event,
    Failed,
    Opaque,
    Reasoning,
    Refusal,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from laws.grammar_openai import read_responses
from support.openai_sdk import responses_events, responses_stream
from support.sse import objects

EXACT = Path(__file__).parents[2] / "fixtures" / "openai_responses" / "thinking-call-text.sse"
START = Start("resp_1", "lab-1", 1_760_000_000)


def write(*events: Event) -> bytes:
    encoder = ResponsesStream(EncoderOptions())
    return b"".join([*map(encoder.encode, events), encoder.close()])


def test_thinking_a_call_and_text_in_the_formats_exact_bytes() -> None:
    written = write(
        START,
        Reasoning(0, "Hm."),
        Reasoning(0, "", "c2ln"),
        BlockEnd(0),
        ToolStart(1, "call_a", "clock"),
        ToolArgs(1, '{"zone":'),
        ToolArgs(1, " 1.0}"),
        BlockEnd(1),
        Text(2, "It\u2028is"),
        Text(2, " late."),
        BlockEnd(2),
        Usage(9, 1, 2, 5, 3),
        Stop("tools"),
    )
    assert written.decode().split("\n\n") == EXACT.read_text().split("\n\n")


def test_usage_that_comes_after_the_stop_is_told_all_the_same() -> None:
    response = responses_stream(write(START, Stop("end"), Usage(1, None, None, 1)))
    assert response.usage is not None
    assert response.usage.total_tokens == 2


def test_no_usage_is_made_up_when_the_upstream_told_none() -> None:
    assert responses_stream(write(START, Stop("end"))).usage is None


def test_interleaved_calls_are_written_one_after_the_other() -> None:
    response = responses_stream(
        write(
            START,
            ToolStart(0, "a", "clock"),
            ToolStart(1, "", "date"),
            ToolArgs(1, "{}"),
            ToolArgs(0, '{"zone": 1.0}'),
            BlockEnd(0),
            BlockEnd(1),
            Stop("end"),
        )
    )
    calls = [item for item in response.output if item.type == "function_call"]
    assert [(call.id, call.call_id, call.arguments) for call in calls] == [
        ("fc_1_0", "a", '{"zone": 1.0}'),
        ("fc_1_1", "call_1_1", "{}"),
    ]


def test_a_signature_without_any_text_is_a_reasoning_item_without_a_summary() -> None:
    _, told = read_responses(write(START, Reasoning(0, "", "c2ln"), BlockEnd(0), Stop("end")))
    assert told.output == [{"id": "rs_1_0", "type": "reasoning", "summary": [], "encrypted_content": "c2ln"}]


@pytest.mark.parametrize("bound", ["call", "text", "redacted"])
def test_whatever_a_signature_is_bound_to_it_is_an_item_of_its_own(bound: Bound) -> None:
    stream = write(
        START, Reasoning(0, "", "c2ln", bound), BlockEnd(0), ToolStart(1, "a", "b"), BlockEnd(1), Stop("end")
    )
    assert [item["type"] for item in read_responses(stream)[1].output] == ["reasoning", "function_call"]
    assert responses_stream(stream).output[0].to_dict()["encrypted_content"] == "c2ln"


def test_a_refusal_is_told_in_a_part_of_its_own_and_the_response_completes() -> None:
    stream = write(START, Refusal(0, "I "), Refusal(0, "won't."), BlockEnd(0), Stop("refusal"))
    assert [event.type.removeprefix("response.") for event in responses_events(stream)] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    (message,) = responses_stream(stream).output
    assert message.to_dict()["content"] == [{"type": "refusal", "refusal": "I won't."}]


def test_citations_are_told_before_the_text_is_done() -> None:
    stream = write(
        START,
        Citation(0, "https://a.example", "A"),
        Text(0, "It is noon."),
        Citation(0, "https://b.example", "B", 6, 10),
        BlockEnd(0),
        Stop("end"),
    )
    read_responses(stream)
    told = [
        event.to_dict() for event in responses_events(stream) if event.type == "response.output_text.annotation.added"
    ]
    assert [(event["annotation_index"], event["annotation"]) for event in told] == [
        (0, {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 11}),
        (1, {"type": "url_citation", "url": "https://b.example", "title": "B", "start_index": 6, "end_index": 10}),
    ]
    (message,) = responses_stream(stream).output
    assert message.to_dict()["content"][0]["annotations"] == [event["annotation"] for event in told]


def test_a_custom_tool_is_called_with_free_text() -> None:
    stream = write(
        START,
        ToolStart(0, "c", "patch", custom=True),
        ToolArgs(0, "*** %d "),
        ToolArgs(0, "{"),
        BlockEnd(0),
        Stop("tools"),
    )
    read_responses(stream)
    types = [event.type for event in responses_events(stream)][2:-1]
    assert types == [
        "response.output_item.added",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
        "response.output_item.done",
    ]
    (call,) = responses_stream(stream).output
    assert (call.to_dict()["call_id"], call.to_dict()["input"]) == ("c", "*** %d {")


def test_an_id_with_a_percent_sign_is_no_placeholder() -> None:
    stream = write(Start("100%d%b", "m", 0), Text(0, "%s"), BlockEnd(0), Stop("end"))
    assert responses_stream(stream).output_text == "%s"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("context_length", "context_length_exceeded"),
        ("quota", "insufficient_quota"),
        ("content_filter", "content_filter"),
        ("model_not_found", "model_not_found"),
    ],
)
def test_a_failure_that_clients_act_on_has_the_code_that_they_look_for(reason: Reason, code: str) -> None:
    stream = write(START, Failed("bad_request", "no", reason))
    assert objects(stream)[-1]["response"]["error"] == {"code": code, "message": "no"}


@pytest.mark.parametrize(
    ("stop", "type_", "reason"),
    [
        (Stop("length"), "response.incomplete", "max_output_tokens"),
        (Stop("refusal"), "response.incomplete", "content_filter"),
    ],
)
def test_a_limit_or_a_filter_makes_the_response_incomplete(stop: Stop, type_: str, reason: str) -> None:
    last = responses_events(write(START, Text(0, "half"), BlockEnd(0), stop))[-1]
    assert last.type == type_
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == reason


def test_items_of_this_format_pass_as_they_came_and_those_of_others_do_not() -> None:
    item = b'{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"1.0"}}'
    stream = write(
        START,
        Text(0, "a"),
        Opaque("openai-responses", "web_search_call", item),
        Opaque("anthropic", "content_block", b"{}"),
        BlockEnd(0),
        Text(1, "b"),
        BlockEnd(1),
        Stop("end"),
    )
    end, told = read_responses(stream)
    assert end == "finished"
    assert [found["type"] for found in told.output] == ["message", "web_search_call", "message"]
    assert told.output[1] == orjson.loads(item)
    assert stream.count(item) == 3


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ((Failed("rate_limited", "slow down"),), "rate_limit_exceeded"),
        ((Failed("overloaded", "no room"),), "server_error"),
        ((Stop("error", "MALFORMED_FUNCTION_CALL"),), "server_error"),
        ((), "server_error"),
    ],
    ids=["rate limited", "failed", "stopped with an error", "cut"],
)
def test_a_broken_answer_ends_as_failed_with_a_code_that_the_sdk_knows(ending: tuple[Event, ...], code: str) -> None:
    stream = write(START, Text(0, "whole"), BlockEnd(0), Text(1, "half"), Usage(9), *ending)
    last = responses_events(stream)[-1]
    assert last.type == "response.failed"
    assert last.response.status == "failed"
    assert last.response.output_text.startswith("whole")
    assert last.response.error is not None
    assert last.response.error.code == code
    assert read_responses(stream)[0] == "error"


def test_an_answer_that_never_began_is_one_error_event() -> None:
    (event,) = responses_events(write(Failed("timeout", "too slow")))
    assert (event.type, event.message, event.sequence_number) == ("error", "too slow", 0)


def test_nothing_follows_an_error() -> None:
    encoder = ResponsesStream(EncoderOptions())
    encoder.encode(START)
    assert encoder.encode(Failed("timeout", "too slow"))
    assert encoder.encode(Text(0, "late")) + encoder.encode(Stop("end")) + encoder.close() == b""


def test_there_is_no_done_line() -> None:
    stream = write(START, Stop("end"))
    assert b"[DONE]" not in stream
    assert [event["sequence_number"] for event in objects(stream)] == [0, 1, 2]
