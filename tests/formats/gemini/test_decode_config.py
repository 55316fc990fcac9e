"""Configuration in the hub's words: what the tests of whole requests leave out."""

from typing import Any

import orjson
import pytest

from fastproxy.formats.gemini import fields
from fastproxy.formats.gemini.decode_config import generation_config, tool_choice, tools
from fastproxy.ir.request import Thinking, Tool, ToolChoice


def opened(**told: Any) -> Any:
    return fields.opened(orjson.dumps(told), "x")


def test_one_group_may_hold_functions_and_server_tools() -> None:
    groups = [opened(function_declarations=[{"name": "f"}], google_search={"x_y": 1}), opened(codeExecution={})]
    assert tools(groups, {}) == ((Tool("f"),), [{"googleSearch": {"x_y": 1}}, {"codeExecution": {}}])


def test_a_level_wins_over_a_budget_and_an_unknown_level_is_kept() -> None:
    both = generation_config(opened(generationConfig={"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 9}}))
    assert both.thinking == Thinking("effort", "low")
    odd = generation_config(opened(generationConfig={"thinkingConfig": {"thinkingLevel": 2, "thinkingBudget": 9}}))
    assert odd.thinking == Thinking("budget", None, 9)
    assert odd.rest == {"generationConfig.thinkingConfig": {"thinkingLevel": 2}}


@pytest.mark.parametrize("modalities", [["TEXT"], [1]])
def test_asking_for_text_is_asking_for_nothing_else(modalities: list[Any]) -> None:
    assert generation_config(opened(generationConfig={"responseModalities": modalities})).rest == {}
    rest = generation_config(opened(generationConfig={"responseModalities": ["IMAGE"]})).rest
    assert rest == {"generationConfig.responseModalities": ["IMAGE"]}


def test_names_that_are_no_texts_are_no_names() -> None:
    config = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [7]}}
    assert tool_choice(opened(toolConfig=config)) == (ToolChoice("required"), {})


def test_a_media_type_that_is_no_text_is_kept_as_it_came() -> None:
    told = generation_config(opened(generationConfig={"responseMimeType": [None]}))
    assert told.output.kind == "text"
