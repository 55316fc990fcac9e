"""Which provider is meant, and which label is free."""

from contextlib import closing
from pathlib import Path

import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.cli.account_records import configured_id, free_label, record_of
from fastproxy.cli.output import CommandError
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot

LAB = Provider(name="lab", title="Lab", formats={})
OPENAI = Provider(name="openai", title="Mine", formats={})


def test_a_provider_is_the_configured_one_usable_or_not() -> None:
    snapshot = Snapshot(providers={"lab": LAB}, keyless={"openai": OPENAI})
    assert record_of(snapshot, "lab") is LAB
    assert record_of(snapshot, "openai") is OPENAI
    assert record_of(snapshot, "groq").name == "groq"
    with pytest.raises(CommandError, match="no provider 'nobody'") as raised:
        record_of(snapshot, "nobody")
    assert raised.value.exit_code == 2


def test_a_label_gets_a_number_where_it_is_taken_now_or_was_when_the_account_was_made() -> None:
    taken = (
        StoredAccount("lab:key", "lab", "renamed", "key"),
        StoredAccount("lab:x", "lab", "key-2", "key"),
        StoredAccount("other:key-3", "other", "key-3", "key"),
    )
    assert free_label("key", "lab", taken) == "key-3"
    assert free_label("renamed", "lab", taken) == "renamed-2"
    assert free_label("key", "none", taken) == "key"


def test_an_account_is_the_configurations_where_the_store_has_none_of_that_name(tmp_path: Path) -> None:
    keys = tuple(Account("lab", f"lab:{label}", Secret("sk"), label=label) for label in ("work", "home"))
    snapshot = Snapshot(accounts={"lab": keys})
    with closing(AccountStore(tmp_path)) as store:
        store.add(StoredAccount("openai:home", "openai", "home", "key"), Login(Secret("sk-2")))
        names = ("lab:work", "work", "lab:home", "home", "nobody")
        assert [configured_id(snapshot, store, name) for name in names] == ["lab:work", "lab:work", "lab:home", "", ""]
