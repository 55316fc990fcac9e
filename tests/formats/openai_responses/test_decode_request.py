"""What a Responses request says, whole. Items, tools and media have tests of their own."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.decode_request import decode_request
from fastproxy.ir.request import (
    Inline,
    Link,
    MediaPart,
    Message,
    Output,
    ReasoningPart,
    Request,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)

BODY = (Path(__file__).parents[2] / "fixtures" / "openai_responses" / "request-agent.json").read_bytes()
SCHEMA = {"type": "object", "properties": {}}


def read(**fields: Any) -> Request:
    return decode_request(orjson.dumps({"model": "m", **fields}), {})


def test_an_agents_request_is_told_whole() -> None:
    request = decode_request(BODY, {})
    assert (request.format, request.model, request.stream) == ("openai-responses", "lab-1", True)
    assert [message.role for message in request.messages] == [
        "system",
        "developer",
        "user",
        "assistant",
        "assistant",
        "tool",
        "tool",
        "assistant",
        "user",
    ]
    assert request.messages[0] == Message("system", (TextPart("Answer in one line."),))
    assert request.messages[2].parts[1] == MediaPart("image", "image/png", Inline("AA=="))
    assert request.messages[3].parts == (ReasoningPart("", "c2ln"),)
    assert request.messages[4].parts == (
        ToolCallPart("call_1", "clock", '{"zone": 1.0, "big": 123456789012345678901234567890}'),
    )
    (result,) = request.messages[5].parts
    assert isinstance(result, ToolResultPart)
    assert (result.id, result.text) == ("call_1", "12:00")
    assert request.tools == (
        Tool("clock", "Tells the time.", {"type": "object", "properties": {"zone": {"type": "number"}}}, strict=False),
    )
    assert request.tool_choice == ToolChoice("required", ("clock",))
    assert request.thinking == Thinking("effort", "low", visible=True, summary="auto")
    assert request.cache_key == "conversation-7"
    assert request.extras == {
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "tools": [{"type": "web_search"}],
    }


def test_every_field_with_a_word_here_finds_it() -> None:
    request = read(
        max_output_tokens=100,
        temperature=1,
        top_p=0.5,
        top_logprobs=2,
        parallel_tool_calls=False,
        metadata={"a": "b", "n": 1},
        safety_identifier="s",
        user="u",
        service_tier="flex",
    )
    assert request.sampling == Sampling(max_tokens=100, temperature=1.0, top_p=0.5, top_logprobs=2)
    assert (request.parallel, request.user, request.tier) == (False, "s", "flex")
    assert request.metadata == {"a": "b", "n": "1"}
    assert request.extras == {}
    assert read(user="u", max_output_tokens=5.0) == read(safety_identifier="u", max_output_tokens=5)


def test_everything_else_is_kept_and_nothing_refused() -> None:
    told = {
        "client_metadata": {"x-codex": "1"},
        "previous_response_id": "resp_1",
        "conversation": {"id": "c"},
        "background": True,
        "truncation": "auto",
        "of_tomorrow": [1],
    }
    assert read(**told).extras == told


def test_null_is_as_good_as_nothing() -> None:
    nothing = read()
    fields = ("input", "instructions", "stream", "tools", "tool_choice", "reasoning", "text", "metadata", "store")
    assert read(**dict.fromkeys((*fields, "previous_response_id", "temperature", "user"))) == nothing
    assert nothing.messages == ()
    assert read(instructions="") == nothing
    assert read(background=False) == nothing


def test_instructions_may_be_items() -> None:
    told = read(instructions=[{"role": "developer", "content": "a"}], input="b")
    assert [message.role for message in told.messages] == ["developer", "user"]


@pytest.mark.parametrize(
    ("reasoning", "thinking", "kept"),
    [
        ({}, Thinking(), {}),
        ({"effort": None, "summary": None}, Thinking(), {}),
        ({"effort": "none"}, Thinking("off", "none"), {}),
        ({"effort": "xhigh"}, Thinking("effort", "xhigh"), {}),
        ({"summary": "detailed"}, Thinking(visible=True, summary="detailed"), {}),
        ({"generate_summary": "auto"}, Thinking(visible=True, summary="auto"), {}),
        ({"effort": "low", "summary": "none"}, Thinking("effort", "low", visible=False), {}),
        ({"effort": "ultra", "mode": "pro"}, Thinking(), {"reasoning": {"effort": "ultra", "mode": "pro"}}),
        ({"context": "all_turns"}, Thinking(), {"reasoning": {"context": "all_turns"}}),
    ],
)
def test_how_to_think(reasoning: Any, thinking: Thinking, kept: dict[str, Any]) -> None:
    request = read(reasoning=reasoning)
    assert (request.thinking, request.extras) == (thinking, kept)


@pytest.mark.parametrize(
    ("text", "output", "kept"),
    [
        ({"verbosity": "low"}, Output(verbosity="low"), {}),
        ({"format": {"type": "text"}}, Output(), {}),
        ({"format": {"type": "json_object"}, "verbosity": "high"}, Output("json", verbosity="high"), {}),
        (
            {"format": {"type": "json_schema", "name": "n", "description": "d", "schema": SCHEMA, "strict": True}},
            Output("schema", "n", "d", SCHEMA, strict=True),
            {},
        ),
        (
            {"format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}},
            Output("schema", "n", "", SCHEMA),
            {},
        ),
        ({"format": {"type": "grammar"}}, Output(), {"text": {"format": {"type": "grammar"}}}),
    ],
)
def test_what_shape_the_text_has(text: Any, output: Output, kept: dict[str, Any]) -> None:
    request = read(text=text)
    assert (request.output, request.extras) == (output, kept)


def test_a_choice_of_a_built_in_tool_is_kept_as_an_extra() -> None:
    request = read(tool_choice={"type": "web_search"})
    assert (request.tool_choice, request.extras) == (ToolChoice(), {"tool_choice": {"type": "web_search"}})


def test_half_a_character_is_replaced_and_arguments_stay_byte_for_byte() -> None:
    item = rb'{"type":"function_call","call_id":"c","name":"n","arguments":"{\"a\":\"\\ud83d\"}"}'
    body = rb'{"model":"m","input":[{"role":"user","content":"x\ud83d"},%b]}' % item
    said, called = decode_request(body, {}).messages
    assert said.parts == (TextPart("x\ufffd"),)
    assert called.parts == (ToolCallPart("c", "n", r'{"a":"\ud83d"}'),)


def test_a_picture_elsewhere_is_not_fetched() -> None:
    content = [{"type": "input_image", "image_url": "http://169.254.169.254/"}]
    (message,) = read(input=[{"role": "user", "content": content}]).messages
    assert message.parts == (MediaPart("image", "", Link("http://169.254.169.254/")),)


@pytest.mark.parametrize(
    "fields",
    [
        {"input": 7},
        {"input": [7]},
        {"input": [{"role": "judge", "content": "x"}]},
        {"input": [{"type": "message", "content": "x"}]},
        {"temperature": "hot"},
        {"stream": "yes"},
        {"model": ""},
    ],
)
def test_fields_of_no_known_shape_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Fault) as raised:
        read(**fields)
    assert raised.value.kind == "bad_request"


def test_what_items_and_tools_say_beside_their_words_is_kept_by_their_kind() -> None:
    cited = {"type": "file_citation", "file_id": "f"}
    content = [{"type": "output_text", "text": "a", "annotations": [cited], "logprobs": []}]
    message = {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": content}
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "caller": {"type": "direct"}}
    tools = [{"type": "function", "name": "f", "defer_loading": True, "output_schema": None}]
    asked = read(input=[message | {"phase": "commentary"}, call | {"async": True}], tools=tools)
    assert asked.extras == {
        "message.phase": "commentary",
        "output_text.annotations": [cited],
        "function_call.async": True,
        "tools.defer_loading": True,
    }
