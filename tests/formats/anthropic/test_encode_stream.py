"""Single cases of the Anthropic encoder, byte by byte; the laws are in tests/laws."""

import pytest
from anthropic import APIStatusError

from fastproxy.formats.anthropic.encode_stream import AnthropicEncoder
from fastproxy.formats.base import EncoderOptions
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
from laws.grammar_anthropic import read
from support.sdks import anthropic_stream

START = Start("msg_1", "claude-lab-1", 1_760_000_000)


def write(*events: Event) -> bytes:
    encoder = AnthropicEncoder(EncoderOptions())
    return b"".join([*map(encoder.encode, events), encoder.close()])


def test_a_text_answer_in_the_formats_exact_bytes() -> None:
    assert write(
        START, Text(0, "It\u2028is"), Text(0, " late."), BlockEnd(0), Usage(9, 1, None, 5), Stop("end")
    ).decode() == (
        'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message",'
        '"role":"assistant","model":"claude-lab-1","content":[],"stop_reason":null,"stop_sequence":null,'
        '"stop_details":null,"usage":{"input_tokens":0,"output_tokens":0}}}\n\n'
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        '"content_block":{"type":"text","text":""}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"It\u2028is"}}\n\n'
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":" late."}}\n\n'
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
        '"stop_sequence":null,"stop_details":null},"usage":{"input_tokens":9,"cache_read_input_tokens":1,"output_tokens":5}}\n\n'
        'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    )


def test_usage_told_twice_is_told_once_and_cumulative() -> None:
    stream = write(START, Usage(12, 3, 4, 1), Usage(output_tokens=30, reasoning_tokens=7), Stop("end"))
    assert read(stream)[1]["usage"] == {
        "input_tokens": 12,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 4,
        "output_tokens": 30,
        "output_tokens_details": {"thinking_tokens": 7},
    }


def test_a_signature_comes_once_as_the_last_delta_of_its_block() -> None:
    stream = write(START, Reasoning(0, "a", "c2ln"), Reasoning(0, "b"), BlockEnd(0), Text(1, "c"), Stop("end"))
    assert stream.count(b"signature_delta") == 1
    assert read(stream)[1]["content"] == [
        {"type": "thinking", "thinking": "ab", "signature": "c2ln"},
        {"type": "text", "text": "c"},
    ]


def test_interleaved_calls_are_written_one_after_the_other() -> None:
    message = anthropic_stream(
        write(
            START,
            ToolStart(0, "a", "f"),
            ToolStart(1, "b", "g"),
            ToolArgs(1, '{"y"'),
            ToolArgs(0, '{"x":1}'),
            ToolArgs(1, ":2}"),
            BlockEnd(0),
            BlockEnd(1),
            Stop("tools"),
        )
    )
    assert [(block.type, block.name, block.input) for block in message.content if block.type == "tool_use"] == [
        ("tool_use", "f", {"x": 1}),
        ("tool_use", "g", {"y": 2}),
    ]
    assert message.stop_reason == "tool_use"


def test_a_call_without_arguments_gets_an_empty_object() -> None:
    stream = write(START, ToolStart(0, "a", "f"), ToolArgs(0, ""), BlockEnd(0), Stop("tools"))
    assert b'"partial_json":"{}"' in stream
    assert stream.count(b"input_json_delta") == 1


def test_white_space_before_the_arguments_never_reaches_the_sdk_which_would_raise() -> None:
    stream = write(
        START, ToolStart(0, "a", "f"), ToolArgs(0, " "), ToolArgs(0, '\n{"x": '), ToolArgs(0, " 1}"), Stop("tools")
    )
    assert stream.count(b"input_json_delta") == 2
    assert b'"partial_json":" 1}"' in stream
    assert anthropic_stream(stream).content[0].to_dict()["input"] == {"x": 1}


@pytest.mark.parametrize("pieces", [("null",), (" ", "null\n"), ("null", "")])
def test_null_for_arguments_becomes_the_empty_object_that_a_whole_answer_has(pieces: tuple[str, ...]) -> None:
    stream = write(START, ToolStart(0, "a", "f"), *(ToolArgs(0, piece) for piece in pieces), Stop("tools"))
    assert stream.count(b"input_json_delta") == 1
    assert anthropic_stream(stream).content[0].to_dict()["input"] == {}


def test_a_call_without_an_id_gets_one() -> None:
    content = read(write(START, Text(0, "x"), BlockEnd(0), ToolStart(1, "", "f"), Stop("tools")))[1]["content"]
    assert content[1]["id"] == "toolu_msg_1_1"


def test_argument_text_passes_byte_for_byte() -> None:
    pieces = ['{"n": 1.0, "big":1234567890123456789', '01234567890, "e":"\\u00e9\\ud83d"}']
    stream = write(START, ToolStart(0, "a", "f"), *(ToolArgs(0, piece) for piece in pieces), Stop("tools"))
    assert b'{\\"n\\": 1.0, \\"big\\":1234567890123456789"' in stream
    assert b'01234567890, \\"e\\":\\"\\\\u00e9\\\\ud83d\\"}"' in stream


def test_a_block_of_this_format_alone_is_whole_in_its_start_and_one_of_another_is_left_out() -> None:
    redacted = b'{"type":"redacted_thinking","data":"x"}'
    stream = write(
        START,
        Opaque("anthropic", "content_block", redacted),
        Opaque("gemini", "part", b"{}"),
        Text(0, "a"),
        Stop("end"),
    )
    assert read(stream)[1]["content"] == [
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "a"},
    ]


def test_a_refusal_is_text_and_its_stop_says_so() -> None:
    message = anthropic_stream(write(START, Refusal(0, "I "), Refusal(0, "won't."), BlockEnd(0), Stop("end", "stop")))
    assert message.to_dict()["content"] == [{"type": "text", "text": "I won't."}]
    assert message.stop_reason == "refusal"


def test_the_sdk_collects_citations_with_their_text() -> None:
    message = anthropic_stream(
        write(START, Text(0, "Lit."), Citation(0, "u", "T", 0, 4, "lit"), Citation(0, "v"), BlockEnd(0), Stop("end"))
    )
    assert message.to_dict()["content"] == [
        {
            "type": "text",
            "text": "Lit.",
            "citations": [
                {
                    "type": "web_search_result_location",
                    "cited_text": "lit",
                    "encrypted_index": "",
                    "title": "T",
                    "url": "u",
                },
                {
                    "type": "web_search_result_location",
                    "cited_text": "",
                    "encrypted_index": "",
                    "title": None,
                    "url": "v",
                },
            ],
        }
    ]


@pytest.mark.parametrize("bound", ["thinking", "redacted", "call", "text"])
def test_a_signature_without_words_is_an_empty_thinking_block_whatever_it_proves(bound: Bound) -> None:
    message = anthropic_stream(write(START, Reasoning(0, "", "c2ln", bound), BlockEnd(0), Text(1, "a"), Stop("end")))
    assert message.content[0].to_dict() == {"type": "thinking", "thinking": "", "signature": "c2ln"}


def test_free_text_of_a_custom_call_becomes_the_one_property_of_an_object() -> None:
    pieces = ['*** Begin "Patch"\n', "", "\\x \u2028"]
    stream = write(START, ToolStart(0, "a", "apply", custom=True), *(ToolArgs(0, p) for p in pieces), Stop("tools"))
    assert anthropic_stream(stream).content[0].to_dict()["input"] == {"input": "".join(pieces)}


def test_an_ordinary_call_after_a_custom_one_is_written_as_ever() -> None:
    stream = write(
        START,
        ToolStart(0, "a", "f", custom=True),
        BlockEnd(0),
        ToolStart(1, "b", "g"),
        ToolArgs(1, '{"x":1}'),
        BlockEnd(1),
        Stop("tools"),
    )
    inputs = [block["input"] for block in read(stream)[1]["content"]]
    assert inputs == [{"input": ""}, {"x": 1}]


def test_a_failure_with_a_reason_says_the_words_that_clients_look_for() -> None:
    assert b'"prompt is too long: 9 tokens"' in write(START, Failed("bad_request", "9 tokens", "context_length"))


def test_a_failure_becomes_the_error_event_and_nothing_follows_it() -> None:
    stream = write(START, Text(0, "half"), Failed("overloaded", "no room"), Text(0, "more"), Stop("end"))
    assert stream.endswith(
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no room"}}\n\n'
    )
    with pytest.raises(APIStatusError, match="no room"):
        anthropic_stream(stream)


def test_a_model_that_stopped_with_an_error_does_not_look_finished() -> None:
    stream = write(START, Text(0, "half"), Stop("error", raw="MALFORMED_FUNCTION_CALL"))
    assert read(stream)[0] == "error"
    assert b"MALFORMED_FUNCTION_CALL" in stream


def test_nothing_is_written_after_the_end() -> None:
    encoder = AnthropicEncoder(EncoderOptions())
    for event in (START, Stop("end")):
        encoder.encode(event)
    assert encoder.encode(Text(0, "late")) == b""
    assert encoder.encode(Stop("end")) == b""
    assert encoder.close() == b""


def test_a_stream_without_any_event_is_an_error() -> None:
    assert read(write())[0] == "error"


@pytest.mark.parametrize("pieces", [("nu", "ll"), ("[1,", "2]"), ("\n", "x{", '"a":1}')])
def test_arguments_that_begin_as_no_object_are_told_in_one_piece_at_their_end(pieces: tuple[str, ...]) -> None:
    stream = write(START, ToolStart(0, "a", "f"), *(ToolArgs(0, piece) for piece in pieces), Stop("tools"))
    text = "".join(pieces)
    assert stream.count(b"input_json_delta") == 1
    assert anthropic_stream(stream).content[0].to_dict()["input"] == ({} if text == "null" else {"_invalid_json": text})


def test_an_object_that_breaks_is_no_finished_answer_unless_a_limit_cut_it() -> None:
    events = (START, ToolStart(0, "a", "f"), ToolArgs(0, '{"x": 1, "y": "ha'), BlockEnd(0))
    assert read(write(*events, Stop("tools")))[0] == "error"
    message = anthropic_stream(write(*events, Stop("length")))
    assert (message.content[0].to_dict()["input"], message.stop_reason) == ({"x": 1}, "max_tokens")
