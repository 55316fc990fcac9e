"""Claude Code's keychain item through a real (if fake) `security` program: bounded, and no secret in an argument."""

import hashlib
import os
from pathlib import Path

import pytest

from fastproxy.accounts.login import AccountError
from fastproxy.accounts.sources import keychain
from fastproxy.accounts.sources.base import UnwritableError
from fastproxy.accounts.sources.keychain import LINE_BYTES, SERVICE, SOURCE, KeychainItem, service_of
from support.credentials import claude_body
from support.fake_security import FakeSecurity

OLD, NEW = claude_body().strip(), claude_body("at-2", "rt-2").strip()


@pytest.fixture
def security(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSecurity:
    fake = FakeSecurity(tmp_path)
    monkeypatch.setenv("PATH", f"{fake.path}:{os.environ['PATH']}")
    fake.has(OLD, SERVICE, "me")
    return fake


@pytest.fixture
def item(tmp_path: Path) -> KeychainItem:
    return KeychainItem(SERVICE, "me", tmp_path / ".claude", tmp_path / "login.keychain-db")


def test_the_item_is_read(security: FakeSecurity, item: KeychainItem) -> None:
    assert item.read() == OLD
    (found,) = SOURCE.read(OLD)
    assert found.login.refresh is not None


def test_an_item_that_is_shown_in_hexadecimal_is_understood(security: FakeSecurity, item: KeychainItem) -> None:
    security.is_in("hexadecimal")
    assert item.read() == OLD


def test_no_item_is_none(security: FakeSecurity, tmp_path: Path) -> None:
    assert KeychainItem(SERVICE, "somebody", tmp_path, tmp_path).read() is None


def test_a_refusal_is_an_error_that_repeats_nothing(security: FakeSecurity, item: KeychainItem) -> None:
    security.is_in("locked")
    with pytest.raises(AccountError, match="exit code 51") as caught:
        item.read()
    assert "rt-1" not in str(caught.value)


def test_a_program_that_waits_for_a_person_is_given_up(
    security: FakeSecurity, item: KeychainItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keychain, "PROGRAM_SECONDS", 0.3)
    security.is_in("asleep")
    with pytest.raises(AccountError, match="did not answer within 0"):
        item.read()
    with pytest.raises(UnwritableError):
        item.replace(OLD, NEW)


def test_a_machine_without_the_program_says_so(item: KeychainItem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AccountError, match="no security program"):
        item.read()


def test_a_new_login_goes_in_through_standard_input_only(security: FakeSecurity, item: KeychainItem) -> None:
    assert item.replace(OLD, NEW)
    assert security.item == item.read() == NEW
    for secret in ("rt-1", "rt-2", NEW.hex(), OLD.hex(), b"rt-2".hex()):
        assert secret not in security.arguments
    assert "['-i']" in security.arguments


def test_what_the_tool_wrote_meanwhile_is_not_replaced(security: FakeSecurity, item: KeychainItem) -> None:
    assert not item.replace(b"something else", NEW)
    assert security.item == OLD


def test_a_line_that_the_program_would_cut_is_never_sent(security: FakeSecurity, item: KeychainItem) -> None:
    around = len(f'add-generic-password -U -a "me" -s "{SERVICE}" -X ""\n')
    longest = (LINE_BYTES - around) // 2
    with pytest.raises(UnwritableError, match="too long"):
        item.replace(OLD, b"{" + b"x" * longest)
    assert security.item == OLD
    assert item.replace(OLD, b"{" + b"x" * (longest - 1))


def test_a_write_that_did_not_arrive_is_not_believed(security: FakeSecurity, item: KeychainItem) -> None:
    security.is_in("deaf")
    with pytest.raises(UnwritableError, match="did not take it"):
        item.replace(OLD, NEW)


@pytest.mark.parametrize("account", ["", 'a" -s "other', "a\nb", "a\\b"])
def test_a_name_that_would_change_the_line_is_never_sent(security: FakeSecurity, tmp_path: Path, account: str) -> None:
    with pytest.raises(UnwritableError, match="safely"):
        KeychainItem(SERVICE, account, tmp_path, tmp_path).replace(OLD, NEW)
    assert security.item == OLD


def test_a_configuration_directory_of_ones_own_has_an_item_of_its_own() -> None:
    assert service_of({}) == "Claude Code-credentials"
    chosen = hashlib.sha256("/home/u/caf\u00e9".encode()).hexdigest()[:8]
    for spelling in ("/home/u/caf\u00e9", "/home/u/cafe\u0301"):
        assert service_of({"CLAUDE_CONFIG_DIR": spelling}) == f"Claude Code-credentials-{chosen}"


def test_it_is_looked_for_only_where_there_are_keychains(security: FakeSecurity, tmp_path: Path) -> None:
    environ = {"PATH": str(security.path), "USER": "me"}
    assert SOURCE.places(environ, tmp_path) == ()
    (tmp_path / "Library" / "Keychains").mkdir(parents=True)
    (place,) = SOURCE.places(environ, tmp_path)
    assert (place.name, place.read(), place.exposed()) == (SERVICE, OLD, "")
    assert SOURCE.places({"PATH": "/nowhere", "USER": "me"}, tmp_path) == ()


def test_a_change_of_the_keychain_is_seen_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "Library" / "Keychains").mkdir(parents=True)
    place = SOURCE.reopen(SERVICE, {"USER": "me"}, tmp_path)
    assert place.stamp() is None
    (tmp_path / "Library" / "Keychains" / "login.keychain-db").write_bytes(b"1")
    before = place.stamp()
    (tmp_path / "Library" / "Keychains" / "login.keychain-db").write_bytes(b"22")
    assert before != place.stamp()
    assert place.lock_path == tmp_path / ".claude" / ".Claude Code-credentials.fastproxy.lock"
    assert SOURCE.tool_locks(place.directory)[0] == tmp_path / ".claude" / ".oauth_refresh.lock"
