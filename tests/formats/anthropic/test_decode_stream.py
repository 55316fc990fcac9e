"""Anthropic streams, as they should be and as hosts send them."""

from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.decode_stream import AnthropicDecoder
from fastproxy.formats.anthropic.decode_whole import decode_whole
from fastproxy.framing.sse import EventReader
from fastproxy.ir.events import BlockEnd, Event, Failed, Reasoning, Start, Stop, Text, ToolArgs, ToolStart, Usage
from fastproxy.ir.fold import fold
from laws.grammar_anthropic import read
from laws.recorded import streams
from support import recordings

BEGIN = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "m-1", "content": [], "usage": {"input_tokens": 9, "output_tokens": 1}},
}
TEXT = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
SAID = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
STOP = {"type": "content_block_stop", "index": 0}
DONE = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}
END = {"type": "message_stop"}
START = Start("msg_1", "m-1", 0)


def decode(*told: Any) -> list[Event]:
    decoder = AnthropicDecoder()
    events = [event for each in told for event in decoder.decode(orjson.dumps(each))]
    return events + decoder.close()


def test_a_whole_stream_in_the_hubs_order() -> None:
    *events, usage, stop = decode(BEGIN, {"type": "ping"}, TEXT, SAID, STOP, DONE, END)
    assert events == [START, Text(0, ""), Text(0, "Hi"), BlockEnd(0)]
    assert usage == Usage(9, output_tokens=5, raw={"input_tokens": 9, "output_tokens": 5})
    assert stop == Stop("end", "end_turn")


def test_finished_only_with_message_stop() -> None:
    decoder = AnthropicDecoder()
    for told in (BEGIN, TEXT, SAID, STOP, DONE):
        decoder.decode(orjson.dumps(told))
    assert not decoder.finished
    failed = decoder.close()[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "upstream_garbage"
    assert decoder.close() == []


@pytest.mark.parametrize(
    ("told", "restated", "tokens"),
    [
        ({"input_tokens": 25}, {"input_tokens": 0, "output_tokens": 7}, Usage(25, output_tokens=7)),
        ({"output_tokens": 3}, {"input_tokens": 0, "output_tokens": 0}, Usage(0, output_tokens=3)),
        (
            {"input_tokens": 25, "cache_read_input_tokens": 0},
            {"input_tokens": 0, "cache_read_input_tokens": 25, "output_tokens": 7},
            Usage(0, cached_tokens=25, output_tokens=7),  # the same tokens, counted where they belong
        ),
    ],
)
def test_a_zero_does_not_erase_what_was_counted_before(
    told: dict[str, int], restated: dict[str, int], tokens: Usage
) -> None:
    begin = {"type": "message_start", "message": {"usage": told}}
    usage = decode(begin, {**DONE, "usage": restated}, END)[-2]
    assert isinstance(usage, Usage)
    assert replace(usage, raw=None) == tokens


def test_usage_of_a_broken_stream_is_told_before_its_failure() -> None:
    assert decode(BEGIN, TEXT)[-2:] == [
        Usage(9, output_tokens=1, raw=BEGIN["message"]["usage"]),  # type: ignore[index]
        Failed("upstream_garbage", "the upstream's stream ended before it was complete"),
    ]


def test_the_last_count_told_for_a_field_wins_and_a_null_takes_nothing_away() -> None:
    delta = {**DONE, "usage": {"input_tokens": 40, "cache_read_input_tokens": None, "output_tokens": 7}}
    begin = {"type": "message_start", "message": {"usage": {"input_tokens": 9, "cache_read_input_tokens": 3}}}
    usage = decode(begin, delta, END)[-2]
    assert isinstance(usage, Usage)
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (40, 3, 7)


def test_a_second_message_start_adds_nothing() -> None:
    spliced = {"type": "message_start", "message": {"id": "msg_2", "model": "m-2"}}
    events = decode(BEGIN, BEGIN, TEXT, spliced, SAID, STOP, DONE, END)
    assert [event for event in events if isinstance(event, Start)] == [START]
    assert fold(events) == fold(decode(BEGIN, TEXT, SAID, STOP, DONE, END))


@pytest.mark.parametrize("told", [[SAID, DONE, END], [TEXT, SAID, END], [{"type": "message_start"}, SAID, END]])
def test_a_stream_without_a_start_of_its_own_gets_one(told: list[Any]) -> None:
    events = decode(*told)
    assert events[0] == Start("", "", 0)
    assert Text(0, "Hi") in events
    assert isinstance(events[-1], Stop)
    assert BlockEnd(0) in events


@pytest.mark.parametrize(
    "noise",
    [
        {"type": "an event of tomorrow", "x": 1},
        {"type": "ping"},
        {"type": None},
        {},
        [],
        None,
        {"type": "content_block_delta"},
        {"type": "content_block_delta", "index": 0, "delta": None},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "delta of tomorrow"}},
        {"type": "content_block_start", "index": 1, "content_block": None},
        {"type": "content_block_stop", "index": 9},
        {"type": "message_delta", "delta": None, "usage": None},
    ],
)
def test_what_is_unknown_or_empty_says_nothing(noise: Any) -> None:
    assert decode(BEGIN, TEXT, noise, SAID, STOP, DONE, END) == decode(BEGIN, TEXT, SAID, STOP, DONE, END)


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            Failed("overloaded", "Overloaded"),
        ),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"}},
            Failed("bad_request", "prompt is too long: 9 > 8", "context_length"),
        ),
        ({"error": {"message": "boom", "code": 500}}, Failed("upstream_garbage", "boom")),
        ({"error": "boom"}, Failed("upstream_garbage", "boom")),
    ],
)
def test_an_error_event_is_a_failure_and_nothing_follows_it(error: Any, failed: Failed) -> None:
    events = decode(BEGIN, TEXT, SAID, error, SAID, DONE, END)
    assert events[-1] == failed
    assert sum(isinstance(event, Failed | Stop) for event in events) == 1


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("tool_use", Stop("end", "tool_use")),
        ("max_tokens", Stop("length", "max_tokens")),
        ("model_context_window_exceeded", Stop("length", "model_context_window_exceeded")),
        ("refusal", Stop("refusal", "refusal")),
        ("pause_turn", Stop("pause", "pause_turn")),
        ("a reason of tomorrow", Stop("end", "a reason of tomorrow")),
    ],
)
def test_stop_reasons(reason: str, expected: Stop) -> None:
    assert decode(BEGIN, {"type": "message_delta", "delta": {"stop_reason": reason}}, END)[-1] == expected


def test_a_stop_sequence_is_named_and_calls_make_a_stop_for_tools() -> None:
    done = {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"}}
    assert decode(BEGIN, done, END)[-1] == Stop("stop_sequence", "stop_sequence", "END")
    call = {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "i", "name": "n"}}
    assert decode(BEGIN, call, STOP, DONE, END)[-1] == Stop("tools", "end_turn")


def test_input_that_comes_with_the_start_is_cut_out_byte_for_byte() -> None:
    decoder = AnthropicDecoder()
    decoder.decode(orjson.dumps(BEGIN))
    events = decoder.decode(
        b'{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"i","name":"n",'
        b'"input":{"big": 123456789012345678901234567890, "n":1.0}}}'
    ) + decoder.decode(orjson.dumps(STOP))
    assert events == [
        ToolStart(0, "i", "n"),
        ToolArgs(0, '{"big": 123456789012345678901234567890, "n":1.0}'),
        BlockEnd(0),
    ]


def test_half_a_surrogate_pair_in_text_does_not_stop_a_stream() -> None:
    decoder = AnthropicDecoder()
    decoder.decode(orjson.dumps(TEXT))
    event = rb'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\ud83d"}}'
    assert decoder.decode(event) + decoder.decode(b'{"type":"ping"}') == [Text(0, "a\ufffd")]


def test_the_closing_mark_of_another_format_is_neither_an_end_nor_an_error() -> None:
    decoder = AnthropicDecoder()
    assert decoder.decode(b"[DONE]") == []
    assert not decoder.finished


@pytest.mark.parametrize("data", [b"{", b"", b"<html>", b'{"type":"ping"', b"\xff"])
def test_what_is_not_json_is_garbage(data: bytes) -> None:
    with pytest.raises(Fault) as raised:
        AnthropicDecoder().decode(data)
    assert raised.value.kind == "upstream_garbage"


def test_thinking_with_its_signature_and_without_words() -> None:
    def block(index: int, **told: str) -> Any:
        return {"type": "content_block_start", "index": index, "content_block": told}

    def delta(index: int, **told: str) -> Any:
        return {"type": "content_block_delta", "index": index, "delta": told}

    events = decode(
        BEGIN,
        block(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="so"),
        delta(0, type="signature_delta", signature="c2ln"),
        STOP,
        block(1, type="redacted_thinking", data="x"),
        {"type": "content_block_stop", "index": 1},
        END,
    )
    assert events[1:6] == [
        Reasoning(0, ""),
        Reasoning(0, "so"),
        Reasoning(0, "", "c2ln"),
        BlockEnd(0),
        Reasoning(1, "", "x", "redacted"),
    ]


@pytest.mark.parametrize("name", streams("anthropic"))
def test_every_recorded_stream_tells_all_of_its_message(name: str) -> None:
    reader, decoder = EventReader(1 << 24), AnthropicDecoder()
    answer = recordings.load(name).answer
    events = [event for data in reader.feed(answer) + reader.close() for event in decoder.decode(data)]
    assert decoder.finished
    assert decoder.close() == []
    if "duplicate" in name:
        return
    streamed, whole = fold(events), decode_whole(orjson.dumps(read(answer)[1]))
    assert [type(block) for block in streamed.blocks] == [type(block) for block in whole.blocks]
    for one, other in zip(streamed.blocks, whole.blocks, strict=True):
        for field in ("text", "signature", "id", "name", "bound", "citations"):
            assert getattr(one, field, None) == getattr(other, field, None)
        assert orjson.loads(getattr(one, "arguments", "0")) == orjson.loads(getattr(other, "arguments", "0"))
    assert (streamed.start, streamed.stop) == (whole.start, whole.stop)
    for field in ("input_tokens", "cached_tokens", "cache_written_tokens", "output_tokens", "reasoning_tokens"):
        assert getattr(streamed.usage, field) == getattr(whole.usage, field)
