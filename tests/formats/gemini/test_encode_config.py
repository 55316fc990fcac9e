"""Sampling, thinking, output, tools and tool choice in Gemini's fields."""

from typing import Any

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini.encode_config import declarations, generation_config, tool_config
from fastproxy.ir.request import Output, Request, Sampling, Thinking, Tool, ToolChoice

F = Tool("f", "d", {"type": "object", "properties": {"x": {"const": 1}}})
G = Tool("g")


def config(model: str = "gemini-2.5-flash", **fields: Any) -> tuple[dict[str, Any], list[str]]:
    return generation_config(Request("anthropic", model, (), **fields))


def test_all_that_gemini_can_say_of_sampling_is_said() -> None:
    sampling = Sampling(64, 0.5, 0.9, 40, 0.1, 0.2, 7, ("END",), 1, logprobs=True, top_logprobs=2)
    assert config(sampling=sampling) == (
        {
            "maxOutputTokens": 64, "temperature": 0.5, "topP": 0.9, "topK": 40, "presencePenalty": 0.1,
            "frequencyPenalty": 0.2, "seed": 7, "stopSequences": ["END"],
        },
        ["logprobs", "top_logprobs"],
    )  # fmt: skip


def test_nothing_set_is_nothing_said() -> None:
    assert config() == ({}, [])


def test_what_can_not_be_said_is_listed() -> None:
    sampling = Sampling(stop=tuple("abcdef"), logit_bias={"1": 1.0})
    told, dropped = config(sampling=sampling, output=Output(verbosity="low"), thinking=Thinking("between_tools"))
    assert told == {"stopSequences": list("abcde")}
    assert dropped == ["stop", "logit_bias", "thinking.between_tools", "output.verbosity"]


@pytest.mark.parametrize(
    ("thinking", "expected"),
    [
        (Thinking("off"), {"thinkingBudget": 0}),
        (Thinking("budget", None, 512), {"thinkingBudget": 512}),
        (Thinking("budget", "high", 512, visible=True), {"thinkingBudget": 512, "includeThoughts": True}),
        (Thinking("effort", "high"), {"thinkingLevel": "HIGH"}),
        (Thinking("effort", "max", summary="auto"), {"thinkingLevel": "XHIGH", "includeThoughts": True}),
        (Thinking("effort", "none", visible=True), {"thinkingBudget": 0}),
        (Thinking("adaptive", "low"), {"thinkingLevel": "LOW"}),
        (Thinking("adaptive"), {"thinkingBudget": -1}),
        (Thinking(visible=False), None),
        (Thinking(visible=True), {"includeThoughts": True}),
    ],
)
def test_thinking_is_a_budget_or_a_level_and_never_both(thinking: Thinking, expected: dict[str, Any] | None) -> None:
    assert config(thinking=thinking)[0].get("thinkingConfig") == expected


def test_later_generations_think_as_they_see_fit_anyway() -> None:
    assert config("gemini-3-pro", thinking=Thinking("adaptive")) == ({}, [])


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (Output("json"), {"responseMimeType": "application/json"}),
        (Output("schema", "n", schema={"$schema": "s", "type": "object"}),
         {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}}),
    ],
)  # fmt: skip
def test_structured_output(output: Output, expected: dict[str, Any]) -> None:
    assert config(output=output)[0] == expected


def test_tools_are_one_group_and_empty_parameters_are_left_out() -> None:
    schema = {"type": "object", "properties": {"x": {"enum": [1]}}}
    assert declarations((F, G)) == [
        {"functionDeclarations": [{"name": "f", "description": "d", "parametersJsonSchema": schema}, {"name": "g"}]}
    ]
    assert declarations(()) == []


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice(), None),
        (ToolChoice("none"), {"mode": "NONE"}),
        (ToolChoice("required"), {"mode": "ANY"}),
        (ToolChoice("required", ("f", "gone")), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (ToolChoice("auto", ("g",)), {"mode": "VALIDATED", "allowedFunctionNames": ["g"]}),
    ],
)
def test_tool_choice(choice: ToolChoice, expected: dict[str, Any] | None) -> None:
    told = tool_config(Request("anthropic", "m", (), tools=(F, G), tool_choice=choice))
    assert told.get("functionCallingConfig") == expected


@pytest.mark.parametrize("tools", [(), (F,)])
def test_a_forced_tool_that_is_no_function_is_refused(tools: tuple[Tool, ...]) -> None:
    with pytest.raises(Fault) as raised:
        tool_config(Request("anthropic", "m", (), tools=tools, tool_choice=ToolChoice("required", ("web_search",))))
    assert raised.value.param == "tool_choice"


def test_what_an_answer_is_for_stands_in_its_schema_and_how_long_a_summary_is_has_no_place() -> None:
    output = Output("schema", "n", "A city.", {"type": "object", "properties": {"a": {"type": "string"}}})
    told, dropped = config(output=output, thinking=Thinking(visible=True, summary="detailed"))
    assert told["responseJsonSchema"]["description"] == "A city."
    assert dropped == ["thinking.summary"]
    assert config(thinking=Thinking(visible=True, summary="auto"))[1] == []
