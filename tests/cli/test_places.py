"""Where state and configuration are, and that state is private before anything is in it."""

import os
from pathlib import Path

import pytest

from fastproxy.accounts.login import AccountError
from fastproxy.cli.output import CommandError
from fastproxy.cli.places import (
    account_keeper,
    account_store,
    config_home,
    configured_providers,
    load_snapshot,
    open_token_store,
    private_state_directory,
    state_directory,
)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_state_directory_is_the_named_one_else_xdg_else_below_home() -> None:
    assert state_directory({"FASTPROXY_STATE_DIR": "/s", "XDG_STATE_HOME": "/x", "HOME": "/h"}) == Path("/s")
    assert state_directory({"XDG_STATE_HOME": "/x", "HOME": "/h"}) == Path("/x/fastproxy")
    assert state_directory({"XDG_STATE_HOME": "relative", "HOME": "/h"}) == Path("/h/.local/state/fastproxy")
    assert config_home({"HOME": "/h"}) == Path("/h/.config")


def test_a_relative_state_directory_does_not_move_with_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert state_directory({"FASTPROXY_STATE_DIR": "state"}) == tmp_path / "state"


def test_a_new_state_directory_is_private_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = private_state_directory({"FASTPROXY_STATE_DIR": str(tmp_path / "a" / "state")})
    finally:
        os.umask(before)
    assert mode(made) == 0o700


def test_an_empty_directory_that_others_may_read_is_closed(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.mkdir(mode=0o755)
    private_state_directory({"FASTPROXY_STATE_DIR": str(directory)})
    assert mode(directory) == 0o700


def test_a_directory_that_holds_other_things_stays_as_it_is(tmp_path: Path) -> None:
    directory = tmp_path / "shared"
    directory.mkdir(mode=0o755)
    (directory / "somebody-else").touch()
    assert private_state_directory({"FASTPROXY_STATE_DIR": str(directory)}) == directory
    assert mode(directory) == 0o755


def test_a_directory_that_others_may_write_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "open"
    directory.mkdir()
    directory.chmod(0o777)
    with pytest.raises(CommandError, match="written by others"):
        private_state_directory({"FASTPROXY_STATE_DIR": str(directory)})


def test_a_file_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="set FASTPROXY_STATE_DIR"):
        private_state_directory({"FASTPROXY_STATE_DIR": str(tmp_path / "file" / "state")})


def test_a_bad_configuration_ends_with_two_and_its_place(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[server]\nlissen = []\n")
    with pytest.raises(CommandError, match=r"config\.toml:2:1: .*listen") as caught:
        load_snapshot(path)
    assert caught.value.exit_code == 2


def test_the_usual_file_is_found_without_being_named(home: Path) -> None:
    usual = home / ".config" / "fastproxy" / "config.toml"
    usual.parent.mkdir(parents=True)
    usual.write_text('[aliases]\nfast = "lab/llama"\n[providers.lab]\nformat = "openai-chat"\n'
                     'base_url = "http://127.0.0.1:9/v1"\nauth = "none"\n')  # fmt: skip
    assert load_snapshot(None).aliases == {"fast": "lab/llama"}
    assert configured_providers(None) == {"lab"}


def test_without_a_file_no_provider_is_configured(home: Path) -> None:
    assert configured_providers(None) == frozenset()


def test_a_damaged_token_file_is_one_sentence(home: Path) -> None:
    open_token_store().issue("laptop")
    (home / ".local/state/fastproxy/tokens.json").write_bytes(b"{")
    with pytest.raises(CommandError, match="damaged"):
        open_token_store()


def test_what_can_not_be_done_with_accounts_is_one_sentence(home: Path) -> None:
    with pytest.raises(CommandError, match="no account"), account_store(load_snapshot(None)) as store:
        store.login("lab:none")
    with pytest.raises(CommandError, match="as it was told"), account_store(load_snapshot(None)):
        raise AccountError("as it was told")


def test_a_damaged_store_is_said_and_left_as_it_is(home: Path) -> None:
    file = private_state_directory({"HOME": str(home)}) / "accounts.db"
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(CommandError, match=r"accounts\.db"), account_keeper(None):
        pass
    assert file.read_bytes() == b"this is no database" * 100


def test_all_accounts_are_there_for_a_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    with account_keeper(None) as (snapshot, keeper):
        assert "openai" in snapshot.providers
        assert [one.id for one in keeper.stock.accounts["openai"]] == ["openai:OPENAI_API_KEY"]
