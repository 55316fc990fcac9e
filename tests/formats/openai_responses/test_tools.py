"""Tools and the choice among them, both ways."""

from typing import Any

import pytest

from fastproxy.formats.openai_responses.tools import choice_object, later_tools, take_choice, take_tools, tool_object
from fastproxy.ir.request import Tool, ToolChoice

SCHEMA = {"type": "object", "properties": {"zone": {"type": "number"}}}
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: A"}


def test_functions_and_custom_tools_are_ours_and_the_others_are_kept() -> None:
    extras: dict[str, Any] = {}
    told = [
        {"type": "function", "name": "clock", "description": "Tells.", "parameters": SCHEMA, "strict": True},
        {"name": "bare"},
        {"type": "function", "function": {"name": "nested", "parameters": SCHEMA}},
        {"type": "custom", "name": "patch", "format": GRAMMAR},
        {"type": "custom", "name": "free", "format": {"type": "text"}},
        {"type": "web_search"},
        {"type": "function"},
        {"type": ["odd"]},
    ]
    assert take_tools(told, extras) == (
        Tool("clock", "Tells.", SCHEMA, strict=True),
        Tool("bare"),
        Tool("nested", schema=SCHEMA),
        Tool("patch", custom=True, grammar=GRAMMAR),
        Tool("free", custom=True),
    )
    assert extras == {"tools": [{"type": "web_search"}, {"type": "function"}, {"type": ["odd"]}]}


def test_a_tool_is_not_strict_unless_the_client_said_so() -> None:
    assert tool_object(Tool("clock", schema=SCHEMA))["strict"] is False
    assert tool_object(Tool("clock", "Tells.", SCHEMA, strict=True)) == {
        "type": "function",
        "name": "clock",
        "description": "Tells.",
        "parameters": SCHEMA,
        "strict": True,
    }


@pytest.mark.parametrize("schema", [None, {}, {"type": "object"}])
def test_a_tool_without_arguments_still_has_a_schema(schema: dict[str, Any] | None) -> None:
    assert tool_object(Tool("now", schema=schema))["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    "grammar", [GRAMMAR, {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: A"}}]
)
def test_a_grammar_is_flat_in_either_spelling(grammar: dict[str, Any]) -> None:
    assert tool_object(Tool("patch", custom=True, grammar=grammar))["format"] == GRAMMAR
    assert "format" not in tool_object(Tool("free", custom=True))


ALLOWED = {
    "type": "allowed_tools",
    "mode": "required",
    "tools": [{"type": "function", "name": "a"}, {"type": "custom", "name": "p"}],
}


@pytest.mark.parametrize(
    ("told", "choice"),
    [
        (None, ToolChoice()),
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ("any", ToolChoice("required")),
        ({"type": "function", "name": "a"}, ToolChoice("required", ("a",))),
        ({"type": "function", "function": {"name": "a"}}, ToolChoice("required", ("a",))),
        ({"type": "custom", "name": "p"}, ToolChoice("required", ("p",))),
        (ALLOWED, ToolChoice("required", ("a", "p"))),
        (ALLOWED | {"mode": "auto"}, ToolChoice("auto", ("a", "p"))),
    ],
)
def test_a_choice_in_the_hubs_words(told: Any, choice: ToolChoice) -> None:
    extras: dict[str, Any] = {}
    assert take_choice(told, extras) == choice
    assert extras == {}


@pytest.mark.parametrize(
    "told",
    [
        {"type": "web_search"},
        {"type": "allowed_tools", "mode": "required", "tools": [{"type": "mcp"}]},
        {"type": ["odd"]},
    ],
)
def test_a_forced_choice_without_words_here_is_kept(told: Any) -> None:
    extras: dict[str, Any] = {}
    assert take_choice(told, extras) == ToolChoice()
    assert extras == {"tool_choice": told}


@pytest.mark.parametrize(
    ("tools", "choice"),
    [
        ([{"type": "mcp"}, {"type": "function", "name": "a"}], ToolChoice("auto", ("a",))),
        ([{"type": "mcp"}], ToolChoice("none")),
    ],
)
def test_of_the_allowed_tools_ours_may_be_called(tools: Any, choice: ToolChoice) -> None:
    extras: dict[str, Any] = {}
    assert take_choice({"type": "allowed_tools", "mode": "auto", "tools": tools}, extras) == choice
    assert extras == {}


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (ToolChoice(), "auto"),
        (ToolChoice("none", ("a",)), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", ("a",)), {"type": "function", "name": "a"}),
        (ToolChoice("required", ("p",)), {"type": "custom", "name": "p"}),
        (ToolChoice("required", ("a", "p")), ALLOWED),
        (
            ToolChoice("auto", ("a",)),
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "a"}]},
        ),
    ],
)
def test_a_choice_in_this_formats_words(choice: ToolChoice, told: Any) -> None:
    assert choice_object(choice, (Tool("a"), Tool("p", custom=True))) == told


def test_tools_that_the_conversation_brings_are_tools_once() -> None:
    found = {"type": "tool_search_output", "tools": [{"name": "a", "defer_loading": True}, {"name": "b"}]}
    added = {"type": "additional_tools", "role": "developer", "tools": [{"name": "b"}, {"name": "c"}]}
    items = ["bare", {"role": "user", "content": "x", "tools": [{"name": "no"}]}, found, added]
    assert later_tools([{"name": "a"}], items) == [{"name": "b"}, {"name": "c"}]
    assert later_tools([], "a text") == []
