"""Calls that a client's format has no word for, streamed and whole: what the SDK gathers is what the whole body says.

Free text for clients of Chat, which have declared none; arguments that are cut or broken for clients of Anthropic.
"""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.cells import ending, pipe, through
from support.openai_sdk import chat_body, chat_stream
from support.sdks import anthropic_body, anthropic_stream
from support.short_answers import call, chat


def responses(*events: dict[str, Any]) -> bytes:
    begun = {"type": "response.created", "response": {"id": "r", "model": "m", "created_at": 1}}
    return b"".join(b"data: %b\n\n" % orjson.dumps(event) for event in (begun, *events))


def free_text(pieces: list[str], *, announced: bool) -> bytes:
    """A Responses stream with one call of apply_patch. announced: by events of its own, not by the last one alone."""
    item = {"type": "custom_tool_call", "id": "ctc", "call_id": "c", "name": "apply_patch", "input": "".join(pieces)}
    delta = {"type": "response.custom_tool_call_input.delta", "output_index": 0}
    events = [
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"input": ""}},
        *(delta | {"delta": piece} for piece in pieces),
        {"type": "response.output_item.done", "output_index": 0, "item": item},
    ]
    last = {"type": "response.completed", "response": {"id": "r", "model": "m", "output": [item]}}
    return responses(*(events if announced else []), last)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(), max_size=3), st.booleans())
def test_free_text_is_a_function_for_a_chat_client_that_declared_no_such_tool(
    pieces: list[str],
    announced: bool,
) -> None:
    source = free_text(pieces, announced=announced)
    streamed = chat_stream(through(pipe("openai-responses", "openai-chat", streamed=True, stream=True), source).body)
    whole = chat_body(through(pipe("openai-responses", "openai-chat", streamed=True, stream=False), source).body)
    (gathered,), (told,) = (list(one.choices[0].message.tool_calls or []) for one in (streamed, whole))
    assert told.type == gathered.type == "function"
    assert (gathered.id, gathered.function.name, gathered.function.arguments) == (
        told.id,
        told.function.name,
        told.function.arguments,
    )
    assert orjson.loads(told.function.arguments) == {"input": "".join(pieces)}
    assert streamed.choices[0].finish_reason == whole.choices[0].finish_reason == "tool_calls"


HALVES = ['{"x": 1, "cut": "o', '{"x": [1, {"y": 2', '{"x": 1.0, ', "{", '{"big": 123456789012345678901234567890']
NO_OBJECTS = ["not json", "[1, 2]", '"{}"', "nul", "null", "", "5"]
BROKEN = ['{"x": 1,}', "{'x': 1}", '{"x": 1} y', '{"x": "raw\nline"}', *HALVES]


def answers(text: str, finish: str) -> tuple[Any, Any]:
    """What reached a client of Anthropic that wanted a stream, and one that did not."""
    source = chat(call(0, "a", "f", text[:3]), *(call(0, None, None, letter) for letter in text[3:]), finish=finish)
    ways = (pipe("openai-chat", "anthropic", streamed=True, stream=stream) for stream in (True, False))
    first, then = (through(way, source) for way in ways)
    return first, then


@pytest.mark.parametrize(
    ("text", "finish"),
    [(text, "length") for text in (*HALVES, *NO_OBJECTS)] + [(text, "tool_calls") for text in NO_OBJECTS],
)
def test_a_call_without_a_whole_object_is_the_same_call_streamed_and_whole(text: str, finish: str) -> None:
    streamed, whole = answers(text, finish)
    first, then = anthropic_stream(streamed.body), anthropic_body(whole.body)
    assert [block.to_dict() for block in first.content] == [block.to_dict() for block in then.content]
    assert first.stop_reason == then.stop_reason == ("max_tokens" if finish == "length" else "tool_use")
    assert len(then.content) == 1


@pytest.mark.parametrize("text", BROKEN)
def test_a_call_that_breaks_is_a_success_neither_streamed_nor_whole(text: str) -> None:
    streamed, whole = answers(text, "tool_calls")
    assert whole.fault is not None
    assert whole.fault.kind == "upstream_garbage"
    assert ending("anthropic", streamed.body) == "error"
    assert whole.fault.message.encode() in streamed.body
