"""Looking for logins on a machine with all the tools, some of their files damaged."""

import os
from pathlib import Path

import orjson
import pytest

from fastproxy.accounts.sources.origin import origin_of
from fastproxy.accounts.sources.search import Findings, find_all
from fastproxy.secret import Secret
from support.credentials import claude_body, codex_body, directory_of_somebody
from support.fake_security import FakeSecurity


def put(home: Path, name: str, body: bytes, mode: int = 0o600) -> Path:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    path.chmod(mode)
    return path


def everything(home: Path) -> None:
    put(home, ".claude/.credentials.json", claude_body())
    put(home, ".codex/auth.json", codex_body())
    put(home, ".gemini/oauth_creds.json", b'{"access_token":"g","refresh_token":"gr","expiry_date":1}')
    put(home, ".qwen/oauth_creds.json", b'{"access_token":"q","refresh_token":"qr","resource_url":"portal.qwen.ai"}')
    put(home, ".config/github-copilot/apps.json", b'{"github.com:Iv1.aa":{"user":"octocat","oauth_token":"ghu_1"}}')
    put(home, ".cli-proxy-api/claude-me@example.com.json", b'{"type":"claude","access_token":"c","refresh_token":"cr"}')


def told(findings: Findings) -> list[tuple[str, str, str]]:
    return [(found.provider, found.label.partition("-")[0], found.kind) for found in findings.found]


def test_every_tools_login_is_found(tmp_path: Path) -> None:
    everything(tmp_path)
    findings = find_all({}, tmp_path)
    assert told(findings) == [
        ("anthropic", "claude", "login"),
        ("codex", "codex", "login"),
        ("gemini-cli", "gemini", "login"),
        ("qwen", "qwen", "login"),
        ("copilot", "octocat", "login"),
        ("anthropic", "claude", "login"),
    ]
    assert (findings.problems, findings.warnings) == ((), ())
    assert findings.found[1].facts == {"account_id": "acc-7", "plan": "pro"}
    assert findings.found[3].facts == {"base_url": "https://portal.qwen.ai/v1"}


def test_every_origin_leads_back_to_its_login(tmp_path: Path) -> None:
    everything(tmp_path)
    for found in find_all({}, tmp_path).found:
        source, place, which = origin_of(found.source, {}, tmp_path)
        body = place.read()
        assert body is not None
        assert [one.login for one in source.read(body) if one.which == which] == [found.login]


def test_nothing_found_shows_a_secret(tmp_path: Path) -> None:
    everything(tmp_path)
    put(tmp_path, ".codex/auth.json", b'{"tokens":{"access_token":"very secret"}}')
    shown = repr(find_all({}, tmp_path))
    assert not [secret for secret in ("at-1", "rt-1", "ghu_1", "very secret", "mcp-secret") if f"{secret}'" in shown]


def test_an_empty_machine_has_none(tmp_path: Path) -> None:
    assert find_all({}, tmp_path) == Findings()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"claudeAiOauth":{"accessToken":5}}', b"x" * 2_000_000])
def test_a_damaged_file_is_named_and_hides_no_other(tmp_path: Path, body: bytes) -> None:
    everything(tmp_path)
    damaged = put(tmp_path, ".claude/.credentials.json", body)
    fallback = put(tmp_path, ".claude/credentials.json", claude_body("flat"))
    findings = find_all({}, tmp_path)
    assert [problem.place for problem in findings.problems] == [str(damaged)]
    assert findings.problems[0].reason
    assert len(findings.found) == 6
    assert findings.found[0].source == f"claude-code:{fallback}"


def test_files_that_may_not_be_read_are_named_too() -> None:
    with directory_of_somebody() as home:
        everything(home)
        (home / ".codex" / "auth.json").chmod(0)
        (home / ".cli-proxy-api").chmod(0)
        findings = find_all({}, home)
        assert [problem.place for problem in findings.problems] == [str(home / ".codex/auth.json"), "cliproxy"]
        assert all("Permission denied" in problem.reason for problem in findings.problems)
        assert len(findings.found) == 4


def test_a_file_that_others_can_read_is_used_with_a_warning(tmp_path: Path) -> None:
    path = put(tmp_path, ".codex/auth.json", codex_body(), 0o644)
    findings = find_all({}, tmp_path)
    assert [warning.place for warning in findings.warnings] == [str(path)]
    assert len(findings.found) == 1


def test_of_the_files_that_one_tool_might_have_written_the_first_with_a_login_counts(tmp_path: Path) -> None:
    put(tmp_path, ".claude/.credentials.json", b'{"mcpOAuth":{}}')
    put(tmp_path, ".claude/credentials.json", claude_body("new", "rt-new"))
    put(tmp_path, ".claude/oauth.json", claude_body("left over", "rt-old").replace(b"left over", b"left-over"))
    assert [found.login.access for found in find_all({}, tmp_path).found] == [Secret("new")]


def test_the_same_token_in_two_files_is_one_login(tmp_path: Path) -> None:
    for name in ("apps", "hosts"):
        put(tmp_path, f".config/github-copilot/{name}.json", b'{"github.com":{"oauth_token":"ghu_1"}}')
    put(tmp_path, ".config/github-copilot/hosts.json", b'{"github.com":{"oauth_token":"ghu_1"},"github.com:x":5}')
    assert len(find_all({}, tmp_path).found) == 1


def test_labels_of_one_provider_differ(tmp_path: Path) -> None:
    for number in range(3):
        entry = {"type": "codex", "email": "me@example.com", "access_token": "t", "refresh_token": f"r{number}"}
        put(tmp_path, f".cli-proxy-api/{number}.json", orjson.dumps(entry))
    labels = [found.label for found in find_all({}, tmp_path).found]
    assert len(set(labels)) == 3
    assert labels[1] == f"{labels[0]}-2"


def test_an_unknown_type_is_said_and_the_others_are_found(tmp_path: Path) -> None:
    everything(tmp_path)
    path = put(tmp_path, ".cli-proxy-api/a.json", b'{"type":"antigravity","access_token":"t"}')
    findings = find_all({}, tmp_path)
    assert [problem.place for problem in findings.problems] == [str(path)]
    assert len(findings.found) == 6


def test_the_keychain_comes_before_the_file_that_mirrors_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSecurity(tmp_path)
    fake.has(claude_body("from-keychain").strip(), "Claude Code-credentials", "me")
    monkeypatch.setenv("PATH", f"{fake.path}:{os.environ['PATH']}")
    (tmp_path / "Library" / "Keychains").mkdir(parents=True)
    put(tmp_path, ".claude/.credentials.json", claude_body("stale", "rt-0"))
    environ = {"PATH": str(fake.path), "USER": "me"}
    (found,) = find_all(environ, tmp_path).found
    assert (found.source, found.login.access) == ("keychain:Claude Code-credentials", Secret("from-keychain"))
    fake.is_in("locked")
    findings = find_all(environ, tmp_path)
    assert [problem.place for problem in findings.problems] == ["Claude Code-credentials"]
    assert findings.found[0].login.access == Secret("stale")
