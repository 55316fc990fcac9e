"""Whether an answer can be held to a schema in OpenAI's strict way, which refuses a schema that leaves anything open.

Anthropic and Gemini hold every answer to its schema, and their clients have no word for it. Where strictness would be
refused, the schema goes without: a guide is better than a 400.
Source: platform.openai.com, structured outputs guide ("Supported schemas"), from memory; what it says of more keywords
is not relied on.
"""

from collections.abc import Iterator
from typing import Any

LEVELS = 5  # of nesting, the least that was ever allowed
_TAKEN = frozenset({
    "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$ref", "$defs",
    "title", "description",
})  # fmt: skip


def is_closed(schema: dict[str, Any], levels: int = LEVELS) -> bool:
    """Whether every object in it has exactly its properties, and nothing else is said than OpenAI takes."""
    return schema.get("type") == "object" and _is_closed(schema, levels)


def _is_closed(schema: object, levels: int) -> bool:
    if not isinstance(schema, dict) or not levels or not _TAKEN.issuperset(schema):
        return False
    return _has_exactly_its_properties(schema) and all(_is_closed(inner, levels - 1) for inner in _inner(schema))


def _has_exactly_its_properties(schema: dict[str, Any]) -> bool:
    properties, required = schema.get("properties"), schema.get("required")
    if properties is None and schema.get("type") != "object":
        return True
    if not isinstance(properties, dict) or not isinstance(required, list):
        return False
    return schema.get("additionalProperties") is False and sorted(map(str, required)) == sorted(properties)


def _inner(schema: dict[str, Any]) -> Iterator[object]:
    for key in ("properties", "$defs"):
        yield from schema[key].values() if isinstance(schema.get(key), dict) else ()
    yield from schema["anyOf"] if isinstance(schema.get("anyOf"), list) else ()
    if "items" in schema:
        yield schema["items"]
