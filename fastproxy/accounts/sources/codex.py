"""Codex's login: `auth.json`, with the tokens of a ChatGPT plan or with an API key.

Source: openai/codex, codex-rs/core/src/auth/storage.rs as its readers describe it, 2026-11-21. `last_refresh` is
written too: Codex renews by itself what it believes to be eight days old.
"""

from collections.abc import Mapping
from pathlib import Path

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.base import Found, Source, home_of, no_facts
from fastproxy.accounts.sources.file import CredentialFile, all_of, reopen
from fastproxy.accounts.sources.layout import Document, Layout, document_of, login_in, with_login
from fastproxy.accounts.sources.tokens import claims_of, fact_text, token_text
from fastproxy.secret import Secret

_TOKENS = Layout(at=("tokens",), stamp="last_refresh", told=("id_token",))
_KEY = "OPENAI_API_KEY"
_AUTH_CLAIM = "https://api.openai.com/auth"


def _places(environ: Mapping[str, str], home: Path) -> tuple[CredentialFile, ...]:
    return all_of(home_of(environ, ("CODEX_HOME",), home / ".codex"), "auth.json")


def _read(body: bytes) -> tuple[Found, ...]:
    document = document_of(body)
    login = None if _uses_key(document) else login_in(document, _TOKENS)
    return () if login is None else (Found("codex", "login", login),)


def _read_key(body: bytes) -> tuple[Found, ...]:
    """The API key, in a file that is used with one: it is for another host than the plan's login."""
    document = document_of(body)
    key = token_text(document.get(_KEY), _KEY) if _uses_key(document) else ""
    return (Found("codex", "key", Login(Secret(key))),) if key else ()


def _write(body: bytes, login: Login, _which: str) -> bytes:
    return with_login(body, login, _TOKENS)


def _facts(login: Login) -> Mapping[str, str]:
    """account_id and plan: as the file says, else as the id token does, else as the access token does."""
    claims = (claims_of(token).get(_AUTH_CLAIM) for token in (login.kept.get("id_token"), login.access.reveal()))
    told: dict[str, object] = {}
    for claim in claims:
        if isinstance(claim, dict):
            told = claim | told
    named = {
        "account_id": login.kept.get("account_id") or told.get("chatgpt_account_id"),
        "plan": told.get("chatgpt_plan_type"),
    }
    return {name: fact_text(value) for name, value in named.items() if fact_text(value)}


def _uses_key(document: Document) -> bool:
    """A file of both says which counts; without a word the login does."""
    mode = document.get("auth_mode")
    said = isinstance(mode, str) and mode.lower().replace("_", "") == "apikey"
    return bool(document.get(_KEY)) and (said or not document.get("tokens"))


SOURCE = Source(name="codex", provider="codex", places=_places, reopen=reopen, read=_read, write=_write, facts=_facts)
KEY_SOURCE = Source(name="codex-key", provider="openai", places=_places, reopen=reopen, read=_read_key, facts=no_facts)
