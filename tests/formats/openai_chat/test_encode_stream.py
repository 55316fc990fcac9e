"""Single cases of the Chat encoder, byte by byte; the laws are in tests/laws."""

import orjson
import pytest
from openai import APIError

from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_chat.encode_stream import ChatStream
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


def test_thinking_is_told_as_reasoning_content_and_its_signature_stays_behind() -> None:
    stream = write(START, Reasoning(0, "Hm."), Reasoning(0, "", "c2ln"), BlockEnd(0), Text(1, "Yes."), Stop("end"))
    _, told = read_chat(stream)
    assert (told.message["reasoning_content"], told.message["content"]) == ("Hm.", "Yes.")
    assert b"c2ln" not in stream


def test_fields_of_this_format_pass_as_they_came_and_those_of_others_do_not() -> None:
    annotations = b'[{"index":0,"type":"url_citation"}]'
    stream = write(START, Opaque("openai-chat", "annotations", annotations), Opaque("anthropic", "x", b"{}"))
    assert objects(stream)[1]["choices"][0]["delta"] == {"annotations": orjson.loads(annotations)}
    assert annotations in stream
    assert len(objects(stream)) == 3  # the role, the annotations, and the error for the missing Stop


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
