"""`fastproxy account refresh`, as people and the relay use it; what it does in trouble is in test_renewal."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fastproxy import clock
from fastproxy.accounts.errand import errand_for, packed
from fastproxy.accounts.holders import account_named
from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.secret import Secret
from support.renewable import ID, Refresh, lab_config, snapshot_of, stored_login
from support.vendor import Vendor


@pytest.fixture(scope="module")
def running() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def vendor(running: Vendor) -> Vendor:
    running.set(delay_seconds=0, token_answers=[], lifetime_seconds=3600)
    running.order(forget=True)
    return running


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def config(tmp_path: Path, vendor: Vendor) -> Path:
    return lab_config(tmp_path, vendor)


def test_a_program_gets_the_outcome_as_json(vendor: Vendor, state: Path, config: Path) -> None:
    stored_login(vendor, state).close()
    told = Refresh(config, state, account="ann").told()
    assert told == {"account": ID, "outcome": "renewed", "cause": "", "retry_after_seconds": None, "code": 0}


def test_a_person_may_renew_what_is_not_due(vendor: Vendor, state: Path, config: Path) -> None:
    with closing(stored_login(vendor, state, ends_in_seconds=3000)) as store:
        before = store.login(ID).access
        assert Refresh(config, state).told()["outcome"] == "current"
        assert Refresh(config, state, "--now").told()["outcome"] == "renewed"
        assert store.login(ID).access != before
    assert Refresh(config, state, "--now").told()["outcome"] == "current"  # a few minutes old


def test_a_refusal_is_an_exit_code_and_a_cause(vendor: Vendor, state: Path, config: Path) -> None:
    with closing(stored_login(vendor, state)) as store:
        vendor.login("ann")
        told = Refresh(config, state).told()
        assert (told["outcome"], told["code"]) == ("refused", 1)
        assert account_named(store, ID).disabled == told["cause"]


def test_people_read_a_line_about_it(vendor: Vendor, state: Path, config: Path, run, monkeypatch) -> None:
    monkeypatch.setenv("FASTPROXY_STATE_DIR", str(state))
    stored_login(vendor, state, ends_in_seconds=3000).close()
    ended = run("account", "refresh", "ann", "--config", config)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "lab:ann: current: its token is not due yet\n"
    missing = run("account", "refresh", "nobody", "--config", config)
    assert missing.code == 1
    assert "account list" in missing.err


def test_a_key_is_not_renewed(vendor: Vendor, state: Path, config: Path) -> None:
    with closing(AccountStore(state)) as store:
        store.add(StoredAccount("lab:key", "lab", "key", "key"), Login(Secret("sk-1"), None, clock.wall()))
    told = Refresh(config, state, account="lab:key").told()
    assert (told["outcome"], told["code"], "key" in told["cause"]) == ("failed", 1, True)


def test_a_key_of_the_configuration_is_said_to_be_one(
    state: Path, tmp_path: Path, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTPROXY_STATE_DIR", str(state))
    monkeypatch.setenv("A_KEY", "sk-1")
    config = tmp_path / "keys.toml"
    config.write_text('[[providers.openai.accounts]]\nlabel = "work"\napi_key = "env:A_KEY"\n')
    for name in ("openai:work", "work"):
        ended = run("account", "refresh", name, "--config", config)
        cause = "it is a key of the configuration, and a key is not renewed"
        assert (ended.code, ended.err) == (1, f"openai:work: failed: {cause}\n")
    told = run("account", "refresh", "work", "--json", "--config", config).json()
    assert (told["account"], told["outcome"], told["cause"]) == ("openai:work", "failed", cause)


def test_an_account_whose_provider_is_gone_says_so(vendor: Vendor, state: Path, tmp_path: Path) -> None:
    stored_login(vendor, state).close()
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    told = Refresh(empty, state).told()
    assert (told["outcome"], "lab" in told["cause"]) == ("failed", True)
    assert vendor.grants() == []


def test_a_relay_tells_it_all_and_no_configuration_is_read(vendor: Vendor, state: Path, config: Path) -> None:
    stored_login(vendor, state).close()
    errand = packed(errand_for("lab", snapshot_of(config), {}))
    config.write_text("nonsense = [")
    for told, outcome in ((errand[:-1], "failed"), (errand, "renewed")):
        refresh = Refresh(config, state, "--from-stdin", stdin=subprocess.PIPE)
        assert refresh.told(told)["outcome"] == outcome


@pytest.mark.parametrize("broken", ["configuration", "state directory"])
def test_a_program_hears_of_every_failure_in_json(vendor: Vendor, state: Path, config: Path, broken: str) -> None:
    stored_login(vendor, state).close()
    if broken == "configuration":
        config.write_text("nonsense = [")
    else:
        state.chmod(0o777)
    told = Refresh(config, state).told()
    assert (told["account"], told["outcome"], told["code"]) == (ID, "failed", 1)
    assert told["cause"]


def test_a_person_hears_where_the_configuration_is_broken(state: Path, config: Path, run, monkeypatch) -> None:
    monkeypatch.setenv("FASTPROXY_STATE_DIR", str(state))
    config.write_text("nonsense = [")
    ended = run("account", "refresh", "ann", "--config", config)
    assert (ended.code, "config.toml:1" in ended.err) == (2, True)
