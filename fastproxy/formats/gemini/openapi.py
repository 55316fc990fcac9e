"""A schema as Gemini's clients write it (a subset of OpenAPI 3.0) as the JSON Schema that every other format takes.

Properties keep their names, their order and whatever this module does not know. Never fails on an odd schema.
Source: google-genai 3.4.0 `types.Schema`; enum numbers of google.ai.generativelanguage.v1beta `Type`; read 2026-11-21.
"""

from typing import Any

_SPELLINGS = {
    "any_of": "anyOf",
    "additional_properties": "additionalProperties",
    "max_items": "maxItems",
    "min_items": "minItems",
    "max_length": "maxLength",
    "min_length": "minLength",
    "max_properties": "maxProperties",
    "min_properties": "minProperties",
    "property_ordering": "propertyOrdering",
    "defs": "$defs",
    "ref": "$ref",
}
_TYPES = {1: "string", 2: "number", 3: "integer", 4: "boolean", 5: "array", 6: "object", 7: "null"}
_SCHEMA = frozenset({"items", "additionalProperties", "not"})
_SCHEMAS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NAMED = frozenset({"properties", "$defs", "definitions", "patternProperties"})
# 64-bit numbers are strings in the JSON form of a protobuf message.
_COUNTS = frozenset({"maxItems", "minItems", "maxLength", "minLength", "maxProperties", "minProperties"})
_OPENAPI_ONLY = frozenset({"nullable", "propertyOrdering", "example"})  # said in other ways


def json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The same in JSON Schema: types in lower case, `nullable` as a type of its own, properties in their order."""
    told = {_SPELLINGS.get(key, key): value for key, value in schema.items()}
    out = {key: _value(key, value) for key, value in told.items() if key not in _OPENAPI_ONLY}
    if out.get("format") == "enum":
        del out["format"]
    if "example" in told and "examples" not in out:
        out["examples"] = [told["example"]]
    order, properties = told.get("propertyOrdering"), out.get("properties")
    if isinstance(order, list) and isinstance(properties, dict):
        out["properties"] = {name: properties[name] for name in (*order, *properties) if _names(name, properties)}
    return _nullable(out) if told.get("nullable") is True else out


def _names(name: object, properties: dict[str, Any]) -> bool:
    return isinstance(name, str) and name in properties


def _value(key: str, value: Any) -> Any:
    if key == "type":
        return _type(value)
    if key in _SCHEMA and isinstance(value, dict):
        return json_schema(value)
    if key in _SCHEMAS and isinstance(value, list):
        return [json_schema(item) if isinstance(item, dict) else item for item in value]
    if key in _NAMED and isinstance(value, dict):
        return {name: json_schema(item) if isinstance(item, dict) else item for name, item in value.items()}
    if key in _COUNTS and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def _type(value: Any) -> Any:
    if isinstance(value, list):
        return [_type(item) for item in value]
    return _TYPES.get(value, value) if isinstance(value, int) else value.lower() if isinstance(value, str) else value


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("anyOf"), list):
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if not isinstance(schema.get("type"), str):
        return schema
    enum = {"enum": [*schema["enum"], None]} if isinstance(schema.get("enum"), list) else {}
    return {**schema, "type": [schema["type"], "null"], **enum}
