"""Choices at the root of a tool's schema become one schema, looser, and what that loses is said."""

from copy import deepcopy
from typing import Any

import orjson
import pytest

from fastproxy.formats.tool_schema import CHOICES, MAX_SAID_CHARACTERS, Budget, fitted, merged
from fastproxy.ir.request import Tool

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
BY_ID = {"type": "object", "properties": {"id": TEXT, "n": NUMBER}, "required": ["id", "n"]}
BY_NAME = {"type": "object", "properties": {"name": TEXT, "n": TEXT}, "required": ["n", "name"]}
OPENAI = CHOICES | {"enum", "not"}


def fit(tool: Tool, dropped: list[str], **wanted: Any) -> Tool:
    (told,) = fitted((tool,), dropped, **wanted)
    return told


def merge(schema: dict[str, Any], refused: frozenset[str] = CHOICES) -> dict[str, Any]:
    asked = deepcopy(schema)
    told, _ = merged(schema, refused)
    assert schema == asked
    return told


@pytest.mark.parametrize("key", ["anyOf", "oneOf"])
def test_of_a_choice_all_may_be_said_and_only_what_every_branch_requires_must_be(key: str) -> None:
    schema = {"description": "d", "properties": {"own": TEXT}, "required": ["own"], key: [BY_ID, BY_NAME]}
    assert merge(schema) == {
        "type": "object",
        "description": "d",
        "properties": {"own": TEXT, "id": TEXT, "n": {"anyOf": [NUMBER, TEXT]}, "name": TEXT},
        "required": ["own", "n"],
    }


def test_all_of_requires_all_and_is_no_loss() -> None:
    schema = {"type": "object", "properties": {"own": TEXT}, "required": ["own"], "allOf": [BY_ID, BY_NAME]}
    told, lost = merged(schema, CHOICES)
    assert told == {
        "type": "object",
        "properties": {"own": TEXT, "id": TEXT, "n": {"allOf": [NUMBER, TEXT]}, "name": TEXT},
        "required": ["own", "id", "n", "name"],
    }
    assert lost == {}


def test_a_condition_within_all_of_is_lost() -> None:
    condition = {"if": {"required": ["a"]}, "then": {"required": ["b"]}}
    assert merged({"allOf": [condition]}, CHOICES) == ({"type": "object"}, {"allOf": [condition]})


def test_what_is_said_of_a_property_outside_of_the_choice_stays() -> None:
    told = merge({"properties": {"n": NUMBER}, "anyOf": [{"properties": {"n": {"const": 1}}}, {"required": ["n"]}]})
    assert told == {"type": "object", "properties": {"n": NUMBER}}


def test_references_are_followed_and_definitions_stay() -> None:
    definitions = {"Id": BY_ID, "Name": {"$ref": "#/$defs/Inner"}, "Inner": BY_NAME}
    told = merge({"$defs": definitions, "anyOf": [{"$ref": "#/$defs/Id"}, {"$ref": "#/$defs/Name"}]})
    assert told["$defs"] == definitions
    assert (set(told["properties"]), told["required"]) == ({"id", "n", "name"}, ["n"])


def test_a_reference_at_the_root_is_followed_without_a_loss() -> None:
    schema = {"$ref": "#/definitions/Id", "definitions": {"Id": BY_ID}}
    assert merged(schema, CHOICES) == ({**BY_ID, "definitions": {"Id": BY_ID}}, {})


def test_choices_within_choices_are_merged_too() -> None:
    told = merge({"oneOf": [{"allOf": [BY_ID, {"anyOf": [BY_NAME, {}]}]}, BY_NAME]})
    assert told["required"] == ["n"]
    assert set(told["properties"]) == {"id", "n", "name"}
    assert CHOICES.isdisjoint(told)


@pytest.mark.parametrize(
    "schema",
    [
        BY_ID,
        {},
        {"type": "object", "properties": {"anyOf": TEXT, "$ref": TEXT, "x": {"anyOf": [TEXT, NUMBER]}}},
        {"$ref": "https://a.test/x"},
        {"$ref": 7},
    ],
)
def test_a_schema_without_a_choice_at_its_root_is_the_same_object(schema: dict[str, Any]) -> None:
    assert merged(schema, OPENAI)[0] is schema
    tool = Tool("f", schema=schema)
    assert fit(tool, []) is tool


@pytest.mark.parametrize("odd", [5, None, {}, [], [True, 1], [{"properties": 5, "required": {"a": 1}, "$ref": []}]])
def test_an_odd_choice_is_none(odd: Any) -> None:
    for key in CHOICES:
        assert merge({"properties": {"a": TEXT}, key: odd}) == {"type": "object", "properties": {"a": TEXT}}


def test_references_that_lead_around_or_fan_out_come_to_an_end() -> None:
    around = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    assert merge(around)["type"] == "object"
    branch = {"$ref": "#"}
    assert merge({"anyOf": [branch] * 20, "required": ["a"]})["required"] == ["a"]


def test_branches_beyond_what_may_be_looked_at_for_all_tools_together_may_be_anything() -> None:
    many = [{"properties": {f"p{n}": TEXT}, "required": [f"p{n}"]} for n in range(300)]
    budget = Budget(1000)
    told, lost = merged({"allOf": many}, CHOICES, budget)
    assert 100 < len(told["properties"]) == len(told["required"]) < 300
    assert lost
    assert merged({"anyOf": [BY_ID, BY_ID]}, CHOICES, budget)[0] == {"type": "object"}


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ({"anyOf": [{"required": ["a"]}, {}]}, 'The arguments must match at least one of: [{"required":["a"]},{}]'),
        ({"oneOf": [{"required": ["a"]}, {}]}, 'The arguments must match exactly one of: [{"required":["a"]},{}]'),
        ({"enum": [{"a": 1}]}, 'The arguments must be one of: [{"a":1}]'),
        ({"not": {"required": ["a"]}}, 'The arguments must not match: {"required":["a"]}'),
    ],
)
def test_what_is_lost_is_said_in_words_and_reported(lost: dict[str, Any], words: str) -> None:
    dropped: list[str] = []
    tool = fit(Tool("f", "Finds.", BY_ID | lost), dropped, refused=OPENAI)
    assert (tool.schema, tool.description, dropped) == (BY_ID, f"Finds.\n\n{words}", ["tools.schema"])
    assert fit(Tool("f", "", BY_ID | lost), [], refused=OPENAI).description == words


def test_what_would_be_long_is_only_reported() -> None:
    dropped: list[str] = []
    choice = {"anyOf": [{"properties": {"a": {"description": "x" * MAX_SAID_CHARACTERS}}}]}
    tool = fit(Tool("f", "Finds.", choice), dropped)
    assert (tool.description, dropped) == ("Finds.", ["tools.schema"])


def test_what_is_not_refused_at_the_root_stays_there() -> None:
    assert merge({"anyOf": [BY_ID], "not": TEXT}, CHOICES)["not"] == TEXT
    assert "not" not in merge({"not": TEXT}, OPENAI)


def test_an_old_spelling_is_mended_without_a_loss() -> None:
    dropped: list[str] = []
    schema = {"properties": {"n": {"minimum": 0, "exclusiveMinimum": True}, "l": {"type": "array"}}}
    tool = fit(Tool("f", "d", schema), dropped, lists_need_items=True)
    told = {"properties": {"n": {"exclusiveMinimum": 0}, "l": {"type": "array", "items": {}}}}
    assert (tool, dropped) == (Tool("f", "d", told), [])


def test_a_merged_schema_is_mended_too_and_can_be_written() -> None:
    tool = fit(Tool("f", "", {"anyOf": [{"properties": {"l": {"type": "array"}}}]}), [], lists_need_items=True)
    assert orjson.dumps(tool.schema) == b'{"properties":{"l":{"type":"array","items":{}}},"type":"object"}'


def test_what_python_takes_for_the_same_is_not_the_same_in_json() -> None:
    one, true = {"properties": {"a": {"const": 1}}}, {"properties": {"a": {"const": True}}}
    told, _ = merged({"type": "object", "anyOf": [one, true, one]}, CHOICES)
    assert orjson.dumps(told["properties"]["a"]) == b'{"anyOf":[{"const":1},{"const":true}]}'


def test_many_schemas_of_one_property_are_all_kept() -> None:
    branches = [{"properties": {"a": {"enum": [*range(12), number]}}} for number in range(15_000)]
    told, _ = merged({"type": "object", "anyOf": branches}, CHOICES)
    assert len(told["properties"]["a"]["anyOf"]) == 15_000
