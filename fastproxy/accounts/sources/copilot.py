"""GitHub Copilot's logins: the GitHub tokens that its editor plugins keep in `apps.json` and `hosts.json`.

Source: the files as their readers describe them, 2026-11-21. The GitHub token is what a Copilot token is asked for
with: it stands as the refresh token of a login whose access token is empty until then. It never rotates and the files
have no place for a Copilot token, so nothing is ever written to them.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.base import Found, Source, home_of
from fastproxy.accounts.sources.file import CredentialFile, all_of, reopen
from fastproxy.accounts.sources.layout import document_of, inside
from fastproxy.accounts.sources.tokens import token_text
from fastproxy.accounts.stored import is_label
from fastproxy.secret import Secret

FILES = ("apps.json", "hosts.json")
HOST = "github.com"  # a token of another GitHub would be sent to the wrong one
API_SUFFIX = ".githubcopilot.com"


def _places(environ: Mapping[str, str], home: Path) -> tuple[CredentialFile, ...]:
    return all_of(home_of(environ, ("XDG_CONFIG_HOME",), home / ".config") / "github-copilot", *FILES)


def _read(body: bytes) -> tuple[Found, ...]:
    """One for each token of github.com; an entry is named "github.com" or "github.com:CLIENT"."""
    return tuple(_entries(body))


def _facts(login: Login) -> Mapping[str, str]:
    """base_url as Copilot's answer to the exchange told it, where it is a host of Copilot."""
    endpoints = login.kept.get("endpoints")
    api = endpoints.get("api") if isinstance(endpoints, dict) else None
    return {"base_url": f"https://{_host(api)}"} if isinstance(api, str) and _host(api) else {}


def _entries(body: bytes) -> Iterator[Found]:
    document = document_of(body)
    for name in document:
        entry = inside(document, (name,))
        if name.partition(":")[0] != HOST or entry is None:
            continue
        token = token_text(entry.get("oauth_token"), "oauth_token")
        if token:
            yield Found(_label(entry.get("user")), "login", Login(Secret(""), Secret(token)), which=name)


def _label(user: object) -> str:
    return user if isinstance(user, str) and "@" not in user and is_label(user) else "copilot"


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.lower()
    plain = host.isascii() and host.replace("-", "").replace(".", "").isalnum()
    return host if parts.scheme == "https" and plain and host.endswith(API_SUFFIX) else ""


SOURCE = Source(
    name="copilot",
    provider="copilot",
    places=_places,
    reopen=reopen,
    read=_read,
    facts=_facts,
    alternatives=False,
    several=True,
)
