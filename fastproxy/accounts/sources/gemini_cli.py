"""Gemini CLI's login: `oauth_creds.json`, a Google OAuth client's cache with `expiry_date` in milliseconds.

Source: seeds of this project, 2026-11-21. Newer releases move the login into the system's keyring and take the file
away (openclaw/openclaw#103715); such a login can't be linked, only made anew.
"""

from collections.abc import Mapping
from pathlib import Path

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.base import Found, Source, home_of
from fastproxy.accounts.sources.file import CredentialFile, all_of, reopen
from fastproxy.accounts.sources.layout import Layout, document_of, login_in, with_login
from fastproxy.accounts.sources.tokens import fact_text

_LAYOUT = Layout(expires=("expiry_date",), told=("id_token", "scope"))


def _places(environ: Mapping[str, str], home: Path) -> tuple[CredentialFile, ...]:
    parent = home_of(environ, ("GEMINI_CLI_HOME",), home)
    return all_of(home_of(environ, ("GEMINI_HOME",), parent / ".gemini"), "oauth_creds.json")


def _read(body: bytes) -> tuple[Found, ...]:
    login = login_in(document_of(body), _LAYOUT)
    return () if login is None else (Found("gemini-cli", "login", login),)


def _write(body: bytes, login: Login, _which: str) -> bytes:
    return with_login(body, login, _LAYOUT)


def _facts(login: Login) -> Mapping[str, str]:
    """project, where the file names one: the first of several with commas between them; ALL is none."""
    told = login.kept.get("project_id")
    project = fact_text(told.partition(",")[0].strip()) if isinstance(told, str) else ""
    return {"project": project} if project and project.upper() != "ALL" else {}


SOURCE = Source(
    name="gemini-cli", provider="gemini-cli", places=_places, reopen=reopen, read=_read, write=_write, facts=_facts
)
