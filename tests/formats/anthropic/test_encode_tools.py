"""Tools and the choice between them."""

from typing import Any

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.encode_tools import choice, forces, tools
from fastproxy.ir.request import Cache, Output, Request, Tool, ToolChoice

F, G = Tool("f", "F", {"type": "object", "properties": {}}), Tool("g")
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def request(**fields: Any) -> Request:
    return Request(**({"format": "openai-chat", "model": "m", "messages": (), "tools": (F, G)} | fields))


def offered(asked: Request) -> list[dict[str, Any]]:
    return tools(asked, [])


def chosen(**fields: Any) -> Any:
    asked = request(**fields)
    return choice(asked, offered(asked))


@pytest.mark.parametrize(
    ("tool", "block"),
    [
        (F, {"name": "f", "description": "F", "input_schema": {"type": "object", "properties": {}}}),
        (G, {"name": "g", "input_schema": {"type": "object", "properties": {}}}),
        (
            Tool("h", schema={"properties": {"type": {}}}, strict=True, cache=Cache("1h")),
            {
                "name": "h",
                "input_schema": {"properties": {"type": {}}, "type": "object", "additionalProperties": False},
                "strict": True,
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            },
        ),
        (Tool("i", schema={}, strict=False), {"name": "i", "input_schema": {"type": "object", "properties": {}}}),
    ],
)
def test_every_tool_has_a_schema_whose_root_is_an_object(tool: Tool, block: Any) -> None:
    assert offered(request(tools=(tool,))) == [block]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"parallel": True}, None),
        ({"parallel": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"tool_choice": ToolChoice("none"), "parallel": False}, {"type": "none"}),
        ({"tool_choice": ToolChoice("required")}, {"type": "any"}),
        (
            {"tool_choice": ToolChoice("required", ("g",)), "parallel": False},
            {"type": "tool", "name": "g", "disable_parallel_tool_use": True},
        ),
        ({"tool_choice": ToolChoice("required", ("f", "g"))}, {"type": "any"}),
        ({"tool_choice": ToolChoice("none"), "tools": ()}, None),
        ({"parallel": False, "tools": ()}, None),
    ],
)
def test_the_choice_in_this_formats_words(fields: dict[str, Any], expected: Any) -> None:
    assert chosen(**fields) == expected


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_of_several_allowed_tools_only_those_are_offered(mode: Any) -> None:
    asked = request(tools=(F, G, Tool("h")), tool_choice=ToolChoice(mode, ("f", "h")))
    assert [tool["name"] for tool in offered(asked)] == ["f", "h"]


def test_tools_that_anthropic_runs_are_offered_to_anthropic_alone() -> None:
    own = request(format="anthropic", extras={"tools": [SEARCH]}, tool_choice=ToolChoice("required", ("web_search",)))
    assert offered(own)[-1] == SEARCH
    assert choice(own, offered(own)) == {"type": "tool", "name": "web_search"}
    assert SEARCH not in offered(request(extras={"tools": [SEARCH]}))


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_choice": ToolChoice("required", ("web_search",))},
        {"tool_choice": ToolChoice("required"), "tools": ()},
        {"extras": {"tool_choice": {"type": "web_search_preview"}}},
    ],
)
def test_a_forced_tool_that_nobody_here_can_run_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Fault) as raised:
        chosen(**fields)
    assert (raised.value.kind, raised.value.param) == ("bad_request", "tool_choice")
    assert "()" not in raised.value.message


@pytest.mark.parametrize(
    ("block", "expected"),
    [(None, False), ({"type": "auto"}, False), ({"type": "none"}, False), ({"type": "any"}, True)],
)
def test_what_forces_a_call(block: Any, expected: bool) -> None:
    assert forces(block) is expected


LIMITED = {"type": "object", "properties": {"n": {"type": ["integer", "null"], "minimum": 1}}, "required": ["n"]}


def test_limits_that_a_strict_schema_may_not_have_are_told_in_words() -> None:
    (told,) = offered(request(tools=(Tool("h", schema=LIMITED, strict=True),)))
    assert told["input_schema"]["properties"]["n"] == {"type": ["integer", "null"], "description": "{minimum: 1}"}
    (loose,) = offered(request(tools=(Tool("h", schema=LIMITED),)))
    assert loose["input_schema"] == LIMITED


OPTIONAL = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["b"]}


@pytest.mark.parametrize(("count", "schema"), [(21, None), (17, LIMITED), (25, OPTIONAL)])
def test_more_strictness_than_the_api_takes_is_none_at_all_and_reported(count: int, schema: Any) -> None:
    many = tuple(Tool(f"t{n}", schema=schema, strict=True) for n in range(count))
    dropped: list[str] = []
    assert all("strict" not in tool for tool in tools(request(tools=many), dropped))
    assert dropped == ["tools.strict"]
    assert all(tool["strict"] for tool in tools(request(tools=many[:16]), []))


def test_the_schema_of_the_answer_shares_the_limits_of_strict_tools() -> None:
    strict = tuple(Tool(f"t{n}", schema=OPTIONAL, strict=True) for n in range(16))
    many = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(9)}}
    dropped: list[str] = []
    assert all(
        "strict" not in told for told in tools(request(tools=strict, output=Output("schema", schema=many)), dropped)
    )
    assert dropped == ["tools.strict"]
    few = Output("schema", schema=many | {"required": ["p0"]})
    assert all(told["strict"] for told in tools(request(tools=strict, output=few), []))


CHOICE = {"anyOf": [OPTIONAL, {"properties": {"n": {"minimum": 0, "exclusiveMinimum": True}}, "required": ["n"]}]}


def test_a_schema_that_the_api_refuses_is_merged_and_respelt_but_for_a_client_of_its_own() -> None:
    dropped: list[str] = []
    (told,) = tools(request(tools=(Tool("h", "H", CHOICE),)), dropped)
    text = {"type": "string"}
    assert told["input_schema"] == {
        "type": "object",
        "properties": {"a": text, "b": text, "n": {"exclusiveMinimum": 0}},
    }
    assert told["description"].startswith("H\n\nThe arguments must match at least one of: [")
    assert dropped == ["tools.schema"]
    (own,) = offered(request(format="anthropic", tools=(Tool("h", "H", CHOICE),)))
    assert own == {"name": "h", "description": "H", "input_schema": CHOICE | {"type": "object"}}


def test_an_anthropic_clients_own_strict_tools_stay_as_they_are() -> None:
    (told,) = offered(request(format="anthropic", tools=(Tool("h", schema=LIMITED, strict=True),)))
    assert (told["input_schema"], told["strict"]) == (LIMITED, True)


def test_one_tool_that_alone_may_be_called_is_the_only_one_offered_unless_it_must_be() -> None:
    for mode, names in (("auto", ["g"]), ("required", ["f", "g"])):
        told = offered(request(tool_choice=ToolChoice(mode, ("g",))))  # type: ignore[arg-type]
        assert [tool["name"] for tool in told] == names
