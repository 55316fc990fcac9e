"""Single cases of the Gemini encoder, byte by byte; the laws are in tests/laws."""

import orjson
import pytest
from google.genai.errors import APIError

from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.gemini.encode_stream import GeminiEncoder
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


def test_the_signature_of_a_call_stands_on_the_call_and_that_of_a_text_on_an_empty_part() -> None:
    stream = write(
        START,
        Text(0, "so"),
        BlockEnd(0),
        Reasoning(1, "", "dGV4dA==", "text"),
        BlockEnd(1),
        Reasoning(2, "", "Y2FsbA==", "call"),
        BlockEnd(2),
        ToolStart(3, "a", "f"),
        BlockEnd(3),
        ToolStart(4, "b", "f"),
        BlockEnd(4),
        Stop("tools"),
    )
    chunks = [orjson.loads(line[6:]) for line in stream.split(b"\n\n") if line]
    assert [chunk["candidates"][0]["content"]["parts"] for chunk in chunks] == [
        [{"text": "so"}],
        [{"text": "", "thoughtSignature": "dGV4dA=="}],
        [{"functionCall": {"id": "a", "name": "f", "args": {}}, "thoughtSignature": "Y2FsbA=="}],
        [{"functionCall": {"id": "b", "name": "f", "args": {}}}],
        [{"text": ""}],
    ]
    gemini_stream(stream)


def test_withheld_thinking_is_a_thought_without_text() -> None:
    (_, told) = read(write(START, Reasoning(0, "", "c2ln", "redacted"), BlockEnd(0), Stop("end")))
    assert told["parts"] == [{"text": "", "thought": True, "thoughtSignature": "c2ln"}]


def test_what_the_model_says_when_it_refuses_is_text() -> None:
    (_, told) = read(write(START, Refusal(0, "No."), BlockEnd(0), Stop("refusal")))
    assert (told["parts"], told["finishReason"]) == ([{"text": "No."}], "SAFETY")


def test_sources_are_told_at_the_end_in_bytes_of_the_whole_text() -> None:
    stream = write(
        START,
        Text(0, "Höhe: "),
        BlockEnd(0),
        Text(1, "30 m, "),
        Text(1, "geprüft"),
        Citation(1, "https://a.test", "A", 6, 13),
        Citation(1, "https://b.test", "B"),
        Citation(1, "", "", 0, 4, "words of the source"),
        BlockEnd(1),
        Stop("end"),
    )
    (*_, last) = gemini_stream(stream)
    grounding = last.candidates[0].grounding_metadata
    assert [chunk.web.uri for chunk in grounding.grounding_chunks if chunk.web] == ["https://a.test", "https://b.test"]
    assert grounding.grounding_chunks[2].retrieved_context.text == "words of the source"
    first, second = grounding.grounding_supports
    said = "Höhe: 30 m, geprüft".encode()
    assert said[first.segment.start_index : first.segment.end_index].decode() == first.segment.text == "geprüft"
    assert (second.segment.text, second.grounding_chunk_indices) == ("30 m", [2])


def test_a_failure_keeps_its_reason() -> None:
    stream = write(START, Failed("bad_request", "too long", "context_length"))
    assert b"exceeds the maximum number of tokens allowed" in stream
