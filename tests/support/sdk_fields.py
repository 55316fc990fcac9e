"""Every field that an official SDK's types know, as requests that differ in that field alone.

It walks TypedDicts (openai, anthropic) and pydantic models (google-genai). A type that holds itself is not entered
again, and deep down a type is walked once for each type that holds it.
"""

import functools
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Required, get_args, get_origin

import msgspec
import pydantic
from typing_extensions import is_typeddict

ALL_TO_DEPTH = 3  # objects within each other that are walked wherever they stand
PLACE = 1  # how many types around a deeper one make a place


class Said(msgspec.Struct, frozen=True):
    """One field, and values of what holds it that differ in nothing else, the first one without it where it may be.

    path: the keys from the outermost to the field's own. words: these, and the types of the objects around it.
    has_default: whether one of the values may be what is meant when the field is left out.
    """

    path: tuple[str, ...]
    words: frozenset[str]
    values: tuple[Any, ...]
    has_default: bool = False


class Samples(msgspec.Struct, frozen=True):
    """What the types don't say. values: of a key, by "Type.key" or "key". minimal: of a type, by its name.

    one_of: the fields of a type of which a value has exactly one; the others stand beside each of `beside`.
    """

    values: Mapping[str, tuple[Any, ...]]
    minimal: Mapping[str, Any] = {}
    one_of: Mapping[str, frozenset[str]] = {}
    beside: Mapping[str, Sequence[dict[str, Any]]] = {}


class Walk:
    """One walk through the types of one SDK."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._walked: set[tuple[Any, ...]] = set()

    def fields(self, kind: Any) -> Iterator[Said]:
        """Every field of a request of this type."""
        yield from self._said(kind, "", ())

    def least(self, kind: Any, key: str = "", owner: str = "", within: tuple[Any, ...] = ()) -> Any:
        """The shortest value of a type."""
        for name in (f"{owner}.{key}", key):
            if name in self._samples.values:
                return self._samples.values[name][0]
        kind = _bare(kind)
        if _is_object(kind):
            if kind.__name__ in self._samples.minimal:
                return self._samples.minimal[kind.__name__]
            demanded = {name: one for name, one, is_demanded in _fields(kind) if is_demanded}
            return {name: self.least(one, name, kind.__name__, (*within, kind)) for name, one in demanded.items()}
        members = _members(kind)
        if members:
            return self.least(_simplest(members, within), key, owner, within)
        if (inner := _listed(kind)) is not None:
            return [self.least(inner, "", "", within)]
        return _leaves(kind)[0]

    def _said(self, kind: Any, key: str, within: tuple[Any, ...], owner: str = "") -> Iterator[Said]:
        """Every field of a value of this type; one without a path for the value itself."""
        for name in (f"{owner}.{key}", key):
            if name in self._samples.values:
                yield Said((), frozenset(), self._samples.values[name])
                return
        kind = _bare(kind)
        if kind in within or self._has_been_walked(kind, within):
            return
        if _is_object(kind):
            yield from self._object(kind, within)
        elif members := _members(kind):
            for member in members:
                yield from self._said(member, key, within, owner)
        elif (inner := _listed(kind)) is not None:
            for said in self._said(inner, "", within):
                yield msgspec.structs.replace(said, values=tuple([value] for value in said.values))
        else:
            leaves = _leaves(kind)
            yield Said((), frozenset(), leaves, _is_choice(kind) and len(leaves) > 1)

    def _object(self, kind: Any, within: tuple[Any, ...]) -> Iterator[Said]:
        least = self.least(kind, within=within)
        if least:
            yield Said((), frozenset(_types(least)), (least,))
        for base in self._bases(kind, least):
            words = frozenset(_types(base))
            for name, inner, is_demanded in _fields(kind):
                alone = name in self._samples.one_of.get(kind.__name__, ())
                beside = {} if alone else base
                if base is not least and alone:
                    continue
                yield from self._field(kind, name, inner, beside, words, (*within, kind), is_demanded=is_demanded)

    def _has_been_walked(self, kind: Any, within: tuple[Any, ...]) -> bool:
        """Whether an object of this type has been walked within others of the same types, from a few levels down."""
        if not _is_object(kind) or len(within) < ALL_TO_DEPTH:
            return False
        place = (*within[-PLACE:], kind)
        walked = place in self._walked
        self._walked.add(place)
        return walked

    def _bases(self, kind: Any, least: dict[str, Any]) -> list[dict[str, Any]]:
        return [least, *self._samples.beside.get(kind.__name__, ())]

    def _field(
        self,
        kind: Any,
        name: str,
        inner: Any,
        base: dict[str, Any],
        words: frozenset[str],
        within: tuple[Any, ...],
        *,
        is_demanded: bool,
    ) -> Iterator[Said]:
        without = {key: value for key, value in base.items() if key != name}
        for said in self._said(inner, name, within, kind.__name__):
            values = [without | {name: value} for value in said.values]
            if not said.path and not is_demanded:
                values.insert(0, without)
            yield Said((name, *said.path), words | said.words | {name}, tuple(values), said.has_default)


def _fields(kind: Any) -> Iterator[tuple[str, Any, bool]]:
    """The fields of an object: name on the wire, type, and whether it must be there."""
    if is_typeddict(kind):
        demanded = _demanded(kind)
        for name, inner in _hints(kind).items():
            yield name, inner, name in demanded
        return
    for name, field in kind.model_fields.items():
        yield field.alias or name, field.annotation, field.is_required()


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _demanded(kind: Any) -> set[str]:
    return {name for name, inner in _hints(kind).items() if get_origin(inner) is Required} | (
        set(_hints(kind)) if kind.__total__ else set()
    )


def _bare(kind: Any) -> Any:
    """The type without Required, Annotated and the like."""
    while get_origin(kind) in (Required, typing.Annotated, typing.Required):
        kind = get_args(kind)[0]
    return kind


def _is_object(kind: Any) -> bool:
    return is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, pydantic.BaseModel))


def _members(kind: Any) -> list[Any]:
    """The types of a union, less None; [] for what is none."""
    if get_origin(kind) not in (typing.Union, types.UnionType):
        return []
    return [_bare(member) for member in get_args(kind) if member is not type(None)]


def _simplest(members: list[Any], within: tuple[Any, ...]) -> Any:
    """The member that is quickest said; never one that is being said."""
    plain = [member for member in members if not _is_object(member) and _listed(member) is None]
    return (plain or [member for member in members if member not in within] or members)[0]


def _listed(kind: Any) -> Any:
    """The type of a list's elements; None for what is no list."""
    origin = get_origin(kind)
    is_list = isinstance(origin, type) and issubclass(origin, Sequence | typing.Iterable) and origin is not dict
    if is_list and not issubclass(origin, Mapping):
        return get_args(kind)[0]
    return get_args(kind)[0] if getattr(origin, "__name__", "") == "SequenceNotStr" else None


def _leaves(kind: Any) -> tuple[Any, ...]:
    """Values of a type that holds no others, no two of them alike."""
    if get_origin(kind) is typing.Literal:
        return get_args(kind)
    if isinstance(kind, type) and issubclass(kind, str) and kind is not str:  # an enum
        return tuple(member.value for member in kind if not member.value.endswith("UNSPECIFIED"))
    if get_origin(kind) is dict or kind in (dict, Any, object):
        return {"said": "one"}, {"said": "two"}
    return _LEAVES.get(kind, ("one", "two"))


def _is_choice(kind: Any) -> bool:
    """Whether a type has a few values that are known."""
    return kind is bool or get_origin(kind) is typing.Literal or (isinstance(kind, type) and issubclass(kind, Enum))


_LEAVES: Mapping[Any, tuple[Any, ...]] = {
    bool: (True, False),
    int: (7, 8),
    float: (0.25, 0.5),
    str: ("one", "two"),
    bytes: ("b25l", "dHdv"),
}


def _types(base: dict[str, Any]) -> Iterator[str]:
    """What an object says that it is."""
    if isinstance(base.get("type"), str):
        yield base["type"]
