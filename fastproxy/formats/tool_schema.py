"""A tool's schema for vendors who take no choice at its root, and refuse the whole request for one tool that has one.

[report] Anthropic: "input_schema does not support oneOf, allOf, or anyOf at the top level" (anthropics/claude-code
issues 5319, 5973, 40075). OpenAI, in Chat and Responses: "schema must have type 'object' and not have 'oneOf'/'anyOf'/
'allOf'/'enum'/'not' at the top level" (nspady/google-calendar-mcp 39, langchain-ai/langchainjs 9804).

The choices are merged into one schema that allows all that they allow, and more; what that loses is told in words where
it is short. Never changes a schema that is given. Read 2026-11-22.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import msgspec

from fastproxy.formats.json_schema import Schema, modern, pointed
from fastproxy.ir.request import Tool

_CHOICES = ("allOf", "anyOf", "oneOf")
CHOICES = frozenset(_CHOICES)
MAX_HOPS = 8  # from one `$ref` to the next
MAX_DEPTH = 4  # of choices within choices
MAX_LOOKED_AT = 50_000  # keywords and properties of all branches of all tools of a request: 0.3 s
MAX_SAID_CHARACTERS = 1_000

_SAID = {
    "allOf": "The arguments must match all of:",
    "anyOf": "The arguments must match at least one of:",
    "oneOf": "The arguments must match exactly one of:",
    "enum": "The arguments must be one of:",
    "not": "The arguments must not match:",
}
_MERGED = frozenset({"type", "title", "description", "properties", "required"})  # what is not lost of an `allOf`


def fitted(
    tools: Iterable[Tool], dropped: list[str], *, refused: frozenset[str] = CHOICES, lists_need_items: bool = False
) -> list[Tool]:
    """The tools of a request with schemas that are taken; each the same object where its schema is already.

    refused: keywords that may not stand at a root.
    Cost: 3 us for a schema of 1 KB.
    """
    budget = Budget()
    return [_fitted(tool, dropped, refused, budget, lists_need_items=lists_need_items) for tool in tools]


class Budget(msgspec.Struct):
    """How much more may be looked at: what `$ref`s that fan out lead to grows without bound. One per request."""

    left: int = MAX_LOOKED_AT


def merged(schema: Schema, refused: frozenset[str], budget: Budget | None = None) -> tuple[Schema, Schema]:
    """The schema without the `refused` keywords at its root, and those of them that are lost, as they stood there.

    A `$ref` at the root is followed. The same object where there is none, and nothing refused.
    budget: what the request's other schemas share with it.
    """
    if refused.isdisjoint(schema) and "$ref" not in schema:
        return schema, {}
    asked = _followed(schema, schema)
    if asked is schema and refused.isdisjoint(schema):
        return schema, {}
    merging = _Merging(schema, budget or Budget())
    told = _flat(asked, merging, 0)
    is_looser = merging.is_looser or not refused.isdisjoint(told)
    lost = {key: value for key, value in asked.items() if key in refused} if is_looser else {}
    return {key: value for key, value in told.items() if key not in refused} | {"type": "object"}, lost


def _fitted(tool: Tool, dropped: list[str], refused: frozenset[str], budget: Budget, *, lists_need_items: bool) -> Tool:
    asked = tool.schema
    if not asked:
        return tool
    schema, lost = merged(asked, refused, budget)
    schema = modern(schema, lists_need_items=lists_need_items)
    if schema is asked:
        return tool
    if not lost:
        return msgspec.structs.replace(tool, schema=schema)
    dropped.append("tools.schema")
    return msgspec.structs.replace(tool, schema=schema, description=f"{tool.description}{_said(lost)}".strip())


def _said(lost: Schema) -> str:
    said = "\n".join(f"{_SAID[key]} {msgspec.json.encode(value).decode()}" for key, value in lost.items())
    return f"\n\n{said}" if len(said) <= MAX_SAID_CHARACTERS else ""


class _Merging(msgspec.Struct):
    """One schema on its way. root: where `$ref` leads from.

    is_looser: whether what has been merged allows more than it did.
    """

    root: Schema
    budget: Budget
    is_looser: bool = False


def _flat(schema: Any, merging: _Merging, depth: int) -> Schema:
    """The schema with its `$ref` and its choices merged into it; `{}`, which is anything, for what is none."""
    if not isinstance(schema, dict) or merging.budget.left < 0 or depth > MAX_DEPTH:
        merging.is_looser = True
        return {}
    flat = _followed(schema, merging.root)
    merging.budget.left -= 1 + len(flat) + len(_properties(flat)) + len(_required(flat))
    for key in _CHOICES:
        branches = flat.get(key)
        if isinstance(branches, list):
            told = [_flat(branch, merging, depth + 1) for branch in branches]
            merging.is_looser |= key != "allOf" or not all(map(_MERGED.issuperset, told))
            flat = _united(flat, key, told)
    return flat


def _united(own: Schema, key: str, branches: list[Schema]) -> Schema:
    """`own` without the choice `key`, but with the properties of all its branches, and what every choice requires."""
    required = [_required(branch) for branch in branches]
    if key == "allOf":
        properties = _joined((own, *branches), key)
    else:  # what it says of a property itself holds whichever branch is taken
        properties = _properties(own) | _joined(branches, "anyOf") | _properties(own)
        required = [_common(required)]
    names = [*dict.fromkeys(chain(_required(own), *required))]
    told = {name: value for name, value in own.items() if name != key}
    return told | ({"properties": properties} if properties else {}) | ({"required": names} if names else {})


def _joined(schemas: Iterable[Schema], how: str) -> Schema:
    """The properties of all; `how`, "allOf" or "anyOf", holds those of one name that differ."""
    variants: dict[str, dict[bytes, Any]] = {}  # known by their bytes, because in Python 1 is True
    for schema in schemas:
        for name, told in _properties(schema).items():
            variants.setdefault(name, {})[msgspec.json.encode(told, order="deterministic")] = told
    each = ((name, [*known.values()]) for name, known in variants.items())
    return {name: {how: told} if told[1:] else told[0] for name, told in each}


def _common(required: list[dict[str, None]]) -> dict[str, None]:
    first = required[0] if required else {}
    return dict.fromkeys(name for name in first if all(name in other for other in required))


def _followed(schema: Schema, root: Schema) -> Schema:
    """The schema with what its `$ref` leads to; the same object where that is nothing."""
    for _ in range(MAX_HOPS):
        reference = schema.get("$ref")
        target = pointed(root, reference) if isinstance(reference, str) else None
        if not isinstance(target, dict):
            break
        schema = target | {key: value for key, value in schema.items() if key != "$ref"}
    return schema


def _properties(schema: Schema) -> Schema:
    told = schema.get("properties")
    return told if isinstance(told, dict) else {}


def _required(schema: Schema) -> dict[str, None]:
    told = schema.get("required")
    return dict.fromkeys(name for name in told if isinstance(name, str)) if isinstance(told, list) else {}
