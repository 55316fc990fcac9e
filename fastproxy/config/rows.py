"""One row of [providers.*]: what contradicts itself in it, and the Provider that it makes.

Pure: no environment, no key. A row that has a problem must not be made into a Provider.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from fastproxy.config.addresses import base_url_problem
from fastproxy.config.base_urls import moved, spread
from fastproxy.config.headers import header_problem
from fastproxy.config.keyed import has_keys, key_problems
from fastproxy.config.logins import oauth_of, oauth_problems
from fastproxy.config.places import KeyPath
from fastproxy.config.schema import ProviderRow, suggestion
from fastproxy.formats.base import FormatName
from fastproxy.providers import BY_NAME
from fastproxy.providers.base import Auth, Provider, Quirks

ECHO = "fastproxy"  # answers in this process; its name is ours
KEYLESS: tuple[Auth, ...] = ("none", "client")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NOTHING = ProviderRow()
_OWN_AUTH: Mapping[FormatName, Auth] = {
    "openai-chat": "bearer",
    "openai-responses": "bearer",
    "anthropic": "x-api-key",
    "gemini": "x-goog-api-key",
}


def row_problems(name: str, row: ProviderRow) -> Iterator[tuple[str, str]]:
    """(key, sentence) for everything in one row that contradicts itself; key "" for the row as a whole."""
    if name == ECHO:
        yield "", f"{ECHO} is the built-in echo provider; give yours another name"
    elif _NAME.fullmatch(name) is None:
        yield "", "the name of a provider has letters, digits, dots, dashes and underscores only"
    elif name not in BY_NAME:
        yield from _own_row_problems(name, row)
    elif not row.base_url and _unknown_formats(name, row):
        yield "formats" if row.formats else "format", f"where {name} speaks this is not known; give base_url too"
    if row.format and row.formats:
        yield "formats", "give format or formats, not both"
    if row.base_url and (problem := base_url_problem(row.base_url)) is not None:
        yield "base_url", f"base_url {problem}"
    if row.auth in KEYLESS:
        yield from (
            (key, f"auth = {row.auth!r} takes no {what}")
            for key, what in (("api_key", "api_key"), ("accounts", "api_key"), ("oauth", "logins"))
            if getattr(row, key) != getattr(_NOTHING, key)
        )
    for header in row.headers:
        if (problem := header_problem(header)) is not None:
            yield "headers", problem


def credential_problems(name: str, row: ProviderRow) -> Iterator[tuple[KeyPath, str]]:
    """(path below the row, sentence) for everything in its accounts and logins that contradicts itself."""
    yield from key_problems(row)
    built_in = BY_NAME.get(name)
    for path, problem in oauth_problems(row.oauth, built_in.oauth if built_in else None):
        yield ("oauth", *path), problem


def provider_of(name: str, row: ProviderRow) -> Provider:
    """The row over its built-in record, or over an empty one for a host of the user's own. The row is sound."""
    built_in = BY_NAME.get(name)
    if built_in is None:
        named = _named(row)
        auth = _OWN_AUTH[named[0]] if _has_credentials(row) else "none"
        record = Provider(name=name, title=name, formats=spread(row.base_url, named), auth=auth)
    else:
        auth = "bearer" if built_in.local and has_keys(row) else built_in.auth
        record = msgspec.structs.replace(built_in, formats=_formats(built_in, row), auth=auth)
    return msgspec.structs.replace(
        record,
        auth=row.auth or record.auth,
        models=row.models or record.models,
        exclude=row.exclude,
        backend=row.backend,
        fallback=row.fallback,
        discover=record.discover if row.discover is None else row.discover,
        # Where the user says beats what an account says.
        hosts=record.hosts if built_in is not None and record.formats == built_in.formats else (),
        quirks=_quirks(record, row),
        strategy=row.strategy or record.strategy,
        oauth=oauth_of(row.oauth, record.oauth),
        headers=tuple({**dict(record.headers), **{key.lower(): text for key, text in row.headers.items()}}.items()),
    )


def _has_credentials(row: ProviderRow) -> bool:
    return has_keys(row) or row.oauth != _NOTHING.oauth


def _quirks(record: Provider, row: ProviderRow) -> Quirks:
    if row.include_usage is None:
        return record.quirks
    return msgspec.structs.replace(record.quirks, include_usage=row.include_usage)


def _named(row: ProviderRow) -> tuple[FormatName, ...]:
    return (row.format,) if row.format else row.formats


def _formats(built_in: Provider, row: ProviderRow) -> Mapping[FormatName, str]:
    named = _named(row)
    if row.base_url:
        return spread(row.base_url, named) if named else moved(built_in.formats, row.base_url)
    return {name: built_in.formats[name] for name in named or built_in.formats}


def _unknown_formats(name: str, row: ProviderRow) -> bool:
    return not set(_named(row)) <= set(BY_NAME[name].formats)


def _own_row_problems(name: str, row: ProviderRow) -> Iterator[tuple[str, str]]:
    missing = [key for key, given in (("format", _named(row)), ("base_url", row.base_url)) if not given]
    if missing:
        hint = suggestion(name, BY_NAME)
        near = f"; {hint}" if hint.startswith("did") else ""
        yield "", f"{name} is not built in, so it needs {' and '.join(missing)}{near}"
    if row.auth is not None and row.auth not in KEYLESS and not _has_credentials(row):
        yield "auth", f"auth = {row.auth!r} needs an api_key"
