"""Any JSON Schema as what Gemini takes in `parametersJsonSchema` and `responseJsonSchema`.

A keyword that Gemini refuses is rewritten where it can be said otherwise, and left out where it can't. A *property* is
never touched for its name: only the places where keywords stand are looked at. Pure, idempotent, bounded.
Source: google-genai 3.4.0 `GenerationConfig.response_json_schema` (the list of keywords), `types.Schema`; 2026-11-21.
"""

from typing import Any

import msgspec

from fastproxy.formats.json_schema import pointed

MAX_DEPTH = 48  # deeper than any schema in the recordings (11) by far
MAX_NODES = 20_000  # `$ref`s that fan out grow without bound when they are written out
MAX_UNROLLED = 2  # times that a definition may stand inside itself
MAX_UNROLLED_BYTES = 4_194_304  # of definitions written out in place of `$ref`s, for all tools of a request together

_Schema = dict[str, Any]

# Carried as they are. What stands in none of these tables is refused or ignored by Gemini, and left out.
_KEPT = frozenset({
    "title", "description", "default", "format", "pattern", "minimum", "maximum", "minLength", "maxLength",
    "minItems", "maxItems", "minProperties", "maxProperties", "propertyOrdering",
})  # fmt: skip
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_ANNOTATIONS = frozenset({"title", "description", "default"})
# A bound that is looser by one value is better than none: the model still reads it.
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_OF_TYPE = {
    "string": frozenset({"format", "pattern", "minLength", "maxLength", "enum"}),
    "number": frozenset({"format", "minimum", "maximum", "enum"}),
    "integer": frozenset({"format", "minimum", "maximum", "enum"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems"}),
    "object": frozenset({
        "properties", "required", "additionalProperties", "propertyOrdering", "minProperties", "maxProperties",
    }),
}  # fmt: skip


class Unrolled(msgspec.Struct):
    """How much stands written out in place of `$ref`s, of which a few bytes can mean gigabytes. One per request."""

    size_bytes: int = 0

    def has_room_for(self, definition: _Schema) -> bool:
        """Whether it may be written out once more. Once there is no room, there is none for anything."""
        if self.size_bytes <= MAX_UNROLLED_BYTES:
            self.size_bytes += len(msgspec.json.encode(definition))
        return self.size_bytes <= MAX_UNROLLED_BYTES


class _Walk(msgspec.Struct):
    """One schema on its way. root: where `$ref` points into. nodes: how many have been written."""

    root: _Schema
    unrolled: Unrolled
    nodes: int = 0


def accepted(schema: _Schema, unrolled: Unrolled | None = None) -> _Schema:
    """The schema that Gemini accepts, properties in their order. `{}` stands for "anything".

    unrolled: what the request's other schemas share with it.
    """
    return _cleaned(schema, _Walk(schema, unrolled or Unrolled()), (), 0)


def is_empty(schema: _Schema | None) -> bool:
    """Whether a tool with this schema takes no arguments: then `parameters` is left out, as Gemini wants it."""
    return not schema or (schema.get("type", "object") == "object" and set(schema) <= _EMPTY and not _listed(schema))


_EMPTY = frozenset({"type", "properties", "required", "additionalProperties", "title", "description", "$schema"})


def _listed(schema: _Schema) -> bool:
    return bool(schema.get("properties")) or isinstance(schema.get("additionalProperties"), dict)


def _cleaned(schema: Any, walk: _Walk, chain: tuple[str, ...], depth: int) -> _Schema:
    """chain: the definitions that are being written out around this one."""
    walk.nodes += 1
    if not isinstance(schema, dict) or depth > MAX_DEPTH or walk.nodes > MAX_NODES:
        return {}
    reference = schema.get("$ref")
    if isinstance(reference, str):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        if chain.count(reference) >= MAX_UNROLLED:
            return _cleaned(beside, walk, chain, depth + 1)
        target = _pointed(walk, reference)
        return _cleaned({**target, **beside}, walk, (*chain, reference), depth + 1)
    if isinstance(schema.get("allOf"), list):
        return _cleaned(_merged(schema, walk), walk, chain, depth + 1)
    return _typed(_keywords(schema, walk, chain, depth + 1), schema)


def _keywords(schema: _Schema, walk: _Walk, chain: tuple[str, ...], depth: int) -> _Schema:
    out: _Schema = {}
    for key, value in schema.items():
        if key in _KEPT:
            out[key] = value
        elif key in _EXCLUSIVE and not isinstance(value, bool):
            out.setdefault(_EXCLUSIVE[key], value)
        elif key == "properties" and isinstance(value, dict):
            out[key] = {name: _cleaned(item, walk, chain, depth) for name, item in value.items()}
        elif key in {"items", "additionalProperties"}:
            out |= _inside(key, value, walk, chain, depth)
        elif key in {"anyOf", "oneOf", "prefixItems"} and isinstance(value, list):
            into = "prefixItems" if key == "prefixItems" else "anyOf"
            out.setdefault(into, [_cleaned(item, walk, chain, depth) for item in value])
    return out | _required(schema, out)


def _inside(key: str, value: Any, walk: _Walk, chain: tuple[str, ...], depth: int) -> _Schema:
    if isinstance(value, list):  # a tuple, as it was written before 2020
        return {"prefixItems": [_cleaned(item, walk, chain, depth) for item in value]} if key == "items" else {}
    if isinstance(value, bool) and key == "additionalProperties":
        return {key: value}
    return {key: _cleaned(value, walk, chain, depth)}


def _required(schema: _Schema, out: _Schema) -> _Schema:
    """Gemini refuses a required name that is no property."""
    names = schema.get("required")
    known = out.get("properties", {})
    told = [name for name in names if isinstance(name, str) and name in known] if isinstance(names, list) else []
    return {"required": told} if told else {}


def _typed(out: _Schema, schema: _Schema) -> _Schema:
    """`out` with its enum and type; several types, or null as one of them, become alternatives."""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    said = [value for value in values if isinstance(value, str | int | float)] if isinstance(values, list) else []
    enum = [value for value in said if not isinstance(value, bool)]  # Gemini knows strings and numbers only
    if enum:
        out["enum"] = enum
    types = schema.get("type")
    names = list(dict.fromkeys(filter(_is_type, types))) if isinstance(types, list) else []
    if isinstance(types, str):
        names = [types]
    null = schema.get("nullable") is True or (isinstance(values, list) and None in values and "null" not in names)
    if null and names and "null" not in names:
        names.append("null")
    if len(names) > 1:
        return _alternatives(out, names)
    return {"type": names[0], **out} if names else out


def _is_type(name: object) -> bool:
    return isinstance(name, str) and name in _TYPES


def _alternatives(out: _Schema, names: list[str]) -> _Schema:
    """One schema for each type, with the keywords that say something about it."""
    if "anyOf" in out:  # the alternatives are told already
        return out
    shared = {key: value for key, value in out.items() if key in _ANNOTATIONS}
    choices = [
        {"type": name, **{key: value for key, value in out.items() if key in _OF_TYPE.get(name, ())}} for name in names
    ]
    return {**shared, "anyOf": choices}


def _merged(schema: _Schema, walk: _Walk) -> _Schema:
    """`allOf` as one schema: properties and required joined, of anything else the first that is told."""
    parts = [{key: value for key, value in schema.items() if key != "allOf"}]
    parts += (_flat(told, walk) for told in schema["allOf"])
    out: _Schema = {}
    for part in parts:
        for key, value in part.items():
            out.setdefault(key, value)
    if properties := [part["properties"] for part in reversed(parts) if isinstance(part.get("properties"), dict)]:
        out["properties"] = {name: value for told in properties for name, value in told.items()}
    if required := _items(parts, "required"):
        out["required"] = list(dict.fromkeys(name for name in required if isinstance(name, str)))
    return {**out, "allOf": inner} if (inner := _items(parts, "allOf")) else out


def _items(parts: list[_Schema], key: str) -> list[Any]:
    return [item for part in parts if isinstance(part.get(key), list) for item in part[key]]


def _flat(schema: Any, walk: _Walk) -> _Schema:
    """A member of `allOf`, its own `$ref` followed."""
    flat: _Schema = schema if isinstance(schema, dict) else {}
    for _ in range(MAX_UNROLLED):
        reference = flat.get("$ref")
        if isinstance(reference, str):
            flat = {**_pointed(walk, reference), **{key: value for key, value in flat.items() if key != "$ref"}}
    return flat


def _pointed(walk: _Walk, reference: str) -> _Schema:
    """What a local reference ("#/$defs/Name") points to; {} where it leads nowhere or out, or there is no more room."""
    target = pointed(walk.root, reference)
    return target if isinstance(target, dict) and walk.unrolled.has_room_for(target) else {}
