"""`fastproxy account switch, serve, reset, remove`."""

from pathlib import Path

import pytest

from fastproxy.accounts.cooldown import Cooldown
from fastproxy.accounts.login import Login
from fastproxy.accounts.sidecar import Sidecar, sidecar_path
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.clock import wall
from fastproxy.secret import Secret


@pytest.fixture
def store(home: Path):
    """The store of the home, with two logins."""
    directory = home / ".local/state/fastproxy"
    directory.mkdir(mode=0o700, parents=True)
    made = AccountStore(directory)
    for label in ("one", "two"):
        made.add(StoredAccount(f"codex:{label}", "codex", label, "login"), Login(Secret(f"at-{label}"), Secret("rt")))
    yield made
    made.close()


def test_an_account_is_put_before_all_others(run, store) -> None:
    assert run("account", "switch", "two").code == 0
    assert [account.id for account in store.accounts()] == ["codex:two", "codex:one"]


def test_whom_it_serves_is_changed(run, store) -> None:
    assert run("account", "serve", "codex:one", "own-client").code == 0
    assert store.accounts()[0].serves == "own-client"
    assert run("account", "serve", "codex:one", "any").code == 0
    assert store.accounts()[0].serves == "any"
    assert run("account", "serve", "codex:one", "everybody").code == 2


def test_a_provider_without_a_client_of_its_own_can_not_be_bound_to_it(run, store) -> None:
    store.add(StoredAccount("groq:key", "groq", "key", "key"), Login(Secret("gsk")))
    ended = run("account", "serve", "groq:key", "own-client")
    assert (ended.code, "no client of its own" in ended.err) == (2, True)


def test_an_account_is_removed_with_all_that_is_known_of_it(run, store) -> None:
    store.cool([Cooldown("codex:one", "", wall() + 500)])
    ended = run("account", "remove", "codex:one")
    assert ended.code == 0
    assert [account.id for account in store.accounts()] == ["codex:two"]
    assert store.cooldowns() == ()


def test_a_vendors_file_outlives_its_account(run, store, home) -> None:
    store.add(StoredAccount("codex:tool", "codex", "tool", "login", source=f"codex:{home}/auth.json"), None)
    assert f"its login is still in {home}/auth.json" in run("account", "remove", "tool").err


def test_tokens_that_were_kept_beside_a_vendors_file_go_with_the_account(run, store, home) -> None:
    source, directory = f"codex:{home}/auth.json", home / ".local/state/fastproxy"
    for label in ("tool", "twin"):
        store.add(StoredAccount(f"codex:{label}", "codex", label, "login", source=source), None)
    Sidecar(directory, source, store.cipher).write("was", Login(Secret("at"), Secret("rt")))
    assert "log in with its own tool" not in run("account", "remove", "twin").err
    assert sidecar_path(directory, source).exists()  # the other account's still
    assert "log in with its own tool again" in run("account", "remove", "tool").err
    assert not sidecar_path(directory, source).exists()


def test_an_account_whose_tokens_can_not_be_removed_stays(run, store, home) -> None:
    source, directory = f"codex:{home}/auth.json", home / ".local/state/fastproxy"
    store.add(StoredAccount("codex:tool", "codex", "tool", "login", source=source), None)
    sidecar_path(directory, source).mkdir(parents=True)
    ended = run("account", "remove", "tool")
    assert (ended.code, "can't be removed" in ended.err) == (1, True)
    assert "codex:tool" in [account.id for account in store.accounts()]


def test_rests_are_ended_of_one_account_or_of_all(run, store, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("A_KEY", "sk-1")
    config = tmp_path / "config.toml"
    config.write_text('[[providers.openai.accounts]]\nlabel = "mine"\napi_key = "env:A_KEY"\n')
    rests = [Cooldown(id_, "", wall() + 500) for id_ in ("codex:one", "codex:two", "openai:mine")]
    store.cool(rests)
    assert "one rest ended" in run("account", "reset", "openai:mine", "--config", config).err
    assert {rest.account for rest in store.cooldowns()} == {"codex:one", "codex:two"}
    assert "2 rests ended" in run("account", "reset").err
    assert store.cooldowns() == ()
    assert store.resets() == {"openai:mine": 1, "": 1}


@pytest.mark.parametrize("command", [("switch",), ("serve",), ("remove",), ("reset",)])
def test_an_account_that_is_not_there_is_said_to_be_none(run, store, command) -> None:
    ended = run("account", *command, "nobody", *(["any"] if command == ("serve",) else []))
    assert (ended.code, "there is no account 'nobody'" in ended.err) == (1, True)


def test_one_of_the_configuration_is_changed_there(run, store, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    ended = run("account", "remove", "openai:OPENAI_API_KEY")
    assert (ended.code, "in the configuration" in ended.err) == (1, True)


def test_a_label_of_two_accounts_is_not_guessed(run, store) -> None:
    store.add(StoredAccount("qwen:one", "qwen", "one", "login"), Login(Secret("at"), Secret("rt-2")))
    for command in (("reset", "one"), ("switch", "one")):
        ended = run("account", *command)
        assert (ended.code, "may be any of codex:one, qwen:one" in ended.err) == (1, True)
