"""What a Responses request says: the look that routing takes, and the whole of it. Shared parts: the Chat tests."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.base import Peek
from fastproxy.formats.openai_responses.decode_request import decode, peek
from fastproxy.ir.request import Message, OpaquePart, TextPart, Tool, ToolCallPart, ToolResultPart

FIXTURE = Path(__file__).parents[2] / "fixtures" / "openai_responses" / "request-agent.json"
BODY = FIXTURE.read_bytes()


def with_fields(**fields: Any) -> bytes:
    return orjson.dumps({"model": "m", **fields})


def test_peek_tells_model_stream_and_session() -> None:
    assert peek(BODY, {}) == Peek("lab-1", stream=True, session="conversation-7")


def test_usage_is_told_without_asking() -> None:
    assert peek(with_fields(stream=True), {}).wants_usage


def test_peek_reads_no_item_and_takes_no_user_for_a_session() -> None:
    assert peek(b'{"input":[{"role":["nonsense"]}],"model":"m","user":"u"}', {}) == Peek("m", stream=False)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"model":""}', b'{"model":7}', b'{"model":"m","stream":1}'])
def test_a_body_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        peek(body, {})
    assert raised.value.kind == "bad_request"


def test_a_text_for_input_is_one_turn_of_the_user() -> None:
    assert decode(with_fields(input="hello"), {}).messages == (Message("user", (TextPart("hello"),)),)


def test_a_request_without_input_has_no_turns() -> None:
    assert decode(with_fields(previous_response_id="resp_1"), {}).messages == ()


def test_decode_tells_the_conversation_item_by_item() -> None:
    messages = decode(BODY, {}).messages
    assert messages[0] == Message("system", (TextPart("Answer in one line."),))
    assert messages[1] == Message("developer", (TextPart("Be kind."),))
    assert messages[2].parts == (
        TextPart("What is in the picture, and what time is it?"),
        OpaquePart("openai-responses", {"type": "input_image", "image_url": "data:image/png;base64,AA=="}),
    )
    assert messages[-2:] == (
        Message("assistant", (TextPart("A cat at noon."),)),
        Message("user", (TextPart("Thanks."),)),
    )


def test_tool_arguments_stay_the_text_that_came() -> None:
    assert decode(BODY, {}).messages[4] == Message(
        "assistant", (ToolCallPart("call_1", "clock", '{"zone": 1.0, "big": 123456789012345678901234567890}'),)
    )


def test_a_result_is_its_text_and_keeps_what_it_holds_besides() -> None:
    result, picture = decode(BODY, {}).messages[5].parts
    assert result == ToolResultPart("call_1", "12:00")
    assert picture == OpaquePart("openai-responses", {"type": "input_image", "image_url": "data:,"})


def test_items_without_a_word_here_stay_whole_on_the_side_that_wrote_them() -> None:
    messages = decode(BODY, {}).messages
    for position, role, type_ in ((3, "assistant", "reasoning"), (6, "tool", "custom_tool_call_output")):
        (part,) = messages[position].parts
        assert messages[position].role == role
        assert isinstance(part, OpaquePart)
        assert part.data["type"] == type_


def test_functions_become_tools_and_everything_without_a_word_here_becomes_an_extra() -> None:
    request = decode(BODY, {})
    assert (request.format, request.model, request.stream) == ("openai-responses", "lab-1", True)
    assert request.tools == (
        Tool("clock", "Tells the time.", {"type": "object", "properties": {"zone": {"type": "number"}}}),
    )
    assert request.tool_choice == "clock"
    assert request.extras == {
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "tools": [{"type": "web_search"}],
        "reasoning": {"effort": "low", "summary": "auto"},
        "prompt_cache_key": "conversation-7",
    }


def test_a_choice_of_a_built_in_tool_is_kept_as_an_extra() -> None:
    request = decode(with_fields(tool_choice={"type": "web_search"}), {})
    assert (request.tool_choice, request.extras) == ("auto", {"tool_choice": {"type": "web_search"}})


@pytest.mark.parametrize(
    ("reasoning", "wants"),
    [
        (None, False),
        ({}, False),
        ({"effort": None, "summary": None}, False),
        ({"effort": "none"}, False),
        ({"effort": "high"}, True),
        ({"summary": "auto"}, True),
    ],
)
def test_reasoning_is_asked_for_by_an_effort_or_a_summary(reasoning: Any, wants: bool) -> None:
    assert decode(with_fields(reasoning=reasoning), {}).reasoning is wants


@pytest.mark.parametrize("input_", [7, [7], [{"role": "judge", "content": "x"}], [{"type": "message", "content": "x"}]])
def test_input_of_no_known_shape_is_refused(input_: Any) -> None:
    with pytest.raises(Fault) as raised:
        decode(with_fields(input=input_), {})
    assert raised.value.kind == "bad_request"
