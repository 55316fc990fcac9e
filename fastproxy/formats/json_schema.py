"""JSON schemas as such: where in one of them others stand, where its references lead, and its spelling of today.

A property is never taken for a keyword because of its name: only the places where schemas stand are looked at. A schema
that is given is never changed.
Source: JSON Schema drafts 4, 7 and 2020-12 (json-schema.org); [report] "JSON schema is invalid. It must match JSON
Schema draft 2020-12", Anthropic's answer to limits of draft 4 (Dokploy/mcp issue 74) and to tuples of draft 7
(openclaw/openclaw issue 98588); read 2026-11-22.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import msgspec

MAX_REFERENCE_CHARACTERS = 512
KNOWN_SCHEMAS = 512  # an agent tells the same tools with every request
KNOWN_BYTES = 8192  # the largest that is remembered

Schema = dict[str, Any]

_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
# Each holds one schema, several, or as `items` did before 2020 either.
_PLACES = _MAPS | {
    "items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "additionalProperties",
    "unevaluatedProperties", "propertyNames", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
}  # fmt: skip
_LIMITS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_RESPELLED = frozenset({"items", *_LIMITS})


def every(*schemas: Schema) -> Iterator[Schema]:
    """The schemas and all that stand in them, in no order. References are followed nowhere."""
    waiting = list(schemas)
    while waiting:
        schema = waiting.pop()
        yield schema
        for key, value in schema.items():
            if key in _PLACES:
                told = value if isinstance(value, list) else [value]
                if key in _MAPS and isinstance(value, dict):
                    told = [*value.values()]
                waiting += [each for each in told if isinstance(each, dict)]


def modern(schema: Schema, *, lists_need_items: bool = False) -> Schema:
    """The schema in the words of draft 2020-12, all through; the same object where it is.

    Draft 4 says in a boolean that a limit is exclusive, and up to draft 7 `items` may list what a tuple holds. A vendor
    that takes 2020-12 refuses the whole request for either.
    lists_need_items: whether a list that does not say what it holds is to say `{}`, which is anything.
    Cost: 3 us for a schema of 1 KB in which there can't be any of it, or that is known; 10 us else.
    """
    json = msgspec.json.encode(schema)
    if b'"exclusiveM' in json or b'"items":[' in json:
        schema = rewritten(schema, _respelt)
    if not lists_need_items or b'"array"' not in json or (len(json) <= KNOWN_BYTES and _all_lists_say(json)):
        return schema
    return rewritten(schema, _with_items)


def pointed(root: Schema, reference: str) -> Any:
    """What a reference within a schema ("#/$defs/Name") leads to; None for one that leads nowhere, or out."""
    if not reference.startswith("#") or len(reference) > MAX_REFERENCE_CHARACTERS:
        return None
    target: Any = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and name.isdecimal() and int(name) < len(target):
            target = target[int(name)]
        else:
            target = target.get(name) if isinstance(target, dict) else None
    return target


def rewritten(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """The schema with each schema in it, and then itself, as `change` gives it; the same object where it is alike."""
    if _PLACES.isdisjoint(schema):  # as most are
        return change(schema)
    told: Schema = {}
    for key, value in schema.items():
        if key in _PLACES and (new := _inside(key, value, change)) is not value:
            told[key] = new
    return change(schema | told if told else schema)


def _inside(key: str, value: Any, change: Callable[[Schema], Schema]) -> Any:
    if isinstance(value, list):
        new = [rewritten(each, change) if isinstance(each, dict) else each for each in value]
        return new if any(one is not other for one, other in zip(new, value, strict=True)) else value
    if not isinstance(value, dict):
        return value
    if key not in _MAPS:
        return rewritten(value, change)
    changed = {}
    for name, each in value.items():
        if isinstance(each, dict) and (told := rewritten(each, change)) is not each:
            changed[name] = told
    return value | changed if changed else value


def _respelt(schema: Schema) -> Schema:
    if _RESPELLED.isdisjoint(schema):
        return schema
    told = schema
    for exclusive, limit in _LIMITS.items():
        flag = schema.get(exclusive)
        if isinstance(flag, bool):
            told = _without(told, exclusive, limit) if flag else _without(told, exclusive)
            if flag and limit in schema:
                told[exclusive] = schema[limit]
    tuple_ = schema.get("items")
    if isinstance(tuple_, list):
        rest = {"items": schema["additionalItems"]} if "additionalItems" in schema else {}
        told = _without(told, "items", "additionalItems") | {"prefixItems": tuple_} | rest
    return told


@lru_cache(maxsize=KNOWN_SCHEMAS)
def _all_lists_say(json: bytes) -> bool:
    """Whether every list of the schema says what it holds."""
    return not any(map(_lacks_items, every(msgspec.json.decode(json))))


def _lacks_items(schema: Schema) -> bool:
    types = schema.get("type")
    is_list = types == "array" or (isinstance(types, list) and "array" in types)
    return is_list and "items" not in schema


def _with_items(schema: Schema) -> Schema:
    return schema | {"items": {}} if _lacks_items(schema) else schema


def _without(schema: Schema, *keys: str) -> Schema:
    return {key: value for key, value in schema.items() if key not in keys}
