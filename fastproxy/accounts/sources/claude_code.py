"""Claude Code's login: `.credentials.json`, which is also what its macOS keychain item holds.

Source: seeds of this project, and the reports of tools that read the same file (anthropics/claude-code#27933,
robinebers/openusage#424), 2026-11-21. Other members (logins at MCP servers) are the
tool's own: never read, always kept.
"""

from collections.abc import Mapping
from pathlib import Path

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources.base import Found, Source, home_of
from fastproxy.accounts.sources.file import CredentialFile, all_of, reopen
from fastproxy.accounts.sources.layout import Document, Layout, document_of, inside, login_in, with_login
from fastproxy.accounts.sources.tokens import fact_text

HOME_VARIABLES = ("CLAUDE_CONFIG_DIR", "CLAUDE_CODE_HOME")
FILES = (".credentials.json", "credentials.json", "auth.json", "oauth.json", "config.json")

_NESTED = Layout(at=("claudeAiOauth",), access=("accessToken",), refresh=("refreshToken",), expires=("expiresAt",))
_FLAT = Layout(
    access=("accessToken", "access_token", "oauthToken", "oauth_token"),
    refresh=("refreshToken", "refresh_token"),
    expires=("expiresAt", "expires_at"),
)


def directory(environ: Mapping[str, str], home: Path) -> Path:
    """Where Claude Code keeps what is its own."""
    return home_of(environ, HOME_VARIABLES, home / ".claude")


def _places(environ: Mapping[str, str], home: Path) -> tuple[CredentialFile, ...]:
    return all_of(directory(environ, home), *FILES)


def _read(body: bytes) -> tuple[Found, ...]:
    document = document_of(body)
    login = login_in(document, _layout(document))
    return () if login is None else (Found("claude-code", "login", login),)


def _write(body: bytes, login: Login, _which: str) -> bytes:
    return with_login(body, login, _layout(document_of(body)))


def _facts(login: Login) -> Mapping[str, str]:
    plan = fact_text(login.kept.get("subscriptionType"))
    return {"plan": plan} if plan else {}


def _tool_locks(directory: Path) -> tuple[Path, ...]:
    """What Claude Code makes while it renews, and waits for: the second of them in releases before 2.1.2.

    Source: anaclumos/tokenmaxxing#27, nolabs-ai/nono#379, 2026-11-21.
    """
    real = directory.resolve()
    return (directory / ".oauth_refresh.lock", real.with_name(f"{real.name}.lock"))


def _layout(document: Document) -> Layout:
    return _FLAT if inside(document, _NESTED.at) is None else _NESTED


SOURCE = Source(
    name="claude-code",
    provider="anthropic",
    places=_places,
    reopen=reopen,
    read=_read,
    write=_write,
    facts=_facts,
    tool_locks=_tool_locks,
    copy_of="keychain",
)
