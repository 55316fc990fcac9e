"""`fastproxy models`: what a client may ask for."""

import os

import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.cli.places import private_state_directory
from fastproxy.secret import Secret


@pytest.fixture
def config(tmp_path, host) -> str:
    path = tmp_path / "config.toml"
    path.write_text(f"""
[providers.lab]
format = "openai-chat"
base_url = "{host.origin}/v1"
api_key = "right"
[providers.ill]
format = "openai-chat"
base_url = "{host.origin}/ill/v1"
api_key = "right"
[aliases]
fast = "lab/small"
""")
    return str(path)


def test_aliases_come_first_then_what_providers_list(run, config) -> None:
    ended = run("models", "--config", config)
    assert ended.code == 0
    listed = ended.out.splitlines()
    assert listed[0] == "fast"
    assert {"lab/small", "lab/large", "fastproxy/echo"} <= set(listed)


def test_a_provider_without_a_list_is_mentioned_beside_it(run, config) -> None:
    ended = run("models", "--config", config)
    assert "ill" in ended.err
    assert "ill" not in ended.out


def test_for_programs_it_is_a_list_of_ids(run, config) -> None:
    assert run("models", "--config", config, "--json").json()[0] == "fast"


def test_a_list_is_asked_for_with_an_account_that_serves_anybody(run, config, home) -> None:
    store = AccountStore(private_state_directory(os.environ))
    own = StoredAccount("lab:own", "lab", "own", "login", serves="own-client", position=-1)
    store.add(own, Login(Secret("wrong"), None))
    store.close()
    assert "lab/small" in run("models", "--config", config).out


def test_offline_asks_nobody(run, config, host) -> None:
    ended = run("models", "--config", config, "--offline")
    assert ended.out.splitlines()[0] == "fast"
    assert "lab/small" not in ended.out
    assert host.paths == []
