"""CLIProxyAPI's logins: one JSON file each, which says in `type` whose it is.

Source: router-for-me/CLIProxyAPI internal/auth/*/token.go, 2026-11-21. That relay goes on using its files, so they are
linked like any other tool's. The file names hold e-mail addresses; labels don't.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sources.base import Found, Source, no_facts
from fastproxy.accounts.sources.file import CredentialFile, all_of, reopen
from fastproxy.accounts.sources.layout import Document, Layout, document_of, inside, login_in, with_login

MAX_FILES = 256


class _Kind(msgspec.Struct, frozen=True):
    """What one `type` of file is: whose login, laid out how."""

    provider: str
    layout: Layout


_FLAT = Layout(expires=("expired",), stamp="last_refresh", told=("id_token", "resource_url"))
_GOOGLE = Layout(at=("token",), expires=("expiry", "expiry_date"), outer=("project_id",))


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "claude": _Kind("anthropic", _FLAT),
        "codex": _Kind("codex", _FLAT),
        "gemini": _Kind("gemini-cli", _GOOGLE),
        "gemini-cli": _Kind("gemini-cli", _GOOGLE),
        "qwen": _Kind("qwen", _FLAT),
    }
)


def _places(_environ: Mapping[str, str], home: Path) -> tuple[CredentialFile, ...]:
    """Every JSON file in its directory, at most MAX_FILES."""
    directory = home / ".cli-proxy-api"
    try:
        names = sorted(file.name for file in directory.iterdir() if file.suffix == ".json")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return all_of(directory, *names[:MAX_FILES])


def _read(body: bytes) -> tuple[Found, ...]:
    document = document_of(body)
    name = str(document.get("type"))
    kind = _kind(name)
    login = login_in(document, _placed(document, kind.layout))
    if login is None:
        return ()
    return (Found(_label(document, login), "login", login, which=name, provider=kind.provider),)


def _write(body: bytes, login: Login, which: str) -> bytes:
    return with_login(body, login, _placed(document_of(body), _kind(which).layout))


def _kind(name: str) -> _Kind:
    if name not in _KINDS:
        raise AccountError(f"its type is none of {', '.join(_KINDS)}")
    return _KINDS[name]


def _placed(document: Document, layout: Layout) -> Layout:
    """Google's tokens lie in an object of their own, in some releases beside the rest."""
    return layout if inside(document, layout.at) is not None else msgspec.structs.replace(layout, at=())


def _label(document: Document, login: Login) -> str:
    """The same for the same person each time, and no address."""
    email = document.get("email")
    who = email if isinstance(email, str) and email else (login.refresh or login.access).reveal()
    return f"{document['type']}-{hashlib.sha256(who.encode()).hexdigest()[:6]}"


SOURCE = Source(
    name="cliproxy",
    provider="",
    places=_places,
    reopen=reopen,
    read=_read,
    write=_write,
    facts=no_facts,
    alternatives=False,
    several=True,
)
