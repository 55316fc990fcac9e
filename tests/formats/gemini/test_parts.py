"""One part each, as bytes."""

import orjson
import pytest

from fastproxy.formats.gemini import parts
from fastproxy.formats.gemini.grounding import Sources
from fastproxy.ir.events import Start, Usage
from fastproxy.ir.fold import ToolCall

START = Start("r1", "lab-1", 0)


def test_a_signature_stands_on_its_thought_even_without_text() -> None:
    assert parts.thought("so", None) == b'{"text":"so","thought":true}'
    assert parts.thought("", "c2ln") == b'{"text":"","thought":true,"thoughtSignature":"c2ln"}'


def test_the_arguments_of_a_call_are_spliced_in_byte_for_byte() -> None:
    part = parts.function_call(ToolCall("a", "f", '{"n": 1.0, "n":12345678901234567890123}'), None)
    assert part == b'{"functionCall":{"id":"a","name":"f","args":{"n": 1.0, "n":12345678901234567890123}}}'


@pytest.mark.parametrize(
    ("arguments", "args"), [("", b"{}"), ("\n{}\n", b"{}"), ("null", b"{}"), ("[1]", None), ('{"a', None)]
)
def test_no_arguments_are_an_object_and_anything_but_an_object_is_no_call(arguments: str, args: bytes | None) -> None:
    part = parts.function_call(ToolCall("", "f", arguments), None)
    assert part == (None if args is None else b'{"functionCall":{"name":"f","args":%b}}' % args)


def test_a_chunk_has_a_finish_reason_only_when_told_one() -> None:
    tail = parts.chunk_tail(START, Usage(output_tokens=2))
    told = orjson.loads(parts.chunk([parts.text("a"), parts.text("b")], tail))
    assert told == {
        "candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}], "role": "model"}, "index": 0}],
        "usageMetadata": {"promptTokenCount": 0, "candidatesTokenCount": 2, "totalTokenCount": 2},
        "modelVersion": "lab-1",
        "responseId": "r1",
    }
    last = orjson.loads(parts.last_chunk([], "STOP", Sources(), tail))
    assert last["candidates"] == [{"content": {"parts": [], "role": "model"}, "finishReason": "STOP", "index": 0}]


def test_unknown_usage_is_not_told_at_all() -> None:
    assert parts.chunk_tail(START, Usage()) == b',"modelVersion":"lab-1","responseId":"r1"'


def test_free_text_of_a_custom_tool_is_the_one_string_of_an_object() -> None:
    part = parts.function_call(ToolCall("a", "f", '{"not": "json', custom=True), "c2ln")
    assert orjson.loads(part or b"") == {
        "functionCall": {"id": "a", "name": "f", "args": {"input": '{"not": "json'}},
        "thoughtSignature": "c2ln",
    }
