"""Structured answers that are to be no object, for formats that hold a model to objects: one with the answer in it.

Gemini's clients ask for a list, for a number, or for one bare word of several (`text/x.enum`). OpenAI refuses all of
them: "schema must be a JSON Schema of 'type: "object"', got 'type: "array"'" (podly-pure-podcasts/podly_pure_podcasts
89). The schema is wrapped, and the answer unwrapped for the client again, its JSON byte for byte. What a model writes
instead of the object that it was asked for reaches the client as it is.
"""

from typing import Any

import msgspec

from fastproxy.formats.json_schema import rewritten
from fastproxy.ir.events import Citation, Event, Text, Texts
from fastproxy.ir.request import Output, OutputKind, Request

_ROOTS = frozenset({"$defs", "definitions"})  # references within a schema begin at its root
_VALUES = frozenset({"enum", "const", "anyOf", "oneOf"})  # what a schema without a type may be that is no object's
_ROOT_REFERENCES = ("#/$defs/", "#/definitions/")
_CHOICES = frozenset({"anyOf", "oneOf", "allOf"})
_HOPS = 8


class _Box(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: msgspec.Raw


_open = msgspec.json.Decoder(_Box).decode


def wrapped(request: Request, *, plain: bool = False) -> tuple[Request, OutputKind | None]:
    """The request with an object's schema, and what kind of answer it asked for; None where nothing was wrapped.

    plain: whether no choice may stand at the schema's root, as in a function's arguments ("input_schema does not
    support oneOf, allOf, or anyOf at the top level": anthropics/claude-code 40075).
    """
    output = request.output
    if output.schema is None:
        return request, None
    is_plain = not plain or _CHOICES.isdisjoint(output.schema)
    if output.kind != "word" and is_plain and _is_of_object(output.schema):
        return request, None
    return msgspec.structs.replace(request, output=_boxed(output, output.schema)), output.kind


def unwrapped(text: str, kind: OutputKind) -> str:
    """The answer in the object that is `text`; the text as it is where it is no such object."""
    try:
        value = bytes(_open(text.encode("utf-8", "surrogatepass")).value).decode("utf-8", "surrogatepass")
        word = msgspec.json.decode(value) if kind == "word" else value
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
    return word if isinstance(word, str) else text


class Unboxing:
    """The texts of one response, which wait for their block's end. kind: what the client asked for.

    Citations wait with them, and have no place any more: theirs was in another text.
    """

    __slots__ = ("_cited", "_kind", "_open")

    def __init__(self, kind: OutputKind) -> None:
        self._kind = kind
        self._open: dict[int, list[str]] = {}
        self._cited: dict[int, list[Event]] = {}

    def feed(self, event: Text | Texts | Citation) -> list[Event]:
        """What the client is told of it now: that a text begins, so that it stays in its place among the blocks."""
        began: list[Event] = [] if event.block in self._open else [Text(event.block, "")]
        pieces = self._open.setdefault(event.block, [])
        if isinstance(event, Citation):
            placeless = msgspec.structs.replace(event, start=None, end=None)
            self._cited.setdefault(event.block, []).append(placeless)
        else:
            pieces += [event.text] if isinstance(event, Text) else event.pieces
        return began

    def close(self) -> list[Event]:
        """What waits when the response ends within a text."""
        return [told for block in list(self._open) for told in self.end(block)]

    def end(self, block: int) -> list[Event]:
        """What the client is told of a text that is whole; nothing of another block."""
        pieces = self._open.pop(block, None)
        if pieces is None:
            return []
        return [Text(block, unwrapped("".join(pieces), self._kind)), *self._cited.pop(block, [])]


def _is_of_object(schema: dict[str, Any]) -> bool:
    for _ in range(_HOPS):  # a reference at the root, as schema libraries write it
        name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        defined = schema.get("$defs", {})
        if not isinstance(defined, dict) or not isinstance(defined.get(name), dict):
            break
        schema = {"$defs": defined, **defined[name]}
    if "type" in schema:
        return bool(schema["type"] == "object")
    return "properties" in schema or _VALUES.isdisjoint(schema)


def _moved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its reference where that leads from the box."""
    reference = schema.get("$ref")
    if not isinstance(reference, str) or reference[:1] != "#" or reference.startswith(_ROOT_REFERENCES):
        return schema
    return schema | {"$ref": f"#/properties/value{reference[1:]}"}


def _boxed(output: Output, asked: dict[str, Any]) -> Output:
    schema = rewritten(asked, _moved)
    box = {
        "type": "object",
        "properties": {"value": {key: told for key, told in schema.items() if key not in _ROOTS}},
        "required": ["value"],
        "additionalProperties": False,
    }
    roots = {key: told for key, told in schema.items() if key in _ROOTS}
    return msgspec.structs.replace(output, kind="schema", schema=box | roots)
