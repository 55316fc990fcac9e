"""Which keys a configuration may have, and of which type. A key that is not here stops the start, with the nearest one.

The types are the records of `snapshot.py` where a section is taken as it stands, and rows of our own where it is not.
"""

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from fastproxy.config.document import Document, dotted
from fastproxy.formats.base import FormatName
from fastproxy.providers.base import Auth, Exchange, Strategy
from fastproxy.snapshot import Accounts, Limits, Server, Storage, Upstream


class AccessRow(msgspec.Struct, frozen=True):
    """[access] as written: tokens are clear text or references."""

    require_token: bool = True
    tokens: tuple[str, ...] = ()
    admin_token: str = ""


class AccountRow(msgspec.Struct, frozen=True):
    """One [[providers.NAME.accounts]] as written. label: "" for the name of its variable, or its number."""

    api_key: str = ""
    label: str = ""
    weight: int = 1
    position: int = 0


class OAuthRow(msgspec.Struct, frozen=True):
    """[providers.NAME.oauth] as written; what is not given stays as it is built in. client_secret: a reference."""

    client_id: str = ""
    client_secret: str = ""
    token_url: str = ""
    exchange: Exchange | None = None
    exchange_url: str = ""
    authorize_url: str = ""
    device_url: str = ""
    device_pkce: bool | None = None
    scopes: tuple[str, ...] = ()
    redirect_ports: tuple[int, ...] = ()
    redirect_path: str = ""
    redirect_host: str = ""
    parameters: dict[str, str] = {}
    headers: dict[str, str] = {}


class ProviderRow(msgspec.Struct, frozen=True):
    """[providers.NAME] as written. A built-in name gives only what differs; any other needs a format and a base_url."""

    format: FormatName | None = None
    formats: tuple[FormatName, ...] = ()
    base_url: str = ""
    api_key: str | tuple[str, ...] = ()
    auth: Auth | None = None
    models: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    backend: str = ""
    fallback: tuple[str, ...] = ()
    discover: bool | None = None
    include_usage: bool | None = None
    project: str = ""
    headers: dict[str, str] = {}
    strategy: Strategy | None = None
    accounts: tuple[AccountRow, ...] = ()
    oauth: OAuthRow = OAuthRow()


class SettingRow(msgspec.Struct, frozen=True):
    """One [[payload.default]] or [[payload.override]] as written. set: dotted path -> value."""

    models: tuple[str, ...] = ()
    set: dict[str, Any] = {}


class FilterRow(msgspec.Struct, frozen=True):
    """One [[payload.filter]] as written. remove: dotted paths."""

    models: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


Section = TypeVar("Section", bound=msgspec.Struct)

SECTIONS: Mapping[str, type[msgspec.Struct]] = {
    "server": Server,
    "limits": Limits,
    "upstream": Upstream,
    "access": AccessRow,
    "storage": Storage,
    "accounts": Accounts,
}
TABLES = (*SECTIONS, "providers", "aliases", "payload")

_MAY_BE_ZERO = ("position",)
_EXPECTED: Mapping[object, str] = {
    bool: "true or false",
    bool | None: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
    tuple[str, ...]: "a list of texts",
    tuple[int, ...]: "a list of whole numbers",
    tuple[AccountRow, ...]: "a list of tables",
    str | tuple[str, ...]: "text or a list of texts",
    dict[str, str]: "a table of texts",
    dict[str, Any]: "a table",
}
_GOT: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}


def read_section(document: Document, kind: type[Section], *path: str | int) -> Section:
    """The table at a path as a record, with the tables in it. What is unknown or wrong is noted and left out."""
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    valid: dict[str, Any] = {}
    for key, value in document.table(*path).items():
        if key not in types:
            document.blame((*path, key), _unknown(key, types, dotted(path)))
            continue
        problem = _wrong_number(key, value)
        try:
            valid[key] = _inner(document, types[key], (*path, key), value)
        except msgspec.ValidationError:
            problem = f"{key} must be {_expected(types[key], value)}"
        if problem is not None:
            document.blame((*path, key), problem)
            valid.pop(key, None)
    return kind(**valid)


def _inner(document: Document, kind: Any, path: tuple[str | int, ...], value: object) -> object:
    """The value of one key: a record for a table, records for a list of tables. Raises: msgspec.ValidationError."""
    element = get_args(kind)[0] if get_origin(kind) is tuple else None
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return read_section(document, kind, *path)
    if isinstance(element, type) and issubclass(element, msgspec.Struct) and isinstance(value, list):
        return tuple(read_section(document, element, *path, number) for number in range(len(value)))
    return msgspec.convert(value, kind)


def blame_unknown_tables(document: Document) -> None:
    """Notes every top-level key that is no section of ours."""
    for name in document.values:
        if name in TABLES:
            continue
        owners = [section for section, kind in SECTIONS.items() if name in kind.__struct_fields__]
        hint = f"it belongs in [{owners[0]}]" if owners else suggestion(name, TABLES, brackets=True)
        document.blame((name,), f"unknown section or key {name!r}; {hint}")


def suggestion(word: str, known: Iterable[str], *, brackets: bool = False) -> str:
    """A few words that help with a mistyped one: the nearest known, or all of them."""
    names = list(known)
    near = get_close_matches(word, names, n=1)
    shown = [f"[{name}]" if brackets else name for name in near or names]
    return f"did you mean {shown[0]}?" if near else f"there are {', '.join(shown)}"


def _unknown(key: str, types: Iterable[str], section: str) -> str:
    owners = [name for name, kind in SECTIONS.items() if key in kind.__struct_fields__]
    hint = suggestion(key, types)
    if owners and not hint.startswith("did"):
        hint = f"it belongs in [{owners[0]}]"
    return f"unknown key {key!r} in [{section}]; {hint}"


def _wrong_number(key: str, value: object) -> str | None:
    """Every number of a configuration is a limit, a wait or a count: zero and infinity would turn the thing off."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if math.isfinite(value) and (value > 0 or (value == 0 and key in _MAY_BE_ZERO)):
        return None
    return f"{key} must be above zero and finite, not {value}"


def _expected(kind: object, value: object) -> str:
    """What was wanted, and what came: "a whole number, not text"."""
    phrase = _EXPECTED.get(kind)
    if phrase is not None:
        return f"{phrase}, not {_GOT.get(type(value), 'a date or time')}"
    choices = [name for name in _names(kind) if name]
    given = [item for item in (value if isinstance(value, list) else [value]) if item not in choices]
    hint = suggestion(given[0], choices) if given and isinstance(given[0], str) else f"one of {', '.join(choices)}"
    return f"one of our names; {hint}" if given and isinstance(given[0], str) else hint


def _names(kind: object) -> list[str]:
    """The words of a Literal, however deep it sits in a union or a tuple."""
    found: list[str] = []
    for part in get_args(kind):
        if isinstance(part, str):
            found.append(part)
        else:
            found += _names(part)
    return found
