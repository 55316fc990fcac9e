"""`fastproxy account check`: what each vendor says of a credential, and an exit code that scripts can use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import accounts
from support.vendor import Vendor


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture
def config(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """Two keys, of which the vendor knows the first."""
    vendor.key("ann", "key-ann")
    for name, key in accounts.environ(("ann", "bob")).items():
        monkeypatch.setenv(name, key)
    path = tmp_path / "config.toml"
    text = accounts.config(vendor, ("ann", "bob"))
    path.write_text(text.replace('tokens = ["env:TEST_CLIENT_TOKEN"]\nadmin_token = "env:TEST_ADMIN_TOKEN"', ""))
    return path


def test_each_credential_is_asked_about_and_one_that_is_refused_fails_the_command(run, config) -> None:
    ended = run("account", "check", "--config", config)
    assert ended.code == 1
    assert "asking about lab:ann ..." in ended.err
    assert [line.split()[:2] for line in ended.out.splitlines()[1:]] == [["lab:ann", "works"], ["lab:bob", "refused"]]
    assert "key-" not in ended.out + ended.err


def test_one_account_is_asked_about_and_programs_get_json(run, config) -> None:
    ended = run("account", "check", "ann", "--json", "--strict", "--model", "lab/m", "--config", config)
    assert (ended.code, ended.err) == (0, "")
    told = ended.json()
    [row] = told["credentials"]
    assert (row["id"], row["type"], row["ok"]) == ("lab:ann", "api_key", True)
    assert (row["completion"]["ok"], row["completion"]["modelId"]) == (True, "m")
    assert "a tiny answer" in run("account", "check", "ann", "--strict", "--config", config).out


def test_who_lists_no_model_is_told_the_option_that_names_one(run, config) -> None:
    ended = run("account", "check", "bob", "--strict", "--config", config)  # a refused key lists none
    assert "name one with --model PROVIDER/MODEL" in ended.out


def test_an_unknown_account_and_none_at_all(run, config, tmp_path) -> None:
    ended = run("account", "check", "nobody", "--config", config)
    assert (ended.code, "there is no account 'nobody'" in ended.err) == (1, True)
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    ended = run("account", "check", "--config", empty)
    assert (ended.code, ended.err) == (0, "there is no account\n")
