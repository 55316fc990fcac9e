"""A JSON schema of an answer as Anthropic's structured output takes it.

Objects must be closed there, and limits on numbers, texts and lists are refused. They are said in the description
instead, so that the model still reads them. Never changes a property because of its name: only schemas are walked.
Source: anthropic 2.12.0 `lib/_parse/_transform.py` (which keywords the API takes), read 2026-11-21.
[report] All schemas of a request that hold the model to something share two limits: "too many optional parameters
(87) ... (limit: 24)" (elie222/inbox-zero issue 2323), "too many parameters with union types" (16: camel-ai/camel pull
4171); read 2026-11-22.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from fastproxy.formats.json_schema import Schema, every

MAX_OPTIONAL = 24  # properties that are not required
MAX_UNIONS = 16

_ALONE = frozenset({"type", "title", "enum", "const", "required", "default", "$ref"})
_ONE = frozenset({"items"})
_LISTS = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_MAPS = frozenset({"properties", "$defs", "definitions"})
_FORMATS = frozenset((
    "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
))  # fmt: skip
_UNSAID = frozenset({"$schema", "$id", "propertyOrdering", "description"})


def output_schema(schema: Schema) -> Schema:
    """The schema, closed, with nothing in it that is refused."""
    told: Schema = {}
    limits: Schema = {}
    for key, value in schema.items():
        if _is_taken(key, value):
            told[key] = value
        elif key in _ONE and isinstance(value, dict):
            told[key] = output_schema(value)
        elif key in _LISTS and isinstance(value, list):
            told[_LISTS[key]] = [output_schema(each) if isinstance(each, dict) else each for each in value]
        elif key in _MAPS and isinstance(value, dict):
            told[key] = {name: output_schema(each) if isinstance(each, dict) else each for name, each in value.items()}
        elif key not in _UNSAID and not (key == "additionalProperties" and isinstance(value, bool)):
            limits[key] = value
    return told | _described(schema, limits) | _closed(schema)


def is_within_limits(*schemas: Schema) -> bool:
    """Whether the API can hold a model to all of these at once. A definition counts once, however often it is used."""
    optional = unions = 0
    for schema in every(*schemas):
        unions += "anyOf" in schema or "oneOf" in schema or isinstance(schema.get("type"), list)
        optional += _optional(schema)
    return optional <= MAX_OPTIONAL and unions <= MAX_UNIONS


def _optional(schema: Schema) -> int:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict):
        return 0
    told = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    return len(properties.keys() - told)


def _is_taken(key: str, value: object) -> bool:
    if key == "format":
        return isinstance(value, str) and value in _FORMATS
    return key in _ALONE or (key == "minItems" and value in (0, 1))


def _described(schema: Mapping[str, Any], limits: Schema) -> Schema:
    said = schema.get("description")
    said = said if isinstance(said, str) else ""
    if limits:
        listed = ", ".join(f"{key}: {msgspec.json.encode(value).decode()}" for key, value in limits.items())
        said = f"{said}\n\n{{{listed}}}".strip()
    return {"description": said} if said else {}


def _closed(schema: Mapping[str, Any]) -> Schema:
    types = schema.get("type")
    is_object = types == "object" or (isinstance(types, list) and "object" in types) or "properties" in schema
    return {"additionalProperties": False} if is_object else {}
