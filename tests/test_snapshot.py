"""The configuration as a value: secrets that don't show, and defaults that are what the README says."""

import pytest

from fastproxy.providers.base import OAuth, Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Limits, Server, Snapshot


def test_a_secret_is_not_in_its_own_repr_nor_in_what_holds_it():
    account = Account("openai", "openai:OPENAI_API_KEY", Secret("sk-very-secret"))
    snapshot = Snapshot(accounts={"openai": (account,)})
    for shown in (repr(account), str(account), repr(snapshot), f"{account.secret}"):
        assert "very-secret" not in shown


def test_a_snapshot_can_not_be_changed():
    snapshot = Snapshot()
    with pytest.raises(AttributeError):
        snapshot.server = Server(workers=2)  # type: ignore[misc]


def test_without_a_configuration_we_listen_on_loopback_only_and_want_a_token():
    snapshot = Snapshot()
    assert snapshot.server.listen == ("127.0.0.1:8484",)
    assert snapshot.access.require_token
    assert snapshot.access.admin_token is None


def test_every_limit_is_above_zero():
    limits = Limits()
    assert all(getattr(limits, name) > 0 for name in limits.__struct_fields__)


@pytest.mark.parametrize(
    ("oauth", "accounts", "waits"),
    [(None, (), False), (OAuth(), (), True), (OAuth(), (Account("lab", "lab:1"),), False)],
)
def test_a_provider_of_logins_waits_until_it_has_one(
    oauth: OAuth | None, accounts: tuple[Account, ...], *, waits: bool
):
    lab = Provider(name="lab", title="Lab", formats={}, oauth=oauth)
    snapshot = Snapshot(providers={"lab": lab}, accounts={"lab": accounts})
    assert snapshot.waits_for_login("lab") is waits
