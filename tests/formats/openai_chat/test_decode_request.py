"""What a Chat request says: the look that routing takes, and the whole of it."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.base import Peek
from fastproxy.formats.openai_chat.decode_request import SESSION_BYTES, decode, peek
from fastproxy.ir.request import Message, OpaquePart, TextPart, Tool, ToolCallPart, ToolResultPart

FIXTURE = Path(__file__).parents[2] / "fixtures" / "openai_chat" / "request-agent.json"
BODY = FIXTURE.read_bytes()


def with_fields(**fields: Any) -> bytes:
    return orjson.dumps({"model": "m", "messages": [], **fields})


def test_peek_tells_model_stream_session_and_whether_usage_is_wanted() -> None:
    assert peek(BODY, {}) == Peek("lab-1", stream=True, session="conversation-7", wants_usage=True)


def test_peek_reads_no_message() -> None:
    assert peek(b'{"messages":[{"role":["nonsense"]}],"model":"m"}', {}) == Peek("m", stream=False)


@pytest.mark.parametrize("body", [b"{}", b'{"model":""}', b'{"model":null}', b'{"model":7}', b'{"model":["m"]}'])
def test_a_request_without_a_model_is_refused_by_name_of_the_field(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        peek(body, {})
    assert (raised.value.kind, raised.value.param) == ("bad_request", "model")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"model":"m","stream":"yes"}', b'{"model":"\xff"}'])
def test_a_body_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        peek(body, {})
    assert raised.value.kind == "bad_request"


@pytest.mark.parametrize(
    ("fields", "session"),
    [
        ({"prompt_cache_key": "k", "user": "u"}, "k"),
        ({"prompt_cache_key": "", "user": "u"}, "u"),
        ({"prompt_cache_key": None, "user": "u"}, "u"),
        ({"prompt_cache_key": ["k"], "user": "u"}, "u"),
        ({"user": 7}, None),
        ({"user": "x" * SESSION_BYTES}, None),
        ({}, None),
    ],
)
def test_an_odd_session_key_is_left_alone_and_never_refused(fields: dict[str, Any], session: str | None) -> None:
    assert peek(with_fields(**fields), {}).session == session


def test_a_session_key_with_half_a_surrogate_pair_is_no_error() -> None:
    assert peek(rb'{"model":"m","user":"u\ud83d"}', {}).model == "m"


@pytest.mark.parametrize(
    ("fields", "wants"),
    [
        ({"stream": True, "stream_options": {"include_usage": True}}, True),
        ({"stream": True, "stream_options": {"include_usage": False}}, False),
        ({"stream": True, "stream_options": None}, False),
        ({"stream": True}, False),
        ({"stream": False}, True),
    ],
)
def test_only_a_stream_has_to_ask_for_usage(fields: dict[str, Any], wants: bool) -> None:
    assert peek(with_fields(**fields), {}).wants_usage is wants


def test_decode_tells_the_conversation_turn_by_turn() -> None:
    messages = decode(BODY, {}).messages
    assert messages[0] == Message("developer", (TextPart("Answer in one line."),))
    assert messages[1].parts[0] == TextPart("What is in the picture, and what time is it?")
    assert messages[1].parts[1] == OpaquePart(
        "openai-chat", {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    )
    assert messages[3] == Message("tool", (ToolResultPart("call_1", "12:00"),))
    assert messages[4:] == (
        Message("assistant", (TextPart("A cat at noon."),)),
        Message("user", (TextPart("Thanks."),)),
    )


def test_tool_arguments_stay_the_text_that_came_and_other_calls_stay_whole() -> None:
    thought, call, custom = decode(BODY, {}).messages[2].parts
    assert thought == OpaquePart("openai-chat", {"reasoning_content": "I need the clock."})
    assert call == ToolCallPart("call_1", "clock", '{"zone": 1.0, "big": 123456789012345678901234567890}')
    assert isinstance(custom, OpaquePart)
    assert custom.data["custom"] == {"name": "shell", "input": "date"}


def test_functions_become_tools_and_everything_without_a_word_here_becomes_an_extra() -> None:
    request = decode(BODY, {})
    assert (request.format, request.model, request.stream) == ("openai-chat", "lab-1", True)
    assert request.tools == (
        Tool("clock", "Tells the time.", {"type": "object", "properties": {"zone": {"type": "number"}}}),
    )
    assert request.tool_choice == "clock"
    assert request.extras == {
        "stream_options": {"include_usage": True},
        "tools": [{"type": "custom", "custom": {"name": "shell"}}],
        "reasoning_effort": "low",
        "prompt_cache_key": "conversation-7",
        "user": "someone",
        "seed": 7,
    }


@pytest.mark.parametrize(
    ("choice", "word", "kept"),
    [
        ("required", "required", False),
        ("none", "none", False),
        (None, "auto", False),
        ({"type": "function", "function": {"name": "f"}}, "f", False),
        ({"type": "allowed_tools", "allowed_tools": {}}, "auto", True),
        ({"type": "custom", "custom": {"name": "f"}}, "auto", True),
    ],
)
def test_a_tool_choice_without_a_word_here_is_kept_as_an_extra(choice: Any, word: str, kept: bool) -> None:
    request = decode(with_fields(tool_choice=choice), {})
    assert request.tool_choice == word
    assert ("tool_choice" in request.extras) is kept


@pytest.mark.parametrize(
    ("fields", "wants"),
    [
        ({}, False),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": None}, False),
        ({"reasoning_effort": "high"}, True),
        ({"reasoning": {"enabled": True}}, True),
        ({"reasoning": {"enabled": False}}, False),
        ({"reasoning": {"effort": "none"}}, False),
    ],
)
def test_reasoning_is_asked_for_by_an_effort(fields: dict[str, Any], wants: bool) -> None:
    assert decode(with_fields(**fields), {}).reasoning is wants


def test_a_function_turn_of_old_clients_is_a_tool_result() -> None:
    body = with_fields(messages=[{"role": "function", "name": "f", "content": "42"}])
    assert decode(body, {}).messages == (Message("tool", (ToolResultPart("f", "42"),)),)


def test_half_a_surrogate_pair_becomes_a_character_that_can_be_written() -> None:
    (message,) = decode(rb'{"model":"m","messages":[{"role":"user","content":"a\ud83d \ud83d\ude00"}]}', {}).messages
    assert message.parts == (TextPart("a\N{REPLACEMENT CHARACTER} \N{GRINNING FACE}"),)


@pytest.mark.parametrize(
    "messages", ["hello", [7], [{"content": "no role"}], [{"role": "judge"}], [{"role": "user", "content": 7}]]
)
def test_messages_of_no_known_shape_are_refused(messages: Any) -> None:
    with pytest.raises(Fault) as raised:
        decode(with_fields(messages=messages), {})
    assert raised.value.kind == "bad_request"
