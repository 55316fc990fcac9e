"""Gemini's own schemas as JSON Schema."""

from typing import Any

import pytest

from fastproxy.formats.gemini.openapi import json_schema


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "STRING"}, {"type": "string"}),
        ({"type": 6, "properties": {"a": {"type": 1}}}, {"type": "object", "properties": {"a": {"type": "string"}}}),
        ({"type": "STRING", "format": "enum", "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        ({"type": "INTEGER", "nullable": True}, {"type": ["integer", "null"]}),
        ({"type": "STRING", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"any_of": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": "ARRAY", "minItems": "2", "items": {"type": "NUMBER"}},
         {"type": "array", "minItems": 2, "items": {"type": "number"}}),
        ({"type": "OBJECT", "propertyOrdering": ["a", 7], "example": 1, "title": "T"},
         {"type": "object", "title": "T", "examples": [1]}),
        ({"type": ["STRING", "NULL"]}, {"type": ["string", "null"]}),
        ({"nullable": True}, {}),
    ],
)  # fmt: skip
def test_the_same_constraints_in_json_schema(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert json_schema(schema) == expected


def test_properties_keep_their_names_even_those_of_keywords_in_either_spelling() -> None:
    names = ["any_of", "nullable", "example", "type", "min_items", "propertyOrdering"]
    told = json_schema({"type": "OBJECT", "properties": {name: {"type": "STRING"} for name in names}})
    assert told["properties"] == {name: {"type": "string"} for name in names}


def test_json_schema_and_unknown_keywords_pass_unchanged() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"const": "X"}}, "x-own": 1}
    assert json_schema(schema) == schema
