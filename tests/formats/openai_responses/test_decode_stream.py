"""Single cases of the Responses decoder, one per way of a host; the laws are in tests/laws."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault, Kind, Reason
from fastproxy.formats.openai_responses.decode_stream import ResponsesDecoder
from fastproxy.ir.events import (
    BlockEnd,
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

Told = dict[str, Any]
CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "lab-1", "created_at": 1_760_000_000}}
START = Start("resp_1", "lab-1", 1_760_000_000)
CUT = Failed("upstream_garbage", "the upstream's stream ended before it was complete")


def added(index: int, **item: Any) -> Told:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index: int, **item: Any) -> Told:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def delta(kind: str, index: int, piece: str, **at: Any) -> Told:
    return {"type": f"response.{kind}.delta", "output_index": index, "delta": piece, **at}


def ended(status: str = "completed", **response: Any) -> Told:
    return {"type": f"response.{status}", "response": {"status": status, **response}}


def message(*words: str) -> Told:
    return {"type": "message", "content": [{"type": "output_text", "text": text} for text in words]}


def read(*told: Told | bytes) -> list[Event]:
    decoder = ResponsesDecoder()
    events = [e for one in told for e in decoder.decode(one if isinstance(one, bytes) else orjson.dumps(one))]
    return events + decoder.close()


def test_thinking_text_and_a_call_in_order() -> None:
    events = read(
        CREATED,
        {"type": "response.in_progress", "response": CREATED["response"]},
        added(0, type="reasoning", summary=[], encrypted_content="not this one"),
        delta("reasoning_summary_text", 0, "Hm", summary_index=0),
        delta("reasoning_summary_text", 0, "So", summary_index=1),
        done(0, type="reasoning", summary=[{"text": "Hm"}, {"text": "So"}], encrypted_content="c2ln"),
        added(1, type="message", content=[]),
        delta("output_text", 1, "It is", content_index=0),
        {"type": "response.content_part.done", "output_index": 1, "part": {"type": "output_text", "text": "It is"}},
        done(1, **message("It is")),
        added(2, type="function_call", call_id="a", name="clock", arguments=""),
        delta("function_call_arguments", 2, '{"zone": 1.0}'),
        {"type": "response.function_call_arguments.done", "output_index": 2, "arguments": '{"zone": 1.0}'},
        done(2, type="function_call", call_id="a", name="clock", arguments='{"zone": 1.0}'),
        ended(usage={"input_tokens": 3, "output_tokens": 2}),
    )
    assert [e for e in events if not isinstance(e, Usage)] == [
        START,
        Reasoning(0, "Hm"),
        Reasoning(0, "\n\nSo"),
        Reasoning(0, "", "c2ln"),
        BlockEnd(0),
        Text(1, "It is"),
        BlockEnd(1),
        ToolStart(2, "a", "clock"),
        ToolArgs(2, '{"zone": 1.0}'),
        BlockEnd(2),
        Stop("tools", "completed"),
    ]
    usage = events[-2]
    assert isinstance(usage, Usage)
    assert (usage.input_tokens, usage.output_tokens) == (3, 2)


def test_items_that_come_without_deltas_are_told_whole() -> None:
    events = read(CREATED, done(0, **message("Hi")), done(1, type="function_call", name="n", arguments="{}"), ended())
    assert events[1:] == [
        Text(0, "Hi"),
        BlockEnd(0),
        ToolStart(1, "", "n"),
        ToolArgs(1, "{}"),
        BlockEnd(1),
        Stop("tools", "completed"),
    ]


def test_a_response_that_only_the_last_event_tells_is_told_then() -> None:
    reasoning = {"type": "reasoning", "summary": [{"text": "Hm"}]}
    assert read(ended(id="resp_1", output=[reasoning, message("Hi")])) == [
        Start("resp_1", "", 0),
        Reasoning(0, "Hm"),
        BlockEnd(0),
        Text(1, "Hi"),
        BlockEnd(1),
        Stop("end", "completed"),
    ]


def test_an_item_without_its_end_is_finished_by_the_last_event() -> None:
    events = read(CREATED, added(0, type="message"), delta("output_text", 0, "H"), ended(output=[message("Hi")]))
    assert events[1:] == [Text(0, "H"), Text(0, "i"), BlockEnd(0), Stop("end", "completed")]


def test_items_that_only_the_last_event_tells_are_told_behind_those_that_were_streamed() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    events = read(CREATED, done(0, id="m", **message("Hi")), ended(output=[{"id": "m", **message("Hi")}, call]))
    assert events[1:] == [
        Text(0, "Hi"),
        BlockEnd(0),
        ToolStart(1, "c", "f"),
        ToolArgs(1, "{}"),
        BlockEnd(1),
        Stop("tools", "completed"),
    ]


def test_what_was_streamed_is_not_told_again_when_the_last_event_leaves_items_out_or_names_them_anew() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    streamed = (
        CREATED,
        done(0, type="reasoning", id="r", summary=[{"text": "Hm"}]),
        added(1, type="message", id="m"),
        delta("output_text", 1, "Hi"),
        done(1, **message("Hi")),
        done(2, **call),
    )
    assert read(*streamed, ended(output=[{"id": "other", **message("Hi")}, call])) == read(*streamed, ended())


def test_content_before_any_start_makes_one() -> None:
    assert read(delta("output_text", 0, "a"), CREATED, ended())[:2] == [Start("", "", 0), Text(0, "a")]
    assert read(delta("reasoning_text", 0, "a"), ended())[:2] == [Start("", "", 0), Reasoning(0, "a")]


def test_interleaved_calls_interleave_their_blocks() -> None:
    events = read(
        CREATED,
        added(0, type="function_call", call_id="a", name="x"),
        added(1, type="custom_tool_call", call_id="b", name="y"),
        delta("custom_tool_call_input", 1, "free"),
        delta("function_call_arguments", 0, "{}"),
        done(1, type="custom_tool_call", call_id="b", name="y", input="free text"),
        done(0, type="function_call", call_id="a", name="x", arguments="{}"),
        ended(),
    )
    assert events[1:-1] == [
        ToolStart(0, "a", "x"),
        ToolStart(1, "b", "y", custom=True),
        ToolArgs(1, "free"),
        ToolArgs(0, "{}"),
        ToolArgs(1, " text"),
        BlockEnd(1),
        BlockEnd(0),
    ]


def test_thinking_ends_when_the_model_speaks_though_its_item_ends_later() -> None:
    events = read(
        CREATED,
        added(0, type="reasoning"),
        delta("reasoning_text", 0, "Hm", content_index=0),
        added(1, type="message"),
        delta("output_text", 1, "Hi"),
        done(1, **message("Hi")),
        done(0, type="reasoning", content=[{"text": "Hm"}]),
        b"[DONE]",
        ended(),
    )
    assert events[1:-1] == [Reasoning(0, "Hm"), BlockEnd(0), Text(1, "Hi"), BlockEnd(1)]


def test_items_are_known_by_their_id_where_the_place_is_missing() -> None:
    first = {"type": "response.output_item.added", "item": {"type": "message", "id": "m1"}}
    piece = {"type": "response.output_text.delta", "item_id": "m1", "delta": "a"}
    whole = {"type": "response.output_item.done", "item": {"id": "m1", **message("a")}}
    assert read(first, piece, whole, ended())[1:-1] == [Text(0, "a"), BlockEnd(0)]


@pytest.mark.parametrize("named", [{"item_id": "msg_1"}, {}], ids=["id only", "nothing"])
def test_pieces_that_leave_the_place_out_belong_to_the_item_that_had_one(named: Told) -> None:
    pieces = [{"type": "response.output_text.delta", "delta": piece, **named} for piece in ("Hi", " there")]
    told = read(CREATED, added(0, id="msg_1", type="message"), *pieces, done(0, **message("Hi there")), ended())
    assert told == [START, Text(0, "Hi"), Text(0, " there"), BlockEnd(0), Stop("end", "completed")]


def test_calls_without_ids_of_their_own_go_by_those_of_the_calls() -> None:
    """As llama.cpp told them until 2026: no place, and pieces that name the call."""
    calls = [{"type": "function_call", "call_id": id_, "name": "f", "arguments": ""} for id_ in ("fc_a", "fc_b")]
    begun = [
        event
        for call in calls
        for event in (
            {"type": "response.output_item.added", "item": call},
            {"type": "response.function_call_arguments.delta", "item_id": call["call_id"], "delta": "{}"},
        )
    ]
    over = [{"type": "response.output_item.done", "item": call | {"arguments": "{}"}} for call in calls]
    assert read(CREATED, *begun, *over, ended()) == [
        START,
        ToolStart(0, "fc_a", "f"),
        ToolArgs(0, "{}"),
        ToolStart(1, "fc_b", "f"),
        ToolArgs(1, "{}"),
        BlockEnd(0),
        BlockEnd(1),
        Stop("tools", "completed"),
    ]


def test_a_refusal_is_a_block_of_its_own_and_tells_how_it_stopped() -> None:
    part = {"type": "refusal", "refusal": "No."}
    events = read(
        CREATED, added(0, type="message"), delta("refusal", 0, "No."), done(0, type="message", content=[part]), ended()
    )
    assert events[1:] == [Refusal(0, "No."), BlockEnd(0), Stop("refusal", "completed")]


def test_items_without_a_word_here_are_kept_whole_at_their_end() -> None:
    events = read(CREATED, added(0, type="web_search_call", id="ws"), done(0, type="web_search_call", id="ws"), ended())
    assert events[1:-1] == [Opaque("openai-responses", "web_search_call", b'{"type":"web_search_call","id":"ws"}')]


@pytest.mark.parametrize(
    ("told", "stop"),
    [
        (ended(), Stop("end", "completed")),
        (ended("incomplete", incomplete_details={"reason": "max_output_tokens"}), Stop("length", "max_output_tokens")),
        (ended("incomplete", incomplete_details={"reason": "content_filter"}), Stop("refusal", "content_filter")),
        (ended("incomplete", incomplete_details={"reason": "steered"}), Stop("length", "steered")),
        (ended("incomplete"), Stop("length", "incomplete")),
    ],
)
def test_how_a_response_ends(told: Told, stop: Stop) -> None:
    assert read(CREATED, told)[-1] == stop


@pytest.mark.parametrize(
    ("told", "kind", "reason"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "m"}, "rate_limited", ""),
        ({"type": "error", "error": {"code": "insufficient_quota", "message": "m"}}, "rate_limited", "quota"),
        ({"error": {"code": 529, "message": "m"}}, "overloaded", ""),
        (ended("failed", error={"code": "context_length_exceeded", "message": "m"}), "bad_request", "context_length"),
        (ended("failed", error={"code": "server_error", "message": "m"}), "upstream_garbage", ""),
        (ended("cancelled", error={"message": "m"}), "upstream_garbage", ""),
    ],
)
def test_an_error_ends_the_response_and_nothing_follows_it(told: Told, kind: Kind, reason: Reason) -> None:
    assert read(CREATED, told, delta("output_text", 0, "late"), ended("failed"))[1:] == [Failed(kind, "m", reason)]


def test_a_failure_without_a_word_is_still_one() -> None:
    failed = read(CREATED, ended("failed"))[-1]
    assert isinstance(failed, Failed)
    assert failed.message


def test_a_stream_that_is_cut_has_failed_and_its_call_is_left_open() -> None:
    call = added(0, type="function_call", call_id="a", name="rm")
    events = read(CREATED, call, delta("function_call_arguments", 0, '{"path":"/'))
    assert events[1:] == [ToolStart(0, "a", "rm"), ToolArgs(0, '{"path":"/'), CUT]
    assert read() == read(b"[DONE]") == [CUT]


def test_finished_comes_with_the_terminal_event_only() -> None:
    decoder = ResponsesDecoder()
    for told in (CREATED, done(0, **message("Hi"))):
        decoder.decode(orjson.dumps(told))
        assert not decoder.finished
    decoder.decode(orjson.dumps(ended()))
    assert decoder.finished
    assert decoder.decode(orjson.dumps(CREATED)) == decoder.close() == []


@pytest.mark.parametrize(
    "told",
    [
        b"{}",
        b"[]",
        b'{"type":["response.created"]}',
        b'{"type":"response.of_tomorrow","delta":"x"}',
        b'{"type":"response.output_text.delta"}',
        b'{"type":"response.output_text.delta","delta":null,"output_index":[0]}',
        b'{"type":"response.content_part.done"}',
        b'{"type":"response.function_call_arguments.done","arguments":7}',
        b'{"type":"response.web_search_call.completed","output_index":0}',
    ],
)
def test_what_says_nothing_is_passed_over(told: bytes) -> None:
    assert read(CREATED, told, ended()) == [START, Stop("end", "completed")]


def test_what_is_not_json_is_the_upstreams_fault() -> None:
    with pytest.raises(Fault) as raised:
        ResponsesDecoder().decode(b"<html>")
    assert raised.value.kind == "upstream_garbage"


@pytest.mark.parametrize(("told", "seconds"), [(1.5, 1), (None, 0), ("1", 0), (-1, 0), (1e300, 0), (7, 7)])
def test_a_time_of_any_shape_is_taken(told: object, seconds: int) -> None:
    assert read({"type": "response.created", "response": {"created_at": told}})[0] == Start("", "", seconds)


def test_a_search_that_the_host_has_run_is_no_call_of_the_clients() -> None:
    call = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "xs_call_1", "name": "x_keyword_search"}
    events = read(
        CREATED,
        added(0, **call, input="", status="in_progress"),
        delta("custom_tool_call_input", 0, '{"query":"rain"}', item_id="ctc_1"),
        {"type": "response.custom_tool_call_input.done", "output_index": 0, "input": '{"query":"rain"}'},
        done(0, **call, input='{"query":"rain"}', status="completed"),
        delta("output_text", 1, "found"),
        ended(output=[call | {"input": '{"query":"rain"}'}, message("found")]),
    )
    assert [type(event) for event in events] == [Start, Opaque, Text, BlockEnd, Stop]
    assert events[-1] == Stop("end", "completed")


def test_an_item_that_ends_without_a_word_of_what_it_is_ends_all_the_same() -> None:
    events = read(delta("output_text", 0, "hi"), {"type": "response.output_item.done"}, ended())
    assert [type(event) for event in events] == [Start, Text, BlockEnd, Stop]


@pytest.mark.parametrize("output", [[], [{"type": "message", "content": []}]])
def test_a_place_before_the_first_is_none(output: list[dict[str, object]]) -> None:
    events = read(delta("output_text", -1, "hi"), ended(output=output))
    assert [type(event) for event in events][-3:] == [Text, BlockEnd, Stop]
