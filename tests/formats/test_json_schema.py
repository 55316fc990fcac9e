"""Schemas are walked where schemas stand, and respelt only where their spelling is an old one."""

from copy import deepcopy
from typing import Any

import pytest

from fastproxy.formats.json_schema import KNOWN_BYTES, MAX_REFERENCE_CHARACTERS, every, modern, pointed

NUMBER = {"type": "number"}
LIST = {"type": "array"}
FILLED = {"type": "array", "items": {}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
        ({"maximum": 9, "exclusiveMaximum": True}, {"exclusiveMaximum": 9}),
        ({"minimum": 0, "exclusiveMinimum": False}, {"minimum": 0}),
        ({"exclusiveMinimum": True}, {}),
        (
            {"minimum": 0, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": True},
            {"exclusiveMinimum": 0, "exclusiveMaximum": 9},
        ),
        ({"items": [NUMBER, LIST]}, {"prefixItems": [NUMBER, LIST]}),
        ({"items": [NUMBER], "additionalItems": False}, {"prefixItems": [NUMBER], "items": False}),
    ],
)
def test_what_draft_2020_refuses_is_said_as_it_has_it(old: dict[str, Any], new: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"n": {"title": "N", **old}}}
    assert modern(schema) == {"type": "object", "properties": {"n": {"title": "N", **new}}}


@pytest.mark.parametrize("list_", [LIST, {"type": ["array", "null"]}, {"type": "array", "prefixItems": [NUMBER]}])
def test_a_list_that_does_not_say_what_it_holds_says_anything_where_that_is_needed(list_: dict[str, Any]) -> None:
    assert modern(list_, lists_need_items=True) == list_ | {"items": {}}
    assert modern(list_) is list_


@pytest.mark.parametrize("place", ["items", "additionalProperties", "not", "contains", "if", "then", "else"])
def test_a_schema_within_another_is_reached(place: str) -> None:
    schema: dict[str, Any] = {place: deepcopy(LIST)}
    assert modern(schema, lists_need_items=True) == {place: FILLED}


def test_a_property_named_like_a_keyword_is_none() -> None:
    named = {"properties": {"items": deepcopy(LIST), "more": {"type": "array", "items": NUMBER}}}
    filled = {"properties": {"items": FILLED, "more": {"type": "array", "items": NUMBER}}}
    assert modern(named, lists_need_items=True) == filled


@pytest.mark.parametrize("text", ["x", "x" * KNOWN_BYTES])
def test_a_large_schema_is_looked_at_as_a_small_one_is(text: str) -> None:
    good = {"type": "array", "items": NUMBER, "description": text}
    assert modern(good, lists_need_items=True) is good
    assert modern({"type": "array", "description": text}, lists_need_items=True)["items"] == {}


@pytest.mark.parametrize("place", ["anyOf", "oneOf", "allOf", "prefixItems"])
def test_a_schema_among_others_is_reached(place: str) -> None:
    assert modern({place: [LIST, True]}, lists_need_items=True) == {place: [FILLED, True]}


@pytest.mark.parametrize("place", ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])
def test_a_schema_with_a_name_is_reached_whatever_the_name(place: str) -> None:
    names = ("items", "type", "exclusiveMinimum", "enum")
    schema: dict[str, Any] = {place: dict.fromkeys(names, LIST)}
    assert modern(schema, lists_need_items=True) == {place: dict.fromkeys(names, FILLED)}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"array": {"type": "array", "items": {"type": "string"}}}},
        {"properties": {"items": {"type": "string"}, "type": {"const": "array"}}},
        {"default": {"type": "array", "exclusiveMinimum": True}, "enum": [LIST], "const": LIST, "examples": [LIST]},
        {"type": "integer", "exclusiveMinimum": 0},
        {"properties": LIST["type"], "items": 5, "anyOf": None, "type": 7, "allOf": [1]},
        {},
    ],
)
def test_what_needs_nothing_is_the_same_object(schema: dict[str, Any]) -> None:
    asked = deepcopy(schema)
    assert modern(schema, lists_need_items=True) is schema
    assert schema == asked


def test_what_is_given_is_not_changed() -> None:
    schema = {"type": "array", "items": [{"minimum": 1, "exclusiveMinimum": True}], "$defs": {"a": LIST}}
    asked = deepcopy(schema)
    modern(schema, lists_need_items=True)
    assert schema == asked


def test_every_schema_is_found_once_and_no_mere_value_among_them() -> None:
    schema = {"properties": {"a": {"items": [NUMBER]}, "b": True}, "default": {"items": LIST}, "anyOf": [LIST]}
    assert sorted(map(str, every(schema, NUMBER))) == sorted(
        map(str, (schema, {"items": [NUMBER]}, NUMBER, LIST, NUMBER))
    )


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("#/$defs/a~1b", NUMBER),
        ("#/$defs/~01", LIST),
        ("#/anyOf/1", LIST),
        ("#/anyOf/2", None),
        ("#/$defs/c", None),
        ("#/$defs/a~1b/type/x", None),
        ("https://a.test/schema#/$defs/a", None),
        ("#/$defs/" + "a" * MAX_REFERENCE_CHARACTERS, None),
        ("", None),
    ],
)
def test_where_a_reference_leads(reference: str, target: Any) -> None:
    root = {"$defs": {"a/b": NUMBER, "~1": LIST, "a" * MAX_REFERENCE_CHARACTERS: LIST}, "anyOf": [NUMBER, LIST]}
    assert pointed(root, reference) == target
    assert pointed(root, "#") is root
