"""Schemas of answers, as structured output takes them."""

from typing import Any

import pytest

from fastproxy.formats import anthropic, openai_chat
from fastproxy.formats.anthropic.output_schema import MAX_OPTIONAL, MAX_UNIONS, is_within_limits, output_schema

TEXT = {"type": "string"}


def test_objects_are_closed_wherever_they_are() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "object", "properties": {}}}},
        "$defs": {"B": {"type": ["object", "null"]}},
        "anyOf": [{"properties": {"c": {"type": "string"}}}],
    }
    told = output_schema(schema)
    assert told["additionalProperties"] is False
    assert told["properties"]["a"]["items"]["additionalProperties"] is False
    assert told["$defs"]["B"]["additionalProperties"] is False
    assert told["anyOf"][0]["additionalProperties"] is False


def test_limits_that_are_refused_are_said_instead() -> None:
    schema = {"type": "integer", "minimum": 1, "maximum": 9, "description": "How many"}
    assert output_schema(schema) == {"type": "integer", "description": "How many\n\n{minimum: 1, maximum: 9}"}


def test_properties_named_like_keywords_stay() -> None:
    names = ("minimum", "type", "description", "$schema", "additionalProperties", "format", "items")
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}
    told = output_schema(schema)
    assert told["properties"] == schema["properties"]
    assert told["required"] == list(names)


def test_formats_and_small_lists_that_are_taken_stay_and_others_are_said() -> None:
    assert output_schema({"type": "string", "format": "uuid"}) == {"type": "string", "format": "uuid"}
    assert output_schema({"type": "string", "format": "int32"}) == {
        "type": "string",
        "description": '{format: "int32"}',
    }
    assert output_schema({"type": "array", "minItems": 1}) == {"type": "array", "minItems": 1}
    assert "minItems" not in output_schema({"type": "array", "minItems": 2})


def test_one_of_is_said_as_any_of_and_what_is_not_a_schema_is_left_alone() -> None:
    assert output_schema({"oneOf": [{"type": "null"}, True], "enum": [1], "$schema": "s"}) == {
        "anyOf": [{"type": "null"}, True],
        "enum": [1],
    }


def test_a_map_is_closed_and_said() -> None:
    told = output_schema({"type": "object", "additionalProperties": {"type": "string"}})
    assert told == {
        "type": "object",
        "additionalProperties": False,
        "description": '{additionalProperties: {"type":"string"}}',
    }


def test_the_schema_given_is_not_changed() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object"}}}
    output_schema(schema)
    assert schema == {"type": "object", "properties": {"a": {"type": "object"}}}


def optional(count: int) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"must": TEXT} | {f"p{n}": TEXT for n in range(count)},
        "required": ["must"],
    }


def unions(count: int) -> dict[str, Any]:
    kinds: tuple[dict[str, Any], ...] = ({"type": ["string", "null"]}, {"anyOf": [TEXT]}, {"oneOf": [TEXT]})
    names = [f"p{n}" for n in range(count)]
    return {"properties": {name: kinds[n % 3] for n, name in enumerate(names)}, "required": names}


@pytest.mark.parametrize(("schema", "most"), [(optional, MAX_OPTIONAL), (unions, MAX_UNIONS)])
def test_as_many_as_the_api_takes_in_all_schemas_together(schema: Any, most: int) -> None:
    within, beyond = schema(most), schema(most + 1)
    assert is_within_limits(within)
    assert not is_within_limits(beyond)
    assert is_within_limits({"$defs": {"A": within}, "items": {"type": "array"}})
    assert not is_within_limits({"properties": {"a": beyond}, "required": ["a"]})
    assert not is_within_limits(within, schema(1))
    assert anthropic.FORMAT.holds(within)
    assert not anthropic.FORMAT.holds(beyond)
    assert openai_chat.FORMAT.holds(beyond)


def test_names_and_values_are_not_counted_as_keywords() -> None:
    names = [f"{n}" for n in range(30)]
    odd = {"enum": [{"anyOf": [], "properties": dict.fromkeys(names)}], "required": 7, "properties": {"anyOf": TEXT}}
    assert is_within_limits(*[odd] * 20)


def test_a_limit_beyond_64_bits_is_said_too() -> None:
    told = output_schema({"type": "integer", "maximum": 123456789012345678901234567890})
    assert told["description"] == "{maximum: 123456789012345678901234567890}"
