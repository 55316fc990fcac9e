"""What a renewal is told: everything, through a pipe, and shown to nobody."""

import msgspec
import pytest

from fastproxy.accounts.errand import ERRAND_BYTES, Errand, errand_for, packed, unpacked
from fastproxy.accounts.login import AccountError
from fastproxy.providers import BY_NAME
from fastproxy.providers.base import Provider
from fastproxy.providers.oauth import GEMINI_CLI
from fastproxy.secret import Secret
from fastproxy.snapshot import Accounts, Snapshot, Upstream

SNAPSHOT = Snapshot(
    upstream=Upstream(proxy="http://me:proxy-secret@127.0.0.1:1"),
    keeping=Accounts(refresh_lead_seconds=77.0, key="keyring"),
)
SECRET = {"GEMINI_OAUTH_CLIENT_SECRET": "client-secret"}


def errand(provider: str = "gemini-cli") -> Errand:
    return errand_for(provider, SNAPSHOT, SECRET)


def test_it_holds_what_the_configuration_and_the_environment_say() -> None:
    oauth = msgspec.structs.replace(GEMINI_CLI, client_secret=Secret("client-secret"))
    assert errand() == Errand(oauth, "http://me:proxy-secret@127.0.0.1:1", 77.0, "keyring")
    assert "secret" not in repr(errand())


@pytest.mark.parametrize("name", [name for name, record in BY_NAME.items() if record.oauth is not None])
def test_every_vendors_record_arrives_as_it_was(name: str) -> None:
    told = packed(errand(name))
    assert len(told) < ERRAND_BYTES
    assert unpacked(told) == errand(name)


def test_a_row_of_the_configuration_counts_more_than_ours() -> None:
    oauth = msgspec.structs.replace(GEMINI_CLI, client_id="mine")
    mine = Provider(name="gemini-cli", title="Mine", formats={}, oauth=oauth)
    for snapshot in (Snapshot(providers={"gemini-cli": mine}), Snapshot(keyless={"gemini-cli": mine})):
        assert errand_for("gemini-cli", snapshot, {}).oauth.client_id == "mine"


@pytest.mark.parametrize("name", ["nowhere", "groq"])
def test_a_provider_without_logins_is_said(name: str) -> None:
    with pytest.raises(AccountError, match=name):
        errand(name)


@pytest.mark.parametrize("told", [b"", b"{}", packed(errand())[:-1], b"\xff\xfe"])
def test_half_an_errand_is_none(told: bytes) -> None:
    with pytest.raises(AccountError, match="not whole") as caught:
        unpacked(told)
    assert "secret" not in str(caught.value)


def test_nothing_but_a_secret_is_revealed() -> None:
    with pytest.raises(TypeError, match="object"):
        packed(msgspec.structs.replace(errand(), key=object()))
