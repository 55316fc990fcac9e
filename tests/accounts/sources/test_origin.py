"""An origin as text and back."""

from pathlib import Path

import pytest

from fastproxy.accounts.login import AccountError
from fastproxy.accounts.sources import SOURCES
from fastproxy.accounts.sources.origin import origin_of

HOME = Path("/h")


@pytest.mark.parametrize(
    ("text", "name", "place", "which"),
    [
        ("codex:/h/.codex/auth.json", "codex", "/h/.codex/auth.json", ""),
        ("codex:/odd#name/a:b.json", "codex", "/odd#name/a:b.json", ""),
        ("keychain:Claude Code-credentials", "keychain", "Claude Code-credentials", ""),
        ("copilot:/h/a#b/apps.json#github.com:Iv1.aa", "copilot", "/h/a#b/apps.json", "github.com:Iv1.aa"),
        ("cliproxy:/h/x@y.json#claude", "cliproxy", "/h/x@y.json", "claude"),
    ],
)
def test_text_leads_to_the_place_and_back(text: str, name: str, place: str, which: str) -> None:
    origin = origin_of(text, {"USER": "me"}, HOME)
    assert (origin.source.name, origin.place.name, origin.which) == (name, place, which)
    assert origin.text == text


@pytest.mark.parametrize("text", ["", "codex", "codex:", "unknown:/x", ":/x"])
def test_an_unknown_source_is_said_with_those_that_there_are(text: str) -> None:
    with pytest.raises(AccountError, match="keychain, claude-code, codex"):
        origin_of(text, {}, HOME)


def test_names_of_sources_are_unique() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
