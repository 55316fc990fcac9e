"""Single cases of the Chat encoder, byte by byte; the laws are in tests/laws."""

import orjson
import pytest
from openai import APIError

from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_chat.encode_stream import ChatStream
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
from laws.grammar_openai import read_chat
from support.openai_sdk import chat_chunks, chat_stream
from support.sse import objects

START = Start("chatcmpl-1", "lab-1", 1_760_000_000)
HEAD = (
    'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1760000000,"model":"lab-1",'
    '"system_fingerprint":null,"choices":['
)


def write(*events: Event, include_usage: bool = False) -> bytes:
    encoder = ChatStream(EncoderOptions(include_usage=include_usage))
    return b"".join([*map(encoder.encode, events), encoder.close()])


def choice(delta: str, finish: str = "null") -> str:
    return f'{HEAD}{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]'


def test_a_text_answer_in_the_formats_exact_bytes() -> None:
    ends = "}\n\n"
    assert write(START, Text(0, "It\u2028is"), Text(0, " late."), BlockEnd(0), Usage(9), Stop("end")).decode() == (
        choice('{"role":"assistant","content":"","refusal":null}')
        + ends
        + choice('{"content":"It\u2028is"}')
        + ends
        + choice('{"content":" late."}')
        + ends
        + choice("{}", '"stop"')
        + ends
        + "data: [DONE]\n\n"
    )


def test_a_client_that_asked_for_usage_gets_it_last_and_null_before() -> None:
    first, end, usage, done = write(START, Usage(9, 1, 2, 5, 3), Stop("end"), include_usage=True).split(b"\n\n")[:-1]
    assert first.endswith(b'],"usage":null}')
    assert end.endswith(b'"finish_reason":"stop"}],"usage":null}')
    assert usage.decode() == HEAD + (
        '],"usage":{"prompt_tokens":12,"prompt_tokens_details":{"cached_tokens":1,"cache_write_tokens":2},'
        '"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":3},"total_tokens":17}}'
    )
    assert done == b"data: [DONE]"


def test_usage_that_comes_after_the_stop_is_told_all_the_same() -> None:
    _, told = read_chat(write(START, Stop("end"), Usage(1, None, None, 1), include_usage=True))
    assert told.usage is not None
    assert told.usage["total_tokens"] == 2


def test_no_usage_is_made_up_when_the_upstream_told_none() -> None:
    end, told = read_chat(write(START, Stop("end"), include_usage=True))
    assert (end, told.usage) == ("finished", None)


def test_interleaved_calls_are_written_one_after_the_other_with_their_arguments_untouched() -> None:
    completion = chat_stream(
        write(
            START,
            ToolStart(0, "a", "clock"),
            ToolStart(1, "", "date"),
            ToolArgs(0, '{"zone": '),
            ToolArgs(1, "{}"),
            ToolArgs(0, "1.0}"),
            BlockEnd(0),
            BlockEnd(1),
            Stop("end"),
        )
    )
    calls = completion.choices[0].message.tool_calls or []
    assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [
        ("a", "clock", '{"zone": 1.0}'),
        ("call_1_1", "date", "{}"),
    ]
    assert completion.choices[0].finish_reason == "tool_calls"


def test_a_call_without_arguments_gets_an_empty_object() -> None:
    _, told = read_chat(write(START, ToolStart(0, "a", "now"), ToolArgs(0, ""), BlockEnd(0), Stop("tools")))
    assert told.message["tool_calls"][0]["function"]["arguments"] == "{}"


def test_thinking_is_told_as_reasoning_content_and_each_signature_as_an_entry_with_its_length() -> None:
    stream = write(
        START,
        Reasoning(0, "Hm."),
        Reasoning(0, "", "c2ln"),
        BlockEnd(0),
        Reasoning(1, "", "cHJvb2Y=", "call"),
        BlockEnd(1),
        ToolStart(2, "a", "f"),
        BlockEnd(2),
        Stop("end"),
    )
    _, told = read_chat(stream)
    shared = {"type": "reasoning.encrypted", "format": "fastproxy-1"}
    assert told.message["reasoning_content"] == "Hm."
    assert told.message["reasoning_details"] == [
        {"index": 0, "data": "c2ln", "characters": 3, **shared},
        {"index": 1, "data": "cHJvb2Y=", "characters": 0, **shared},
    ]
    message = chat_stream(stream).choices[0].message.to_dict()
    assert message["reasoning_details"] == told.message["reasoning_details"]


def test_a_refusal_in_words_has_its_own_place_and_ends_with_stop() -> None:
    _, told = read_chat(write(START, Refusal(0, "I can't."), BlockEnd(0), Stop("refusal")))
    assert (told.message["refusal"], told.message["content"], told.finish_reason) == ("I can't.", "", "stop")
    assert read_chat(write(START, Text(0, "half"), Stop("refusal")))[1].finish_reason == "content_filter"


def test_citations_point_into_the_whole_message_and_are_numbered() -> None:
    stream = write(
        START,
        Text(0, "One. "),
        Citation(0, "https://a", "A", 0, 3),
        BlockEnd(0),
        Text(1, "Two."),
        Citation(1, "https://b", "B", 0, 3, "zwei"),
        BlockEnd(1),
        Stop("end"),
    )
    _, told = read_chat(stream)
    places = [entry["url_citation"] for entry in told.message["annotations"]]
    assert [(place["url"], place["start_index"], place["end_index"]) for place in places] == [
        ("https://a", 0, 3),
        ("https://b", 5, 8),
    ]
    chat_stream(stream)


def test_a_custom_call_is_told_as_one_and_owes_no_object() -> None:
    events = (START, ToolStart(0, "a", "shell", custom=True), ToolArgs(0, "date"), BlockEnd(0), Stop("tools"))
    _, told = read_chat(write(*events))
    assert told.message["tool_calls"] == [{"id": "a", "type": "custom", "custom": {"name": "shell", "input": "date"}}]
    _, told = read_chat(write(START, ToolStart(0, "a", "shell", custom=True), BlockEnd(0), Stop("tools")))
    assert told.message["tool_calls"][0]["custom"]["input"] == ""


def test_fields_of_this_format_pass_as_they_came_and_those_of_others_do_not() -> None:
    audio = b'{"id":"a","data":"AA=="}'
    stream = write(START, Opaque("openai-chat", "audio", audio), Opaque("anthropic", "x", b"{}"))
    assert objects(stream)[1]["choices"][0]["delta"] == {"audio": orjson.loads(audio)}
    assert audio in stream
    assert len(objects(stream)) == 3  # the role, the audio, and the error for the missing Stop


def test_entries_of_every_list_are_numbered_on_because_the_sdk_fails_without() -> None:
    events = (Opaque("openai-chat", "images", b'[{"type":"image_url"},{"type":"image_url"}]'), Citation(0, "https://h"))
    stream = write(START, events[0], events[1], BlockEnd(0), events[0], Stop("end"))
    _, told = read_chat(stream)
    assert [image["index"] for image in told.message["images"]] == [0, 1, 2, 3]
    assert [annotation["index"] for annotation in told.message["annotations"]] == [0]
    chat_stream(stream)


def test_a_failure_keeps_its_reason() -> None:
    assert b'"code":"context_length_exceeded"' in write(START, Failed("bad_request", "too long", "context_length"))


@pytest.mark.parametrize(
    "ending",
    [(Failed("overloaded", "no room"),), (Stop("error", "MALFORMED_FUNCTION_CALL"),), ()],
    ids=["failed", "stopped with an error", "cut"],
)
def test_a_broken_answer_ends_in_an_error_that_the_sdk_raises(ending: tuple[Event, ...]) -> None:
    stream = write(START, Text(0, "half"), *ending)
    assert read_chat(stream)[0] == "error"
    assert b"[DONE]" not in stream
    with pytest.raises(APIError):
        chat_chunks(stream)


def test_nothing_follows_an_error() -> None:
    encoder = ChatStream(EncoderOptions())
    encoder.encode(START)
    assert encoder.encode(Failed("timeout", "too slow"))
    assert encoder.encode(Text(0, "late")) + encoder.encode(Stop("end")) + encoder.close() == b""


def test_the_stream_of_an_answer_that_never_began_is_one_error() -> None:
    assert read_chat(write())[0] == "error"
