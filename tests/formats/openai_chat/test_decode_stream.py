"""Chat streams of many hosts as events: the order of them, and every way a host has been seen to break the format."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.decode_stream import ChatDecoder
from fastproxy.formats.openai_chat.decode_whole import decode_whole
from fastproxy.framing.sse import EventReader
from fastproxy.ir.events import (
    BlockEnd,
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
from fastproxy.ir.fold import ReasoningBlock, TextBlock, ToolCall, fold
from laws.recorded import streams
from support import recordings
from support.copied import Copied

START = Start("c1", "m", 7)
USAGE = {"prompt_tokens": 9, "completion_tokens": 5}
TOLD_USAGE = Usage(9, None, None, 5, None, USAGE)
CUT = Failed("upstream_garbage", "the upstream's stream ended before it was complete")
DONE = b"[DONE]"


def chunk(delta: Any = None, finish: Any = None, **fields: Any) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return orjson.dumps({"id": "c1", "model": "m", "created": 7, "choices": [choice], **fields})


def told(*data: bytes) -> list[Event]:
    decoder = ChatDecoder()
    return [event for piece in data for event in decoder.decode(piece)] + decoder.close()


def said(*deltas: Any) -> list[Event]:
    """The events between Start and Stop."""
    first, *events, last = told(*map(chunk, deltas), chunk(finish="stop"), DONE)
    assert first == START
    assert isinstance(last, Stop)
    return events


def test_openais_own_stream() -> None:
    assert told(
        chunk({"role": "assistant", "content": "", "refusal": None}),
        chunk({"content": "Hi"}),
        chunk({"content": "!"}),
        chunk(finish="stop"),
        orjson.dumps({"id": "c1", "choices": [], "usage": USAGE}),
        DONE,
    ) == [START, Text(0, "Hi"), Text(0, "!"), BlockEnd(0), TOLD_USAGE, Stop("end", "stop")]


def test_the_stop_waits_for_usage_and_nothing_follows_it() -> None:
    decoder = ChatDecoder()
    assert decoder.decode(chunk({"content": "x"}, "stop"))[-1] == BlockEnd(0)
    assert decoder.finished
    assert decoder.decode(orjson.dumps({"choices": [], "usage": USAGE})) == []
    assert decoder.decode(DONE) == [TOLD_USAGE, Stop("end", "stop")]
    assert decoder.decode(chunk({"content": "late"})) == decoder.decode(DONE) == decoder.close() == []


@pytest.mark.parametrize(
    "last",
    [
        chunk({"content": ""}, "stop", usage=USAGE),
        chunk({}, "stop", x_groq={"id": "r", "usage": USAGE}),
        orjson.dumps({"choices": [{"delta": {}, "finish_reason": "stop", "usage": USAGE}]}),
    ],
    ids=["beside a choice", "Groq", "Moonshot"],
)
def test_usage_is_found_wherever_a_host_puts_it_and_done_may_be_missing(last: bytes) -> None:
    assert told(chunk({"content": "x"}), last)[-2:] == [TOLD_USAGE, Stop("end", "stop")]


@pytest.mark.parametrize("zeros", [{"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, {"odd": 1}, [0]])
def test_a_last_usage_that_counts_nothing_does_not_erase_one_that_does(zeros: Any) -> None:
    last = orjson.dumps({"choices": [], "usage": zeros})
    assert told(chunk({"content": "x"}, "stop", usage=USAGE), last, DONE)[-2] == TOLD_USAGE


def test_zeros_alone_are_told_as_they_came() -> None:
    zeros = {"prompt_tokens": 0, "completion_tokens": 0}
    assert told(chunk({"content": "x"}, "stop", usage=zeros), DONE)[-2] == Usage(0, output_tokens=0, raw=zeros)


def test_of_several_usages_the_last_one_counts() -> None:
    first = chunk({"content": "x"}, usage={"prompt_tokens": 9, "completion_tokens": 1})
    assert told(first, chunk({}, "stop", usage=USAGE), DONE)[-2] == TOLD_USAGE


@pytest.mark.parametrize("data", [[chunk({"content": "x"})], [chunk()], []], ids=["text", "role", "nothing"])
def test_a_body_that_ends_without_an_end_has_failed(data: list[bytes]) -> None:
    assert told(*data)[-1] == CUT


def test_done_alone_ends_a_text_but_neither_nothing_nor_half_a_call() -> None:
    decoder = ChatDecoder()
    decoder.decode(chunk({"content": "x"}))
    assert decoder.decode(DONE)[-1] == Stop("end")
    assert decoder.finished
    assert told(DONE) == [CUT]
    assert told(chunk(), DONE) == [START, CUT]
    half = chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x"'}}]})
    assert told(half, DONE)[-2:] == [ToolArgs(0, '{"x"'), CUT]


@pytest.mark.parametrize(
    "error",
    [
        b'{"error":{"message":"m","type":"server_error"}}',
        b'{"error":"m"}',
        b'{"object":"error","message":"m"}',
        b'{"message":"m","type":"server_error"}',
        chunk({"content": ""}, "error", error={"message": "m", "code": 500}),
        orjson.dumps({"choices": [{"finish_reason": "error", "error": {"message": "m"}}]}),
        chunk({}, x_groq={"id": "r", "error": "m"}),
        chunk({"content": "never told"}, "stop", x_groq={"error": "m", "usage": USAGE}),
        orjson.dumps({"choices": [], "x_groq": {"error": "m"}}),
    ],
    ids=[
        "OpenAI",
        "Ollama",
        "vLLM",
        "bare",
        "OpenRouter",
        "OpenRouter, within the choice",
        "Groq",
        "Groq, with an end",
        "Groq, without a choice",
    ],
)
@pytest.mark.parametrize("before", [[], [chunk({"content": "half"})], [chunk(finish="stop")]])
def test_an_error_ends_the_stream_as_failed_wherever_it_comes(error: bytes, before: list[bytes]) -> None:
    decoder = ChatDecoder()
    events = [event for data in [*before, error] for event in decoder.decode(data)]
    assert events[-1] == Failed("upstream_garbage", "m")
    assert not decoder.finished
    assert decoder.decode(DONE) == decoder.close() == []


@pytest.mark.parametrize("word", ["error", "abort", "insufficient_system_resource"])
def test_a_model_that_broke_down_is_no_good_end(word: str) -> None:
    decoder = ChatDecoder()
    events = decoder.decode(chunk({"content": "half"}, word)) + decoder.decode(DONE)
    assert events[-1] == Stop("error", word)
    assert not decoder.finished


def test_an_unfinished_call_at_the_token_limit_is_ended_and_the_limit_told() -> None:
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x'}}
    events = told(chunk({"tool_calls": [call]}), chunk(finish="length"), DONE)
    assert events[1:] == [ToolStart(0, "a", "f"), ToolArgs(0, '{"x'), BlockEnd(0), Stop("length", "length")]


@pytest.mark.parametrize("word", ["stop", "tool_calls", "tool_call", "function_call", "eos"])
def test_calls_decide_that_tools_are_called(word: str) -> None:
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    assert told(chunk({"tool_calls": [call]}, word), DONE)[-1] == Stop("tools", word)


def test_the_start_is_taken_from_the_first_chunk_with_a_choice() -> None:
    azure = orjson.dumps({"id": "", "model": "", "choices": [], "prompt_filter_results": []})
    other_id = chunk({"content": "x"}, "stop", id="c2")
    assert told(azure, chunk(), other_id, DONE)[0] == START
    assert told(b'{"choices":[{"delta":{"content":"x"}}]}')[:2] == [Start("", "", 0), Text(0, "x")]


@pytest.mark.parametrize("created", [1.5, "soon", None, -1, 1e30])
def test_an_odd_time_breaks_nothing(created: Any) -> None:
    (start, *_) = told(chunk(created=created))
    assert isinstance(start, Start)
    assert 0 <= start.created_at <= 1


def test_other_choices_are_not_told() -> None:
    other = b'{"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"stop"}]}'
    assert told(chunk({"content": "yes"}), other, chunk(finish="stop"), DONE)[1:3] == [Text(0, "yes"), BlockEnd(0)]


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "reasoning_text"])
def test_a_thought_comes_before_the_text_of_the_same_delta(key: str) -> None:
    assert said({"content": "b", key: "a"}) == [Reasoning(0, "a"), BlockEnd(0), Text(1, "b"), BlockEnd(1)]


def test_a_thought_told_twice_is_told_once() -> None:
    assert said({"reasoning": "a", "reasoning_content": "a"}) == [Reasoning(0, "a"), BlockEnd(0)]
    details = [{"type": "reasoning.text", "text": "a", "index": 0}]
    assert said({"reasoning": "a", "reasoning_details": details}) == [Reasoning(0, "a"), BlockEnd(0)]


def test_openrouters_signature_comes_last_and_ends_its_thought() -> None:
    signed = {"type": "reasoning.text", "text": "", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0}
    text = {"type": "reasoning.text", "text": "a", "format": "anthropic-claude-v1", "index": 0}
    events = said({"reasoning_details": [text]}, {"reasoning_details": [signed]}, {"content": "b"})
    kept = '{"type":"reasoning.text","signature":"c2ln","format":"anthropic-claude-v1","index":0}'
    assert events[:3] == [Reasoning(0, "a"), Reasoning(0, "", kept), BlockEnd(0)]


def test_copilots_signature_ends_the_thought_that_it_is_for() -> None:
    kept = '{"reasoning_opaque":"c2ln"}'
    together = said({"reasoning_text": "a"}, {"content": None, "reasoning_opaque": "c2ln"}, {"content": "b"})
    assert together[:4] == [Reasoning(0, "a"), Reasoning(0, "", kept), BlockEnd(0), Text(1, "b")]
    assert said({"reasoning_text": "a", "reasoning_opaque": "c2ln", "content": "b"}) == [*together]


def test_copilots_signature_without_words_and_in_the_middle_of_a_text_is_not_lost() -> None:
    told = said({"content": "a"}, {"content": "b", "reasoning_opaque": "c2ln"}, {"content": "c"})
    assert [type(event) for event in told] == [Text, BlockEnd, Reasoning, BlockEnd, Text, Text, BlockEnd]
    assert [event.text for event in told if isinstance(event, Text)] == ["a", "b", "c"]


def test_mistrals_content_is_an_array() -> None:
    thinking = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}]}
    events = said(thinking, {"content": [{"type": "text", "text": "b"}, {"type": "reference", "reference_ids": [1]}]})
    assert events == [Reasoning(0, "a"), BlockEnd(0), Text(1, "b"), BlockEnd(1)]


def test_databricks_content_is_an_array_whose_thoughts_are_summaries() -> None:
    def thought(text: str, signature: str) -> dict[str, Any]:
        summary = {"type": "summary_text", "text": text, "signature": signature}
        return {"content": [{"type": "reasoning", "summary": [summary]}]}

    pieces = thought("a", ""), thought("b", ""), thought("", "EqQB")
    assert said(*pieces, {"content": [{"type": "text", "text": "c"}]}, {"content": "d"}) == [
        Reasoning(0, "a"), Reasoning(0, "b"), BlockEnd(0), Text(1, "c"), Text(1, "d"), BlockEnd(1),
    ]  # fmt: skip


def test_a_refusal_is_told_and_is_why_it_stopped() -> None:
    assert told(chunk({"refusal": "no"}), chunk(finish="stop"), DONE)[1:] == [
        Refusal(0, "no"), BlockEnd(0), Stop("refusal", "stop"),
    ]  # fmt: skip


def test_a_citation_points_into_its_block() -> None:
    cited = {"url": "https://h", "title": "t", "start_index": 1, "end_index": 3, "content": "words"}
    annotation = {"annotations": [{"type": "url_citation", "url_citation": cited}]}
    assert said({"content": "abc"}, annotation)[1] == Citation(0, "https://h", "t", 1, 3, "words")
    moved = said({"content": "x"}, {"reasoning": "hm"}, {"content": "abc"}, annotation)
    assert Citation(2, "https://h", "t", 0, 2, "words") in moved
    nowhere = annotation["annotations"][0] | {"url_citation": cited | {"start_index": 0, "end_index": 0}}
    assert Citation(0, "https://h", "t", None, None, "words") in said({"content": "a", "annotations": [nowhere]})


def test_text_after_a_call_is_a_block_of_its_own() -> None:
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    assert said({"content": "x"}, {"tool_calls": [call]}, {"content": "y"}) == [
        Text(0, "x"), BlockEnd(0), ToolStart(1, "a", "f"), ToolArgs(1, "{}"), BlockEnd(1), Text(2, "y"), BlockEnd(2),
    ]  # fmt: skip


def test_the_call_of_hosts_from_before_there_were_tools() -> None:
    events = said({"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}})
    assert events == [ToolStart(0, "", "f"), ToolArgs(0, "{}"), BlockEnd(0)]


def test_arguments_sent_as_an_object_keep_every_digit() -> None:
    data = (
        b'{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f",'
        b'"arguments":{"n":123456789012345678901234567890}}}]},"finish_reason":"tool_calls"}]}'
    )
    assert ToolArgs(0, '{"n":123456789012345678901234567890}') in told(data)


def test_sound_and_pictures_are_opaque_and_whole() -> None:
    pieces = said({"audio": {"id": "a", "data": "AA"}}, {"audio": {"data": "BB", "expires_at": 9}})
    assert pieces == [Opaque("openai-chat", "audio", b'{"id":"a","data":"AABB","expires_at":9}')]
    assert said({"images": [{"index": 0}]}) == [Opaque("openai-chat", "images", b'[{"index":0}]')]


def test_sound_is_not_copied_for_each_of_its_pieces() -> None:
    decoder, events = ChatDecoder(), list[Event]()
    Copied.forget()
    for _ in range(500):
        decoder._take({"audio": {"data": Copied("A" * 20)}}, events)
    decoder._end_blocks(events)
    assert events == [Opaque("openai-chat", "audio", orjson.dumps({"data": "A" * 10_000}))]
    assert Copied.characters == 0


def test_half_a_surrogate_pair_is_mended_and_what_is_not_json_is_garbage() -> None:
    assert Text(0, "a\N{REPLACEMENT CHARACTER}") in told(rb'{"choices":[{"delta":{"content":"a\ud83d"}}]}')
    for data in (b"{", b"ping", b'{"a":\xff}', b""):
        with pytest.raises(Fault) as raised:
            ChatDecoder().decode(data)
        assert raised.value.kind == "upstream_garbage"


@pytest.mark.parametrize(
    "data",
    [
        b"null", b"[]", b"7", b"{}", b'{"choices":{}}', b'{"choices":[7,null]}', b'{"choices":[{"delta":"x"}]}',
        b'{"choices":[{"delta":{"content":7,"tool_calls":7,"annotations":7,"audio":7,"refusal":7}}]}',
        b'{"choices":[{"delta":{"tool_calls":[7],"reasoning_details":[7],"annotations":[7,null],"images":[7],"reasoning":{}}}]}',
        b'{"choices":[{"delta":{"content":[7,{"type":["x"]},{"type":"thinking","thinking":7}]}}],"usage":7}',
        b'{"choices":[{"delta":{"content":[{"type":"reasoning"},{"type":"reasoning","summary":[7,{"text":7}]}]}}]}',
        b'{"choices":[{"finish_reason":["stop"],"stop_reason":{}}],"x_groq":7,"ping":true}',
    ],
)  # fmt: skip
def test_oddities_break_nothing(data: bytes) -> None:
    assert told(data, chunk({"content": "x"}), chunk(finish="stop"), DONE)[-1] == Stop("end", "stop")


@pytest.mark.parametrize("name", streams("openai-chat"))
def test_every_recorded_stream_is_read_to_its_end(name: str) -> None:
    decoder, reader = ChatDecoder(), EventReader(1 << 24)
    answer = recordings.load(name).answer
    events = [event for data in [*reader.feed(answer), *reader.close()] for event in decoder.decode(data)]
    events += decoder.close()
    response = fold(events)
    broke = "tool-use-failed" in name
    assert decoder.finished is not broke
    assert (response.failed is not None) is broke
    assert response.blocks
    assert all(isinstance(block, TextBlock | ReasoningBlock | ToolCall) for block in response.blocks)
    texts = [block.text for block in response.blocks if isinstance(block, TextBlock)]
    assert len(texts) <= 1


def test_a_stream_and_its_whole_body_say_the_same() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1.0}'}}
    message = {"tool_calls": [call], "content": "text", "refusal": None, "reasoning_content": "hm", "role": "assistant"}
    body = {"id": "c1", "model": "m", "created": 7, "usage": USAGE}
    whole = decode_whole(orjson.dumps(body | {"choices": [{"message": message, "finish_reason": "tool_calls"}]}))
    pieces = [
        {"reasoning_content": "h"}, {"reasoning_content": "m"}, {"content": "te"}, {"content": "xt"},
        {"tool_calls": [call | {"index": 0, "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"x": '}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "1.0}"}}]},
    ]  # fmt: skip
    assert fold(told(*map(chunk, pieces), chunk(finish="tool_calls", usage=USAGE), DONE)) == whole


def test_a_null_error_is_none_whatever_stands_beside_it() -> None:
    decoder = ChatDecoder()
    assert decoder.decode(chunk({"content": "a"}, error=None, message="fine")) == [START, Text(0, "a")]


def test_a_thought_told_alone_in_any_of_its_spellings_is_a_thought() -> None:
    for key in ("reasoning_content", "reasoning", "reasoning_text"):
        decoder = ChatDecoder()
        assert decoder.decode(chunk({key: "a"})) == [START, Reasoning(0, "a")]
        assert decoder.decode(chunk({key: ["b"]})) == []
        assert decoder.decode(chunk({"content": "c"})) == [BlockEnd(0), Text(1, "c")]


def test_what_is_said_in_sound_is_text_as_well() -> None:
    pieces = said(
        {"audio": {"id": "a", "transcript": "Hel"}}, {"audio": {"data": "AA"}}, {"audio": {"transcript": "lo"}}
    )
    sound = Opaque("openai-chat", "audio", b'{"id":"a","transcript":"Hello","data":"AA"}')
    assert pieces == [Text(0, "Hel"), Text(0, "lo"), BlockEnd(0), sound]


def test_a_message_that_is_repeated_beside_an_empty_delta_is_not_told_twice() -> None:
    whole = {"index": 0, "delta": {}, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    events = told(chunk({"content": "Hello"}), orjson.dumps({"choices": [whole]}), DONE)
    assert events == [START, Text(0, "Hello"), BlockEnd(0), Stop("end", "stop")]
