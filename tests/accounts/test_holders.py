"""Where logins live, as a renewal sees them; more of it is in test_renewal."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fastproxy import clock
from fastproxy.accounts.holders import FileHolder, StoreHolder, account_named, holder_of
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.secret import Secret

LOGIN = Login(Secret("at-1"), Secret("rt-1"), kept={"plan": "max"})


@pytest.fixture
def store(state: Path) -> Iterator[AccountStore]:
    with closing(AccountStore(state)) as store:
        store.add(StoredAccount("lab:ann", "lab", "ann", "login"), LOGIN)
        store.add(StoredAccount("lab:bob", "lab", "bob", "login"), LOGIN)
        yield store


def test_each_kind_of_account_has_its_holder(store: AccountStore, state: Path, file: Path) -> None:
    linked = StoredAccount("codex:ann", "codex", "ann", "login", source=f"codex:{file}")
    assert isinstance(holder_of(linked, store, state), FileHolder)
    assert isinstance(holder_of(account_named(store, "lab:ann"), store, state), StoreHolder)


def test_two_do_not_hold_one_login_at_once_and_others_are_free(store: AccountStore, state: Path) -> None:
    ann, again = (StoreHolder("lab:ann", store, state) for _ in range(2))
    with ann.locked(1), StoreHolder("lab:bob", store, state).locked(0):
        began = clock.monotonic()
        with pytest.raises(AccountError, match="another process"), again.locked(0.1):
            pass
        assert clock.monotonic() - began < 2
    with again.locked(0):
        pass


def test_a_failure_under_the_lock_is_its_own(store: AccountStore, state: Path) -> None:
    with pytest.raises(TimeoutError, match="mine"), StoreHolder("lab:ann", store, state).locked(0):
        raise TimeoutError("mine")


def test_what_a_login_has_not_said_again_is_kept(store: AccountStore, state: Path) -> None:
    holder = StoreHolder("lab:ann", store, state)
    used = holder.login()
    holder.keep(used, Login(Secret("at-2"), None, kept={"scope": "a"}))
    assert store.login("lab:ann") == Login(Secret("at-2"), Secret("rt-1"), kept={"plan": "max", "scope": "a"})


def test_another_login_that_came_first_is_the_one_in_effect(store: AccountStore, state: Path) -> None:
    holder = StoreHolder("lab:ann", store, state)
    used = holder.login()
    other = Login(Secret("at-9"), Secret("rt-9"))
    store.replace(account_named(store, "lab:ann"), other)
    assert holder.keep(used, Login(Secret("at-2"), Secret("rt-2"))) == other
    assert store.login("lab:ann") == other


def test_an_end_that_comes_too_late_ends_nothing(store: AccountStore, state: Path) -> None:
    holder = StoreHolder("lab:ann", store, state)
    holder.login()
    store.replace(account_named(store, "lab:ann"), Login(Secret("at-9")))
    holder.end("refused")
    assert account_named(store, "lab:ann").disabled == ""


def test_proving_changes_neither_the_login_nor_whether_it_counts(store: AccountStore, state: Path) -> None:
    before = account_named(store, "lab:ann")
    store.disable("lab:ann", "because", before.version)
    holder = StoreHolder("lab:ann", store, state)
    holder.prepare()
    after = account_named(store, "lab:ann")
    assert (after.disabled, after.version) == ("because", before.version)


def test_an_account_is_found_by_its_id_or_by_a_label_that_only_one_has(store: AccountStore) -> None:
    assert account_named(store, "lab:ann") == account_named(store, "ann")
    store.add(StoredAccount("den:ann", "den", "ann", "login"), LOGIN)
    with pytest.raises(AccountError, match=r"den:ann, lab:ann"):
        account_named(store, "ann")
    with pytest.raises(AccountError, match="account list"):
        account_named(store, "nobody")
