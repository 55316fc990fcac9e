"""The hub's request as a Chat body: said, listed as dropped, or refused. Decoded again it says the same."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.decode_request import decode_request
from fastproxy.formats.openai_chat.encode_request import encode_request
from fastproxy.ir.request import (
    Cache,
    Message,
    Output,
    Request,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolChoice,
)
from support import recordings

USER = Message("user", (TextPart("hi"),))
TOOL = Tool("f", "d", {"type": "object", "properties": {"big": {"maximum": 2**70}}}, strict=False)
TOOL_TOLD = {"name": "f", "description": "d", "parameters": TOOL.schema, "strict": False}


def body(**fields: Any) -> dict[str, Any]:
    return told(**fields)[0]


def told(**fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    request = Request(**{"format": "anthropic", "model": "m", "messages": (USER,), **fields})
    encoded = encode_request(request)
    value: dict[str, Any] = orjson.loads(encoded.body)
    return value, encoded.dropped


def test_the_least_request_says_nothing_more() -> None:
    assert told() == ({"model": "m", "messages": [{"role": "user", "content": "hi"}]}, ())


def test_a_stream_always_asks_for_usage() -> None:
    assert body(stream=True)["stream_options"] == {"include_usage": True}
    own = body(stream=True, format="openai-chat", extras={"stream_options": {"include_obfuscation": False}})
    assert own["stream_options"] == {"include_obfuscation": False, "include_usage": True}


@pytest.mark.parametrize(
    ("model", "thinking", "name"),
    [
        ("gpt-4.1", Thinking(), "max_tokens"),
        ("deepseek-chat", Thinking(), "max_tokens"),
        ("gpt-oss-120b", Thinking(), "max_tokens"),
        ("olmo-3", Thinking(), "max_tokens"),
        ("deepseek-chat", Thinking("effort", "low"), "max_completion_tokens"),
        ("gpt-5-mini", Thinking(), "max_completion_tokens"),
        ("openai/gpt-6.1-sol", Thinking(), "max_completion_tokens"),
        ("o3", Thinking(), "max_completion_tokens"),
    ],
)
def test_the_limit_has_the_name_that_the_model_takes(model: str, thinking: Thinking, name: str) -> None:
    value = body(model=model, thinking=thinking, sampling=Sampling(max_tokens=9))
    assert {key: value[key] for key in ("max_tokens", "max_completion_tokens") if key in value} == {name: 9}


def test_tools_keep_their_schema_to_the_last_digit_and_strictness_as_given() -> None:
    encoded = encode_request(Request("anthropic", "m", (USER,), tools=(TOOL, Tool("g"))))
    assert b"1180591620717411303424" in encoded.body
    first, second = decode_request(encoded.body, {}).tools
    assert first == TOOL
    assert second == Tool("g", schema={"type": "object", "properties": {}})


def test_a_custom_tools_grammar_is_wrapped_as_chat_has_it() -> None:
    tool = Tool("shell", custom=True, grammar={"type": "grammar", "syntax": "lark", "definition": "x"})
    (written,) = body(tools=(tool,))["tools"]
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}
    assert written == {"type": "custom", "custom": {"name": "shell", "format": grammar}}


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice(), None),
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", ("f",)), {"type": "function", "function": {"name": "f"}}),
        (ToolChoice("required", ("s",)), {"type": "custom", "custom": {"name": "s"}}),
        (
            ToolChoice("auto", ("f", "s")),
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "auto",
                    "tools": [
                        {"type": "function", "function": {"name": "f"}},
                        {"type": "custom", "custom": {"name": "s"}},
                    ],
                },
            },
        ),
    ],
)
def test_the_choice_of_tools(choice: ToolChoice, written: Any) -> None:
    value = body(tools=(Tool("f"), Tool("s", custom=True)), tool_choice=choice, parallel=False)
    assert value.get("tool_choice") == written
    assert value["parallel_tool_calls"] is False


def test_without_tools_there_is_no_choice_which_openai_would_refuse() -> None:
    assert body(tool_choice=ToolChoice("none"), parallel=True) == body()


def test_sampling_is_said_as_it_is_set() -> None:
    sampling = Sampling(
        temperature=0.5, top_p=0.9, presence_penalty=0.1, frequency_penalty=0.2, seed=7, stop=("a", "b"),
        logit_bias={"1": 2.0},
    )  # fmt: skip
    value, dropped = told(sampling=sampling)
    assert decode_request(orjson.dumps(value), {}).sampling == sampling
    assert dropped == ()


def test_what_chat_has_no_word_for_is_listed() -> None:
    sampling = Sampling(top_k=40, logprobs=True, top_logprobs=2, stop=tuple("abcde"))
    thinking = Thinking("budget", budget_tokens=2000, summary="auto")
    value, dropped = told(sampling=sampling, thinking=thinking, user="u" * 129, tools=(Tool("f", cache=Cache()),))
    assert value["stop"] == list("abcd")
    assert {"top_k", "logprobs", "reasoning_effort", "user"}.isdisjoint(value)
    assert dropped == (
        "cache", "top_k", "logprobs", "top_logprobs", "stop", "thinking.budget_tokens", "thinking.summary", "user",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [
        (Thinking(), None),
        (Thinking("adaptive"), None),
        (Thinking("off"), "none"),
        (Thinking("off", "none"), "none"),
        (Thinking("effort", "xhigh"), "xhigh"),
        (Thinking("adaptive", "high"), "high"),
    ],
)
def test_thinking_is_said_as_an_effort(thinking: Thinking, effort: str | None) -> None:
    assert body(thinking=thinking).get("reasoning_effort") == effort


def test_structured_output() -> None:
    output = Output("schema", "", "d", {"type": "object"}, strict=True, verbosity="low")
    value = body(output=output)
    schema = {"name": "response", "description": "d", "schema": {"type": "object"}, "strict": True}
    assert value["response_format"] == {"type": "json_schema", "json_schema": schema}
    assert value["verbosity"] == "low"
    assert body(output=Output("json"))["response_format"] == {"type": "json_object"}


def test_who_asks_and_where_it_is_cached() -> None:
    value = body(user="u", metadata={"a": "b"}, cache_key="k", tier="flex")
    names = ("user", "metadata", "prompt_cache_key", "service_tier")
    assert [value[name] for name in names] == ["u", {"a": "b"}, "k", "flex"]


def test_extras_of_the_family_are_said_and_others_listed() -> None:
    extras = {"store": False, "prediction": {"type": "content"}, "provider": {"order": []}, "nothing": None}
    value, dropped = told(format="openai-chat", extras=extras)
    assert (value["store"], value["prediction"], dropped) == (False, {"type": "content"}, ("provider",))
    responses = {"store": False, "include": ["reasoning.encrypted_content"], "client_metadata": {}}
    value, dropped = told(format="openai-responses", extras=responses)
    assert (value["store"], dropped) == (False, ("include", "client_metadata"))
    assert told(extras={"store": True, "context_management": {}})[1] == ("store", "context_management")


def test_server_tools_of_other_formats_are_listed_by_type_and_own_ones_said() -> None:
    tools = {"tools": [{"type": "web_search"}]}
    assert told(extras=tools) == (body(), ("tools.web_search",))
    assert told(extras={"tools": [{"googleSearch": {}}]}, format="gemini")[1] == ("tools.googleSearch",)
    assert body(format="openai-chat", extras=tools)["tools"] == [{"type": "web_search"}]


def test_a_forced_tool_of_another_server_is_refused() -> None:
    with pytest.raises(Fault) as raised:
        body(format="openai-responses", extras={"tool_choice": {"type": "web_search"}})
    assert (raised.value.kind, raised.value.param) == ("bad_request", "tool_choice")


# Mistral's thinking part is told as reasoning_content, and one request asks for two answers.
_OTHERWISE = ("mistral-model-thinking-part-1", "multiple-choices")


def requests() -> list[Any]:
    return [
        parameter
        for parameter in recordings.parameters()
        if not isinstance(parameter, str)
        or (recordings.load(parameter).format == "openai-chat" and not any(word in parameter for word in _OTHERWISE))
    ]


@pytest.mark.parametrize("name", requests())
def test_every_recorded_request_says_the_same_when_it_is_written_and_read_again(name: str) -> None:
    # The system's and the developer's word are one, and only the system's is known everywhere.
    request = decode_request(recordings.load(name).body.replace(b'"developer"', b'"system"'), {})
    again = decode_request(encode_request(request).body, {})
    assert (again.messages, again.tools, again.tool_choice) == (request.messages, request.tools, request.tool_choice)
    assert (again.sampling, again.output, again.stream) == (request.sampling, request.output, request.stream)


@pytest.mark.parametrize("names", [(), ("web_search",)])
def test_a_tool_that_must_be_called_and_is_none_of_ours_is_refused(names: tuple[str, ...]) -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    request = Request("anthropic", "m", (USER,), tool_choice=ToolChoice("required", names), extras={"tools": [search]})
    with pytest.raises(Fault) as raised:
        encode_request(request)
    assert raised.value.param == "tool_choice"
