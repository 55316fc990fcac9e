"""Single cases of the Responses encoder; the laws are in tests/laws."""

from pathlib import Path

import orjson
import pytest

from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_responses.encode_stream import ResponsesStream
from fastproxy.ir.events import (
    BlockEnd,
    Event,
    Failed,
    Opaque,
    Reasoning,
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
