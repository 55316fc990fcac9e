"""Tools and their choice in Chat's several spellings."""

from typing import Any

import pytest

from fastproxy.formats.openai_chat.decode_tools import take_choice, take_tools
from fastproxy.ir.request import Cache, Tool, ToolChoice

FUNCTION = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}


def test_functions_custom_tools_and_the_old_functions_are_tools_and_the_rest_stays() -> None:
    grammar = {"syntax": "lark", "definition": "start: /a/"}
    extras: dict[str, Any] = {
        "tools": [
            {"type": "function", "function": FUNCTION, "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "custom", "custom": {"name": "shell", "format": {"type": "grammar", "grammar": grammar}}},
            {"type": "web_search"},
        ],
        "functions": [{"name": "old"}],
    }
    assert take_tools(extras) == (
        Tool("f", "d", {"type": "object"}, strict=True, cache=Cache("1h")),
        Tool("shell", custom=True, grammar={"type": "grammar", **grammar}),
        Tool("old"),
    )
    assert extras == {"tools": [{"type": "web_search"}]}


@pytest.mark.parametrize(
    ("told", "choice"),
    [
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ("any", ToolChoice("required")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice("required", ("f",))),
        ({"type": "custom", "custom": {"name": "f"}}, ToolChoice("required", ("f",))),
        ({"type": "tool", "name": "f"}, ToolChoice("required", ("f",))),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": n}} for n in "fg"],
                },
            },
            ToolChoice("required", ("f", "g")),
        ),
    ],
)
def test_a_choice_with_a_word(told: Any, choice: ToolChoice) -> None:
    extras = {"tool_choice": told}
    assert take_choice(extras) == choice
    assert extras == {}


@pytest.mark.parametrize("told", [{"type": "web_search"}, {"type": "allowed_tools", "allowed_tools": {}}, "perhaps", 7])
def test_a_choice_without_one_stays(told: Any) -> None:
    extras = {"tool_choice": told}
    assert take_choice(extras) == ToolChoice()
    assert extras == {"tool_choice": told}


def test_the_old_choice_of_a_function_counts() -> None:
    assert take_choice({"function_call": {"name": "f"}}) == ToolChoice("required", ("f",))
