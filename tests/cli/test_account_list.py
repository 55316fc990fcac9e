"""`fastproxy account list`: state and quotas at a glance, and no secret."""

from pathlib import Path

import pytest

from fastproxy.accounts.cooldown import Cooldown, Window
from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.cli.account_list import bar
from fastproxy.clock import wall
from fastproxy.secret import Secret
from support import logins
from support.vendor import Vendor

ID = "codex:work"


@pytest.fixture
def state(home: Path) -> Path:
    directory = home / ".local/state/fastproxy"
    directory.mkdir(mode=0o700, parents=True)
    return directory


@pytest.fixture
def store(state: Path):
    made = AccountStore(state)
    login = Login(Secret("at-secret"), Secret("rt-secret"), wall() + 3000, wall())
    made.add(StoredAccount(ID, "codex", "work", "login", serves="own-client"), login)
    yield made
    made.close()


def test_where_there_is_none_the_ways_to_one_are_told(run) -> None:
    ended = run("account", "list")
    assert (ended.code, ended.out) == (0, "")
    assert "account import" in ended.err


def test_state_token_and_quotas_are_shown_and_no_secret(run, store) -> None:
    now = wall()
    store.cool([
        Cooldown(ID, "", now + 3000, timed=True, cause="a usage limit is reached"),
        Cooldown(ID, "model:gpt-x", now + 90, cause="too many requests"),
    ])  # fmt: skip
    store.see([
        Window(ID, "5h", 0.8, now + 7300, 18000.0, "ok", "", now),
        Window(ID, "7d", 0.001, now - 5, 604800.0, "ok", "", now),
        Window(ID, "odd", None, None, None, "warning", "", now),
    ])  # fmt: skip
    ended = run("account", "list")
    for text in (
        ID, "own-client", "store", "50 min left",
        "cooling, 50 min: a usage limit is reached", "cooling for gpt-x, 90 s: too many requests",
        "5h ████████░░ 80%, resets in 2 h", "7d ░░░░░░░░░░ has reset", "odd warning",
    ):  # fmt: skip
        assert text in ended.out
    assert "secret" not in ended.out + ended.err
    [row] = run("account", "list", "--json").json()
    assert (row["id"], row["state"], len(row["windows"])) == (ID, "cooling", 3)


def test_a_disabled_account_says_why_and_a_key_of_the_configuration_is_there(run, store, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    store.disable(ID, "its vendor has ended the login: log in again", 1)
    out = run("account", "list").out
    assert "disabled: its vendor has ended the login" in out
    assert "openai:OPENAI_API_KEY" in out
    assert "configuration" in out
    assert "sk-secret" not in out


def test_vendors_are_asked_on_demand(run, state, tmp_path) -> None:
    with Vendor() as vendor:
        logins.keep(state, vendor, "good")
        logins.keep(state, vendor, "quiet")
        vendor.report("good", {"five_hour": {"utilization": 55, "resets_at": "2100-01-01T00:00:00Z"}})
        config = tmp_path / "config.toml"
        config.write_text(logins.config(vendor).replace('tokens = ["env:TEST_CLIENT_TOKEN"]', "").replace(
            'admin_token = "env:TEST_ADMIN_TOKEN"', ""))  # fmt: skip
        assert "55%" not in run("account", "list", "--config", config).out
        asked = run("account", "list", "--ask", "--config", config)
        assert "5h ██████░░░░ 55%" in asked.out
        assert "anthropic:quiet: the vendor answered 404" in asked.err
        assert "55%" in run("account", "list", "--config", config).out  # it was written down


@pytest.mark.parametrize(
    ("used", "cells"), [(0.0, 0), (0.001, 1), (0.04, 1), (0.5, 5), (0.94, 9), (0.999, 9), (1.0, 10)]
)
def test_a_bar_is_empty_or_full_only_when_the_quota_is(used: float, cells: int) -> None:
    assert bar(used) == "█" * cells + "░" * (10 - cells)
