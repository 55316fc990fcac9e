"""A small value that fits a JSON schema, for a model that has to call a tool without thinking.

It covers what tools in the wild declare: types, enums, required properties, bounds, references, alternatives. A schema
that refers to itself ends at DEPTH. Nothing here fails on a schema that it does not understand; it says null.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Schema = Mapping[str, Any]

DEPTH = 16
MAX_COST = 65536  # of one example, about its characters: a schema of 500 bytes can demand 10**16 values
VALUE_COST = 16
MAX_POINTER = 1024
MAX_FILLER = 1024  # of a string's characters or an array's items, whatever the schema's minimum


def example(schema: Schema | None) -> dict[str, Any]:
    """The arguments of a call: an object with every required property and nothing else."""
    value = _value(schema or {}, _Work(schema or {}), DEPTH)
    return value if isinstance(value, dict) else {}


class _Work:
    """The whole schema, and what its example may still cost."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self._left = MAX_COST

    def affords(self, cost: int) -> bool:
        """Whether that much was left; it is spent then."""
        if cost > self._left:
            return False
        self._left -= cost
        return True

    def constant(self, value: object) -> object:
        """A value that the schema gives; None where that is too much."""
        return value if self.affords(len(msgspec.json.encode(value))) else None


def _value(schema: object, work: _Work, depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth == 0 or not work.affords(VALUE_COST):
        return None
    if isinstance(pointer := schema.get("$ref"), str) and len(pointer) <= MAX_POINTER:
        return _value(_referred(pointer, work.root), work, depth - 1)
    if "const" in schema:
        return work.constant(schema["const"])
    if isinstance(choices := schema.get("enum"), list) and choices:
        return work.constant(choices[0])
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(choices := schema.get(key), list) and choices:
            return _value(choices[0], work, depth - 1)
    make = _MAKERS.get(_type(schema))
    return None if make is None else make(schema, work, depth - 1)


def _type(schema: Schema) -> str:
    """The type to make; an object where only properties are told, a string where nothing is."""
    told = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(told, list):
        told = next((name for name in told if name != "null"), "null")
    return told.lower() if isinstance(told, str) else "null"  # Gemini writes its types in capitals


def _object(schema: Schema, work: _Work, depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    names = required if isinstance(required, list) else ()
    return {name: _value(known.get(name, {}), work, depth) for name in names if isinstance(name, str)}


def _array(schema: Schema, work: _Work, depth: int) -> list[Any]:
    return [_value(schema.get("items", {}), work, depth) for _ in range(_least(schema, "minItems"))]


def _string(schema: Schema, _work: _Work, _depth: int) -> str:
    return "echo".ljust(_least(schema, "minLength"), ".")[: _most(schema, "maxLength")]


def _number(schema: Schema, _work: _Work, _depth: int) -> Any:
    """0 where it fits, else the bound next to it."""
    for key, step in (("minimum", 0), ("exclusiveMinimum", 1)):
        if (bound := _bound(schema, key)) is not None and bound + step > 0:
            return bound + step
    for key, step in (("maximum", 0), ("exclusiveMaximum", -1)):
        if (bound := _bound(schema, key)) is not None and bound + step < 0:
            return bound + step
    return 0


def _least(schema: Schema, key: str) -> int:
    return min(int(_bound(schema, key) or 0), MAX_FILLER)


def _most(schema: Schema, key: str) -> int | None:
    bound = _bound(schema, key)
    return None if bound is None else int(bound)


def _bound(schema: Schema, key: str) -> int | float | None:
    bound = schema.get(key)
    return bound if isinstance(bound, int | float) and not isinstance(bound, bool) else None


def _referred(pointer: str, root: Schema) -> object:
    """What a local reference (`#/$defs/Name`) points to; None for any other."""
    found: object = root
    for step in pointer.removeprefix("#").split("/")[1:]:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


_MAKERS: dict[str, Callable[[Schema, _Work, int], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "number": _number,
    "integer": _number,
    "boolean": lambda _schema, _work, _depth: False,
}
