"""The least value that fits a schema, held against a small validator of our own."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.providers.example import DEPTH, MAX_COST, MAX_FILLER, MAX_POINTER, example

_TYPES = {"string": str, "integer": int, "number": int | float, "boolean": bool, "object": dict, "array": list}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether `value` obeys the keywords that the strategy below uses."""
    if "enum" in schema:
        return value in schema["enum"]
    return isinstance(value, _TYPES[schema["type"]]) and _CHECKS[schema["type"]](value, schema)


def _object_fits(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    return set(value) == set(schema["required"]) and all(fits(value[k], schema["properties"][k]) for k in value)


def _array_fits(value: list[Any], schema: dict[str, Any]) -> bool:
    return len(value) >= schema["minItems"] and all(fits(item, schema["items"]) for item in value)


_CHECKS: dict[str, Callable[[Any, dict[str, Any]], bool]] = {
    "object": _object_fits,
    "array": _array_fits,
    "string": lambda value, schema: schema["minLength"] <= len(value) <= schema["maxLength"],
    "integer": lambda value, schema: schema["minimum"] <= value <= schema["maximum"],
    "number": lambda _value, _schema: True,
    "boolean": lambda _value, _schema: True,
}

_bounds = st.integers(-5, 5)
_leaves = st.one_of(
    st.just({"type": "boolean"}),
    st.builds(lambda choices: {"enum": choices}, st.lists(st.text(max_size=3) | st.integers(), min_size=1, max_size=3)),
    st.builds(lambda low, extra: {"type": "string", "minLength": low, "maxLength": low + extra}, st.integers(0, 9), _bounds.map(abs)),  # noqa: E501 - one row of a table
    st.builds(lambda low, extra: {"type": "integer", "minimum": low, "maximum": low + extra}, _bounds, _bounds.map(abs)),  # noqa: E501 - as above
    st.just({"type": "number"}),
)  # fmt: skip


def _objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3).flatmap(
        lambda properties: st.builds(
            lambda required: {"type": "object", "properties": properties, "required": sorted(required)},
            st.sets(st.sampled_from(sorted(properties))) if properties else st.just(set()),
        )
    )


_schemas = st.recursive(
    _leaves,
    lambda inner: (
        _objects(inner)
        | st.builds(lambda items, least: {"type": "array", "items": items, "minItems": least}, inner, st.integers(0, 3))
    ),
    max_leaves=6,
)


@given(_objects(_schemas))
def test_the_value_fits_the_schema_and_holds_nothing_that_is_not_required(schema: dict[str, Any]) -> None:
    assert fits(example(schema), schema)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "properties", "required", "items", "enum", "$ref", "anyOf", "minItems", "minLength", "a"]
                ),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_nonsense_for_a_schema_is_never_an_error(schema: Any) -> None:
    assert isinstance(
        example(schema if isinstance(schema, dict) else {"properties": {"a": schema}, "required": ["a"]}), dict
    )


def test_no_schema_means_no_arguments() -> None:
    assert example(None) == {}
    assert example({"type": "object", "properties": {}}) == {}


@pytest.mark.parametrize(
    ("property_", "value"),
    [
        ({"const": 7}, 7),
        ({"type": ["null", "boolean"]}, False),
        ({"type": "null"}, None),
        ({"type": "STRING"}, "echo"),
        ({}, "echo"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 0),
        ({"oneOf": [{"type": "boolean"}]}, False),
        ({"$ref": "#/$defs/Size"}, "large"),
        ({"$ref": "#/$defs/Missing"}, None),
        ({"$ref": "https://example.com/schema"}, None),
        ({"type": "integer", "exclusiveMinimum": 0}, 1),
        ({"type": "integer", "exclusiveMaximum": 0}, -1),
        ({"type": "integer", "maximum": -3}, -3),
        ({"properties": {"x": {"type": "integer"}}, "required": ["x"]}, {"x": 0}),
        ({"type": "array", "minItems": 2, "items": {"type": "boolean"}}, [False, False]),
    ],
)
def test_what_tools_declare(property_: dict[str, Any], value: Any) -> None:
    defs = {"Size": {"enum": ["large", "small"]}}
    assert example({"properties": {"a": property_}, "required": ["a"], "$defs": defs}) == {"a": value}


def test_a_required_property_without_a_schema_is_a_string() -> None:
    assert example({"type": "object", "required": ["a"]}) == {"a": "echo"}


def test_a_schema_that_refers_to_itself_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    depth = 0
    value: Any = example(node)
    while value is not None:
        value, depth = value["next"], depth + 1
    assert depth <= DEPTH


def test_an_enormous_minimum_stays_small() -> None:
    schema = {
        "properties": {"a": {"type": "array", "minItems": 10**9, "items": {"type": "boolean"}}},
        "required": ["a"],
    }
    assert len(example(schema)["a"]) == MAX_FILLER


REQUIRED = [*"abcdefghij"]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {name: {"$ref": "#"} for name in REQUIRED}, "required": REQUIRED},
        {
            "properties": {"a": {"$ref": "#/$defs/A"}},
            "required": ["a"],
            "$defs": {"A": {"type": "array", "minItems": 1000, "items": {"$ref": "#/$defs/A"}}},
        },
        {"properties": {"a": {"type": "array", "minItems": 1000, "items": {"const": "x" * 10_000}}}, "required": ["a"]},
        {
            "properties": {"a": {"type": "array", "minItems": 1000, "items": {"enum": ["x" * 10_000]}}},
            "required": ["a"],
        },
        {"properties": {"a": {"$ref": "#" + "/a" * MAX_POINTER}}, "required": ["a"]},
    ],
)
def test_a_small_schema_that_demands_an_enormous_value_gets_a_small_one(schema: dict[str, Any]) -> None:
    assert len(repr(example(schema))) < 10 * MAX_COST
