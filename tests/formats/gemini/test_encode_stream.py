"""Single cases of the Gemini encoder, byte by byte; the laws are in tests/laws."""

import orjson
import pytest
from google.genai.errors import APIError

from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.gemini.encode_stream import GeminiEncoder
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
from laws.grammar_gemini import read, read_array
from support.sdks import gemini_stream

START = Start("r1", "lab-1", 1_760_000_000)


def write(*events: Event, array: bool = False) -> bytes:
    encoder = GeminiEncoder(EncoderOptions(array=array))
    return b"".join([*map(encoder.encode, events), encoder.close()])


def test_a_text_answer_in_the_formats_exact_bytes() -> None:
    assert write(
        START, Text(0, "It\u2028is"), Usage(9, 1, None, 5, 2), Text(0, " late."), BlockEnd(0), Stop("end")
    ).decode() == (
        'data: {"candidates":[{"content":{"parts":[{"text":"It\u2028is"}],"role":"model"},"index":0}],'
        '"modelVersion":"lab-1","responseId":"r1"}\n\n'
        'data: {"candidates":[{"content":{"parts":[{"text":" late."}],"role":"model"},"index":0}],'
        '"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":1,"candidatesTokenCount":3,'
        '"thoughtsTokenCount":2,"totalTokenCount":15},"modelVersion":"lab-1","responseId":"r1"}\n\n'
        'data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],'
        '"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":1,"candidatesTokenCount":3,'
        '"thoughtsTokenCount":2,"totalTokenCount":15},"modelVersion":"lab-1","responseId":"r1"}\n\n'
    )


def test_a_call_is_one_whole_part_written_when_it_is_complete() -> None:
    encoder = GeminiEncoder(EncoderOptions())
    encoder.encode(START)
    assert encoder.encode(ToolStart(0, "a", "f")) == b""
    assert encoder.encode(ToolArgs(0, '{"n": 1.')) == b""
    assert encoder.encode(ToolArgs(0, '0,\n "big":12345678901234567890123}')) == b""
    assert b'"args":{"n": 1.0,  "big":12345678901234567890123}' in encoder.encode(BlockEnd(0))


def test_interleaved_calls_keep_their_own_arguments() -> None:
    chunks = gemini_stream(
        write(
            START,
            ToolStart(0, "a", "f"),
            ToolStart(1, "b", "g"),
            ToolArgs(1, '{"y":2}'),
            ToolArgs(0, '{"x":1}'),
            BlockEnd(1),
            BlockEnd(0),
            Stop("tools"),
        )
    )
    calls = [(call.id, call.name, call.args) for chunk in chunks for call in chunk.function_calls or []]
    assert calls == [("a", "f", {"x": 1}), ("b", "g", {"y": 2})]


def test_a_signature_on_an_empty_piece_is_never_dropped_and_a_mere_empty_piece_is() -> None:
    stream = write(START, Reasoning(0, "so"), Reasoning(0, "", "c2ln"), BlockEnd(0), Text(1, ""), Stop("end"))
    assert stream.count(b"data: ") == 3
    assert read(stream)[1]["parts"] == [{"text": "so", "thought": True, "thoughtSignature": "c2ln"}]


def test_a_call_that_can_not_be_run_is_left_out_and_told() -> None:
    stream = write(START, ToolStart(0, "a", "f"), ToolArgs(0, '{"cut": "o'), Stop("tools"))
    assert read(stream)[1]["finishReason"] == "MALFORMED_FUNCTION_CALL"
    assert b"functionCall" not in stream


def test_a_part_of_this_format_alone_is_kept_and_one_of_another_is_left_out() -> None:
    code = b'{"executableCode":{"language":"PYTHON","code":"1"}}'
    stream = write(START, Opaque("gemini", "part", code), Opaque("anthropic", "content_block", b"{}"), Stop("end"))
    assert read(stream)[1]["parts"] == [orjson.loads(code)]


def test_a_failure_becomes_the_error_object_and_nothing_follows_it() -> None:
    stream = write(START, Text(0, "half"), Failed("overloaded", "no room"), Text(0, "more"), Stop("end"))
    assert stream.endswith(b'data: {"error":{"code":503,"message":"no room","status":"UNAVAILABLE"}}\n\n')
    with pytest.raises(APIError, match="no room"):
        gemini_stream(stream)


def test_the_array_form_is_complete_json_also_when_it_ends_in_an_error() -> None:
    whole = write(START, Text(0, "a"), Stop("end"), array=True)
    assert read_array(whole)[0] == "finished"
    assert whole.startswith(b'[{"candidates"')
    assert read_array(write(START, Text(0, "half"), array=True))[0] == "error"
    assert read_array(write(array=True))[0] == "error"


def test_nothing_is_written_after_the_end() -> None:
    encoder = GeminiEncoder(EncoderOptions())
    for event in (START, Stop("end")):
        encoder.encode(event)
    assert encoder.encode(Text(0, "late")) == b""
    assert encoder.encode(Stop("end")) == b""
    assert encoder.close() == b""
