"""Any JSON Schema as what Gemini accepts."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.gemini.schema import MAX_NODES, MAX_UNROLLED_BYTES, Unrolled, accepted, is_empty

KEYWORDS = [
    "type", "format", "title", "description", "enum", "const", "items", "properties", "required", "anyOf", "oneOf",
    "allOf", "not", "if", "then", "else", "$ref", "$defs", "$schema", "additionalProperties", "patternProperties",
    "default", "uniqueItems", "exclusiveMinimum", "nullable", "minimum", "prefixItems",
]  # fmt: skip
REFUSED = {
    "$schema", "$id", "$ref", "$defs", "$comment", "definitions", "const", "oneOf", "allOf", "not", "if", "then",
    "else", "patternProperties", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "nullable",
}  # fmt: skip

_names = st.sampled_from(KEYWORDS) | st.text(max_size=4)
_leaf = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["string", "object", "#", "#/properties/type"])


def _schema(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(_names, inner, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "object", ["string", "null"], ["integer", "string"], 7]),
            "properties": named,
            "required": st.lists(_names, max_size=2),
            "items": inner | st.lists(inner, max_size=2),
            "anyOf": st.lists(inner, max_size=2),
            "oneOf": st.lists(inner, max_size=2),
            "allOf": st.lists(inner, max_size=2),
            "additionalProperties": inner | st.booleans(),
            "enum": st.lists(_leaf, max_size=3),
            "const": _leaf,
            "$ref": st.sampled_from(["#", "#/properties/type", "#/$defs/a", "https://a.test"]),
            "$defs": st.dictionaries(st.just("a"), inner, max_size=1),
            "nullable": st.booleans(),
            "description": st.just("d"),
            "if": inner,
            "uniqueItems": st.booleans(),
            "exclusiveMinimum": st.integers(0, 3),
        },
    )


schemas = st.recursive(_schema(_leaf), _schema, max_leaves=8)


def keywords(schema: Any) -> set[str]:
    """Every keyword, wherever keywords stand; names of properties are none."""
    found: set[str] = set()
    if isinstance(schema, dict):
        for key, value in schema.items():
            found.add(key)
            if key == "properties":
                found |= set().union(*map(keywords, value.values()))
            elif key not in {"default", "enum"}:
                found |= keywords(value)
    elif isinstance(schema, list):
        found = set().union(*map(keywords, schema))
    return found


@given(schemas)
def test_nothing_that_gemini_refuses_is_left_and_the_schema_itself_is_not_touched(schema: dict[str, Any]) -> None:
    before = copy.deepcopy(schema)
    assert not keywords(accepted(schema)) & REFUSED
    assert schema == before


@given(schemas)
def test_what_is_accepted_is_accepted_as_it_is(schema: dict[str, Any]) -> None:
    once = accepted(schema)
    assert accepted(once) == once


@given(st.lists(_names, unique=True), st.randoms())
def test_no_property_is_lost_or_moved_whatever_its_name(names: list[str], random: Any) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    told = accepted(schema)
    assert list(told["properties"]) == names
    assert told.get("required", []) == names


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": "a"}, {"enum": ["a"]}),
        ({"type": "boolean", "const": True}, {"type": "boolean"}),
        ({"type": ["string", "null"], "description": "d", "minLength": 1},
         {"description": "d", "anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]}),
        ({"type": ["string", "array"], "items": {"const": 1}},
         {"anyOf": [{"type": "string"}, {"type": "array", "items": {"enum": [1]}}]}),
        ({"type": "string", "nullable": True, "enum": ["a"]},
         {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
        ({"type": "string", "enum": ["a", None]}, {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
        ({"type": ["string"]}, {"type": "string"}),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 0}),
        ({"type": "number", "exclusiveMinimum": True, "minimum": 1}, {"type": "number", "minimum": 1}),
        ({"oneOf": [{"type": "string"}, True]}, {"anyOf": [{"type": "string"}, {}]}),
        ({"allOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}, "required": ["b"]}]},
         {"properties": {"a": {}, "b": {}}, "required": ["a", "b"]}),
        ({"type": "array", "items": [{"type": "string"}]}, {"type": "array", "prefixItems": [{"type": "string"}]}),
        ({"type": "object", "properties": {"a": {}}, "required": ["a", "gone"]},
         {"type": "object", "properties": {"a": {}}, "required": ["a"]}),
        ({"type": "object", "additionalProperties": False}, {"type": "object", "additionalProperties": False}),
    ],
)  # fmt: skip
def test_what_gemini_can_not_read_is_said_otherwise(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert accepted(schema) == expected


def test_references_are_written_out_and_what_stands_beside_them_stays() -> None:
    schema = {
        "$defs": {"a/b": {"type": "string", "description": "theirs"}},
        "definitions": {"c": {"$ref": "#/$defs/a~1b"}},
        "properties": {"x": {"$ref": "#/definitions/c", "description": "mine"}, "y": {"$ref": "#/nowhere"}},
    }
    assert accepted(schema) == {"properties": {"x": {"type": "string", "description": "mine"}, "y": {}}}


def test_a_definition_within_itself_is_unrolled_and_then_left_open() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    told = accepted({"$defs": {"node": node}, "$ref": "#/$defs/node"})
    assert told == {
        "type": "object",
        "properties": {"next": {"type": "object", "properties": {"next": {}}}},
    }


def test_references_that_fan_out_are_bounded() -> None:
    defs = {f"d{n}": {"properties": {name: {"$ref": f"#/$defs/d{n + 1}"} for name in "abcd"}} for n in range(12)}
    assert str(accepted({"$defs": defs, "$ref": "#/$defs/d0"})).count("properties") <= MAX_NODES


@pytest.mark.parametrize(
    ("schema", "empty"),
    [
        (None, True), ({}, True), ({"type": "object"}, True), ({"type": "object", "properties": {}}, True),
        ({"type": "object", "properties": {}, "additionalProperties": False, "$schema": "s"}, True),
        ({"properties": {"a": {}}}, False), ({"type": "object", "additionalProperties": {"type": "string"}}, False),
        ({"anyOf": [{}]}, False), ({"type": "string"}, False),
    ],
)  # fmt: skip
def test_a_tool_without_arguments_is_known(schema: dict[str, Any] | None, empty: bool) -> None:
    assert is_empty(schema) is empty


def test_a_few_references_to_something_large_are_not_written_out_without_bound() -> None:
    large = {"enum": ["x" * 100_000]}
    told = accepted({"$defs": {"large": large}, "properties": {f"p{n}": {"$ref": "#/$defs/large"} for n in range(500)}})
    assert len(str(told)) < MAX_UNROLLED_BYTES + 100_000
    assert told["properties"]["p0"] == large
    assert told["properties"]["p499"] == {}


def test_the_schemas_of_a_request_share_the_room_for_definitions() -> None:
    shared, schema = Unrolled(), {"$defs": {"a": {"title": "x" * MAX_UNROLLED_BYTES}}, "$ref": "#/$defs/a"}
    small = {"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}
    assert accepted(small, shared) == {"type": "string"}
    assert accepted(schema, shared) == {}
    assert accepted(small, shared) == {}


def test_a_type_told_again_and_again_is_one_alternative() -> None:
    told = accepted({"type": ["string", "null"] * 10_000, "enum": ["a" * 10_000]})
    assert told == {"anyOf": [{"type": "string", "enum": ["a" * 10_000]}, {"type": "null"}]}


def test_all_of_many_schemas_takes_time_by_their_number_and_not_by_its_square() -> None:
    names = [f"p{number}" for number in range(30_000)]
    several = [{"properties": {name: {}}, "required": names[:10], "allOf": [{"title": name}]} for name in names]
    told = accepted({"allOf": several})  # tried against the square: minutes
    assert list(told["properties"]) == names[::-1]
    assert told["required"] == names[:10]
    assert told["title"] == "p0"
