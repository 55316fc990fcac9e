"""The credential files of vendors' tools: one module for each; adding one is a file and a row here."""

from collections.abc import Mapping

from fastproxy.accounts.login import Login
from fastproxy.accounts.sources import claude_code, cliproxy, codex, copilot, gemini_cli, keychain, qwen
from fastproxy.accounts.sources.base import Source

SOURCES: tuple[Source, ...] = (
    keychain.SOURCE,  # before the file, which on macOS is its copy
    claude_code.SOURCE,
    codex.SOURCE,
    codex.KEY_SOURCE,
    gemini_cli.SOURCE,
    qwen.SOURCE,
    copilot.SOURCE,
    cliproxy.SOURCE,
)


def facts_of(provider: str, login: Login) -> Mapping[str, str]:
    """What shaping needs of a provider's login besides its token: account_id, project, base_url, plan. No secret."""
    return next((source.facts(login) for source in SOURCES if source.provider == provider), {})
