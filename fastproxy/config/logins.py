"""[providers.NAME.oauth]: what contradicts itself in it, and the OAuth record that it makes. Pure.

Tokens and refresh tokens go to these addresses, so that each is https or on this machine.
"""

import re
from collections.abc import Iterator

import msgspec

from fastproxy.config.addresses import MAX_PORT, login_url_problem
from fastproxy.config.headers import header_problem
from fastproxy.config.places import KeyPath
from fastproxy.config.schema import OAuthRow
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

_NOTHING = OAuthRow()
_URLS = ("token_url", "exchange_url", "authorize_url", "device_url")
_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")


def oauth_problems(row: OAuthRow, built_in: OAuth | None) -> Iterator[tuple[KeyPath, str]]:
    """(path below the table, sentence) for everything that contradicts itself or is missing."""
    if row == _NOTHING:
        return
    for key in _URLS:
        url = getattr(row, key)
        if url and (problem := login_url_problem(url)) is not None:
            yield (key,), f"{key} {problem}"
    if missing := _missing(oauth_of(row, built_in) or OAuth()):
        yield (), f"oauth needs {' and '.join(missing)}"
    yield from _redirect_problems(row)
    for name in row.headers:
        if (problem := header_problem(name)) is not None:
            yield ("headers",), problem


def oauth_of(row: OAuthRow, built_in: OAuth | None) -> OAuth | None:
    """The built-in record with what the row gives instead; None where neither is there. References are followed."""
    if row == _NOTHING:
        return built_in
    values = msgspec.structs.asdict(row)
    given: dict[str, object] = {key: value for key, value in values.items() if value or value is False}
    if row.client_secret:
        given["client_secret"] = Secret(row.client_secret)
    for key in ("parameters", "headers"):
        if key in given:
            given[key] = tuple(getattr(row, key).items())
    return msgspec.structs.replace(built_in or OAuth(), **given)


def _missing(oauth: OAuth) -> list[str]:
    missing = [key for key in ("client_id", "token_url") if not getattr(oauth, key)]
    return missing if oauth.authorize_url or oauth.device_url else [*missing, "authorize_url or device_url"]


def _redirect_problems(row: OAuthRow) -> Iterator[tuple[KeyPath, str]]:
    if any(not 0 < port <= MAX_PORT for port in row.redirect_ports):
        yield ("redirect_ports",), f"redirect_ports must be from 1 to {MAX_PORT}"
    if row.redirect_path and _PATH.fullmatch(row.redirect_path) is None:
        yield ("redirect_path",), "redirect_path must be a path such as /callback"
    if row.redirect_host and row.redirect_host not in LOOPBACK_NAMES:
        yield ("redirect_host",), f"redirect_host must be this machine: {', '.join(LOOPBACK_NAMES)}"
