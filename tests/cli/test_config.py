"""`fastproxy config`: right or wrong, and where."""

import tomllib
from contextlib import closing

import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.secret import Secret


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "config.toml"
        path.write_text(text)
        return str(path)

    return write


def test_no_file_at_all_is_fine(run) -> None:
    ended = run("config", "check")
    assert ended.code == 0
    assert "no configuration file" in ended.out


def test_only_providers_that_an_account_opens_are_said_to_be_usable(run, home, written) -> None:
    assert "usable providers: fastproxy\n" in run("config", "check").out
    ended = run("config", "check", "--config", written('[providers.codex]\nstrategy = "priority"\n'))
    assert "not used: codex: no account that can be used" in ended.err
    directory = home / ".local/state/fastproxy"
    with closing(AccountStore(directory)) as store:
        store.add(StoredAccount("codex:a", "codex", "a", "login"), Login(Secret("at"), Secret("rt")))
        store.add(StoredAccount("groq:key", "groq", "key", "key"), Login(Secret("gsk-secret")))
        assert "usable providers: codex, groq, fastproxy\n" in run("config", "check").out
        store.disable("codex:a", "its vendor has ended the login", 1)
        assert "usable providers: groq, fastproxy\n" in run("config", "check").out


def test_a_good_file_is_named(run, written) -> None:
    path = written("[server]\nworkers = 2\n")
    assert run("config", "check", "--config", path).out.startswith(f"{path}: ok")


def test_a_mistake_is_named_with_line_column_and_what_was_meant(run, written) -> None:
    path = written('[server]\nlissten = ["127.0.0.1:1"]\n')
    ended = run("config", "check", "--config", path)
    assert ended.code == 2
    assert ended.err.startswith(f"{path}:2:1: ")
    assert "listen" in ended.err
    assert ended.out == ""


def test_a_file_that_is_not_there_ends_with_two(run, tmp_path) -> None:
    ended = run("config", "show", "--config", tmp_path / "none.toml")
    assert ended.code == 2
    assert "none.toml" in ended.err


def test_a_provider_that_was_configured_and_has_no_key_is_mentioned(run, written) -> None:
    ended = run("config", "check", "--config", written('[providers.openai]\napi_key = "env:NO_SUCH_KEY"\n'))
    assert ended.code == 0
    assert "openai" in ended.err
    assert "NO_SUCH_KEY" in ended.err
    assert "anthropic" not in ended.err


def test_what_is_in_force_is_toml_without_secrets(run, written, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    ended = run("config", "show", "--config", written("[limits]\nbody_bytes = 1000\n"))
    shown = tomllib.loads(ended.out)
    assert shown["limits"]["body_bytes"] == 1000
    assert "openai" in shown["providers"]
    assert "sk-very-secret" not in ended.out
