"""One part each, as bytes."""

import orjson
import pytest

from fastproxy.formats.gemini import parts
from fastproxy.ir.events import Start, Usage

START = Start("r1", "lab-1", 0)


def test_a_signature_stands_on_its_thought_even_without_text() -> None:
    assert parts.thought("so", None) == b'{"text":"so","thought":true}'
    assert parts.thought("", "c2ln") == b'{"text":"","thought":true,"thoughtSignature":"c2ln"}'


def test_the_arguments_of_a_call_are_spliced_in_byte_for_byte() -> None:
    part = parts.function_call("a", "f", '{"n": 1.0, "n":12345678901234567890123}')
    assert part == b'{"functionCall":{"id":"a","name":"f","args":{"n": 1.0, "n":12345678901234567890123}}}'


@pytest.mark.parametrize(("arguments", "args"), [("", b"{}"), ("\n{}\n", b"{}"), ("null", None), ('{"a', None)])
def test_no_arguments_are_an_object_and_anything_but_an_object_is_no_call(arguments: str, args: bytes | None) -> None:
    part = parts.function_call("", "f", arguments)
    assert part == (None if args is None else b'{"functionCall":{"name":"f","args":%b}}' % args)


def test_a_chunk_has_a_finish_reason_only_when_told_one() -> None:
    tail = parts.chunk_tail(START, Usage(output_tokens=2))
    told = orjson.loads(parts.chunk([parts.text("a"), parts.text("b")], None, tail))
    assert told == {
        "candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}], "role": "model"}, "index": 0}],
        "usageMetadata": {"promptTokenCount": 0, "candidatesTokenCount": 2, "totalTokenCount": 2},
        "modelVersion": "lab-1",
        "responseId": "r1",
    }
    assert orjson.loads(parts.chunk([], "STOP", tail))["candidates"][0]["finishReason"] == "STOP"


def test_unknown_usage_is_not_told_at_all() -> None:
    assert parts.chunk_tail(START, Usage()) == b',"modelVersion":"lab-1","responseId":"r1"'
