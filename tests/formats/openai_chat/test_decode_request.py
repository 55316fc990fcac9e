"""A whole Chat request in the hub's words, field by field."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.decode_request import decode_request
from fastproxy.ir.request import (
    Inline,
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

BODY = (Path(__file__).parents[2] / "fixtures" / "openai_chat" / "request-agent.json").read_bytes()


def decoded(**fields: Any) -> Request:
    return decode_request(orjson.dumps({"model": "m", "messages": [], **fields}), {})


def test_an_agents_request_is_told_turn_by_turn() -> None:
    messages = decode_request(BODY, {}).messages
    assert messages[0] == Message("developer", (TextPart("Answer in one line."),))
    assert messages[1].parts == (
        TextPart("What is in the picture, and what time is it?"),
        MediaPart("image", "image/png", Inline("AA==")),
    )
    assert messages[2].parts == (
        ReasoningPart("I need the clock."),
        ToolCallPart("call_1", "clock", '{"zone": 1.0, "big": 123456789012345678901234567890}'),
        ToolCallPart("call_2", "shell", "date", custom=True),
    )
    assert messages[3] == Message("tool", (ToolResultPart("call_1", (TextPart("12:"), TextPart("00"))),))
    assert messages[4:] == (
        Message("assistant", (TextPart("A cat at noon."),)),
        Message("user", (TextPart("Thanks."),)),
    )


def test_an_agents_settings_have_words_in_the_hub() -> None:
    request = decode_request(BODY, {})
    assert (request.format, request.model, request.stream) == ("openai-chat", "lab-1", True)
    schema = {"type": "object", "properties": {"zone": {"type": "number"}}}
    assert request.tools == (Tool("clock", "Tells the time.", schema, strict=False), Tool("shell", custom=True))
    assert request.tool_choice == ToolChoice("required", ("clock",))
    assert request.thinking == Thinking("effort", "low", visible=True)
    assert (request.cache_key, request.user, request.sampling.seed) == ("conversation-7", "someone", 7)
    assert request.extras == {}


def test_every_sampling_field_is_read() -> None:
    numbers = {
        "temperature": 1, "top_p": 0.5, "top_k": 40, "presence_penalty": 0.1, "frequency_penalty": -0.1, "seed": 7,
        "n": 2, "logprobs": True, "top_logprobs": 3, "logit_bias": {"50256": -100},
    }  # fmt: skip
    request = decoded(**numbers, stop="END", max_tokens=5, max_completion_tokens=9)
    assert request.sampling == Sampling(
        9, 1.0, 0.5, 40, 0.1, -0.1, 7, ("END",), 2, logprobs=True, top_logprobs=3, logit_bias={"50256": -100}
    )
    assert request.extras == {}
    assert decoded(stop=["a", "b"], max_tokens=5).sampling == Sampling(5, stop=("a", "b"))


@pytest.mark.parametrize(
    ("fields", "thinking"),
    [
        ({}, Thinking()),
        ({"reasoning_effort": None}, Thinking()),
        ({"reasoning_effort": "none"}, Thinking("off")),
        ({"reasoning_effort": "xhigh"}, Thinking("effort", "xhigh", visible=True)),
        ({"reasoning": {"effort": "low", "exclude": True}}, Thinking("effort", "low", visible=False)),
        ({"reasoning": {"max_tokens": 2000}}, Thinking("budget", budget_tokens=2000, visible=True)),
        ({"reasoning": {"enabled": True}}, Thinking("adaptive", visible=True)),
        ({"reasoning": {"enabled": False}}, Thinking("off")),
        ({"thinking": {"type": "enabled", "clear_thinking": False}}, Thinking("adaptive", visible=True)),
        ({"thinking": {"type": "enabled", "budget_tokens": 9}}, Thinking("budget", budget_tokens=9, visible=True)),
        ({"thinking": {"type": "disabled"}}, Thinking("off")),
    ],
)
def test_thinking_is_asked_for_in_three_dialects(fields: dict[str, Any], thinking: Thinking) -> None:
    request = decoded(**fields)
    assert request.thinking == thinking
    assert request.extras == {}


def test_structured_output_keeps_its_schema_and_strictness() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "maximum": 3}}}
    told = {"name": "answer", "description": "d", "schema": schema, "strict": True}
    request = decoded(response_format={"type": "json_schema", "json_schema": told}, verbosity="low")
    assert request.output == Output("schema", "answer", "d", schema, strict=True, verbosity="low")
    assert decoded(response_format={"type": "json_object"}).output == Output("json")
    assert decoded(response_format={"type": "text"}).output == Output()


def test_who_asks_is_told_by_either_name() -> None:
    assert decoded(user="u", safety_identifier="s").user == "u"
    assert decoded(safety_identifier="s").user == "s"
    request = decoded(metadata={"a": "b"}, service_tier="flex", parallel_tool_calls=False)
    assert (request.metadata, request.tier, request.parallel) == ({"a": "b"}, "flex", False)


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": "hot"},
        {"stop": [7]},
        {"reasoning_effort": "immense"},
        {"response_format": {"type": "grammar"}},
        {"metadata": {"a": 1}},
        {"logit_bias": "none"},
        {"tool_choice": {"type": "web_search"}},
        {"tools": [{"type": "web_search"}]},
        {"store": True},
        {"a_field_of_tomorrow": {"x": [1]}},
        {"max_tokens": True},
    ],
)
def test_what_has_no_word_here_stays_an_extra_and_is_never_refused(fields: dict[str, Any]) -> None:
    assert decoded(**fields).extras == fields


def test_fields_that_say_null_say_nothing() -> None:
    assert decoded(store=None, stop=None, tools=None, n=None, functions=None) == decoded()


def test_the_request_for_usage_is_no_extra_because_it_is_always_made() -> None:
    assert decoded(stream=True, stream_options={"include_usage": True}).extras == {}
    options = {"include_usage": False, "include_obfuscation": False}
    assert decoded(stream=True, stream_options=options).extras == {"stream_options": {"include_obfuscation": False}}


def test_half_a_surrogate_pair_becomes_a_character_that_can_be_written() -> None:
    body = rb'{"model":"m","messages":[{"role":"user","content":"a\ud83d \ud83d\ude00"}]}'
    (message,) = decode_request(body, {}).messages
    assert message.parts == (TextPart("a\N{REPLACEMENT CHARACTER} \N{GRINNING FACE}"),)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"model":7}', b'{"model":"m","messages":{}}', b'{"model":"\xff"}']
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        decode_request(body, {})
    assert raised.value.kind == "bad_request"


def test_what_a_tool_says_beside_its_words_is_kept_by_its_kind() -> None:
    function = {"name": "f", "tomorrow": 1}
    asked = decoded(tools=[{"type": "function", "function": function, "eager": True}, {"type": "web", "x": 1}])
    assert asked.extras == {"tools.eager": True, "tools.function.tomorrow": 1, "tools": [{"type": "web", "x": 1}]}
