"""Which account serves a request."""

import pytest

from fastproxy.accounts.configured import lease
from fastproxy.errors import Fault
from fastproxy.providers.base import Auth, Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot


def provider(*, auth: Auth = "bearer", local: bool = False, key_variables: tuple[str, ...] = ()) -> Provider:
    return Provider(name="lab", title="The Lab", formats={}, auth=auth, local=local, key_variables=key_variables)


def test_the_first_configured_account_serves():
    first, second = Account("lab", "lab:one", Secret("1")), Account("lab", "lab:two", Secret("2"))
    assert lease(provider(), Snapshot(accounts={"lab": (first, second)})) is first


@pytest.mark.parametrize("auth", ["none", "client"])
def test_a_provider_that_needs_no_key_of_ours_has_an_account_without_one(auth: Auth):
    account = lease(provider(auth=auth), Snapshot())
    assert (account.id, account.secret) == ("lab", None)


def test_a_daemon_on_this_machine_needs_no_key():
    assert lease(provider(local=True), Snapshot()).secret is None


def test_a_key_of_a_local_daemon_is_used_where_there_is_one():
    account = Account("lab", "lab:key", Secret("1"))
    assert lease(provider(local=True), Snapshot(accounts={"lab": (account,)})) is account


def test_no_key_is_a_fault_that_says_what_to_set():
    with pytest.raises(Fault) as caught:
        lease(provider(key_variables=("LAB_API_KEY", "LAB_KEY")), Snapshot())
    assert (caught.value.kind, caught.value.status) == ("no_credential", 503)
    assert "LAB_API_KEY or LAB_KEY" in caught.value.message
    with pytest.raises(Fault, match=r"\[providers\.lab\] api_key"):
        lease(provider(), Snapshot())
