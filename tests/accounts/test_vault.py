"""Which key seals a database: never another one over sealed logins, and never a new one where one was lost."""

import sqlite3

import pytest

from fastproxy.accounts import tables
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sidecar import Sidecar, sidecar_path
from fastproxy.accounts.vault import Vault
from fastproxy.secret import Secret


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in tables.MIGRATIONS[0]:
        connection.execute(statement)
    yield connection
    connection.close()


def seal_one(vault, connection, name="openai:work"):
    cipher = vault.to_seal(connection)
    vault.claim(connection, cipher)
    row = ("openai", name.partition(":")[2], "login", "", "any", 1, 0, "", None, None, 1, 0, 0)
    marks = ", ".join("?" * 15)
    connection.execute(f"INSERT INTO account VALUES ({marks})", (name, *row, cipher.seal(b"data", name)))  # noqa: S608
    return cipher


def sealed(connection, name="openai:work"):
    return connection.execute("SELECT sealed FROM account WHERE id = ?", (name,)).fetchone()[0]


def test_the_first_seal_makes_a_key_that_opens_it_later(tmp_path, connection):
    seal_one(Vault(tmp_path, "file", {}), connection)
    assert Vault(tmp_path, "file", {}).to_open(connection).open(sealed(connection), "openai:work") == b"data"


def test_looking_makes_no_key(tmp_path, connection):
    with pytest.raises(AccountError, match="is missing"):
        Vault(tmp_path, "file", {}).to_open(connection)
    assert list(tmp_path.iterdir()) == []


def test_a_lost_key_is_said_and_not_made_again(tmp_path, connection):
    seal_one(Vault(tmp_path, "file", {}), connection)
    before = list(connection.iterdump())
    key = (tmp_path / "accounts.key").read_bytes()
    (tmp_path / "accounts.key").unlink()
    vault = Vault(tmp_path, "file", {})
    for use in (vault.to_open, vault.to_seal):
        with pytest.raises(AccountError, match=r"accounts\.key\) is missing; restore it, or remove the accounts"):
            use(connection)
    assert not (tmp_path / "accounts.key").exists()
    assert list(connection.iterdump()) == before
    (tmp_path / "accounts.key").write_bytes(key)
    (tmp_path / "accounts.key").chmod(0o600)
    assert vault.to_open(connection).open(sealed(connection), "openai:work") == b"data"


def test_another_key_is_told_from_a_damaged_login(tmp_path, connection):
    seal_one(Vault(tmp_path, "file", {}), connection)
    (tmp_path / "accounts.key").write_bytes(b"k" * 32)
    vault = Vault(tmp_path, "file", {})
    for use in (vault.to_open, vault.to_seal):
        with pytest.raises(AccountError, match="is not the one that sealed your logins"):
            use(connection)


def test_another_place_for_the_key_says_where_the_right_one_was(tmp_path, connection):
    seal_one(Vault(tmp_path, "file", {}), connection)
    (tmp_path / "logins").write_bytes(b"k" * 32)
    vault = Vault(tmp_path, "cred:logins", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    with pytest.raises(AccountError, match=r'they were sealed with \[accounts\] key = "file"'):
        vault.to_seal(connection)


def test_a_cipher_that_somebody_overtook_claims_nothing(tmp_path, connection):
    slow = Vault(tmp_path, "file", {})
    cipher = slow.to_seal(connection)
    (tmp_path / "accounts.key").unlink()
    fast = seal_one(Vault(tmp_path, "file", {}), connection)
    before = list(connection.iterdump())
    with pytest.raises(AccountError, match="is not the one"):
        slow.claim(connection, cipher)
    assert list(connection.iterdump()) == before
    assert slow.to_seal(connection).open(fast.seal(b"x", "a"), "a") == b"x"


def test_where_no_login_is_left_any_key_will_do(tmp_path, connection):
    seal_one(Vault(tmp_path, "file", {}), connection)
    connection.execute("DELETE FROM account")
    (tmp_path / "accounts.key").unlink()
    vault = Vault(tmp_path, "file", {})
    seal_one(vault, connection)
    assert Vault(tmp_path, "file", {}).to_open(connection).open(sealed(connection), "openai:work") == b"data"


def test_a_key_that_is_known_but_gone_seals_nothing_new(tmp_path, connection):
    vault = Vault(tmp_path, "file", {})
    seal_one(vault, connection)
    connection.execute("DELETE FROM account")
    (tmp_path / "accounts.key").unlink()
    seal_one(vault, connection)
    assert Vault(tmp_path, "file", {}).to_open(connection).open(sealed(connection), "openai:work") == b"data"


def test_a_damaged_mark_does_not_lock_the_logins_away(tmp_path, connection):
    seal_one(Vault(tmp_path, "file", {}), connection)
    connection.execute("UPDATE seal SET sealed = x'00'")
    vault = Vault(tmp_path, "file", {})
    assert vault.to_open(connection).open(sealed(connection), "openai:work") == b"data"
    seal_one(vault, connection, "openai:home")


def link(connection, source="codex:/h/auth.json"):
    """An account whose login a vendor's file owns."""
    marks = ", ".join("?" * 15)
    row = ("codex:tool", "codex", "tool", "login", source, "any", 1, 0, "", None, None, 1, 0, 0, None)
    names = "id, provider, label, kind, source, serves, weight, position, disabled, expires_at, minted_at"
    statement = f"INSERT INTO account ({names}, version, created_at, changed_at, sealed) VALUES ({marks})"  # noqa: S608
    connection.execute(statement, row)
    return source


def beside(tmp_path, connection, source):
    """A login sealed beside the file, by a vault of its own."""
    vault = Vault(tmp_path, "file", {})
    cipher = vault.to_seal(connection)
    vault.claim(connection, cipher)
    sidecar = Sidecar(tmp_path, source, lambda: cipher)
    sidecar.write("was", Login(Secret("at"), Secret("rt")))
    return sidecar


def test_no_key_is_made_over_what_is_sealed_beside_a_tools_file(tmp_path, connection):
    sidecar = beside(tmp_path, connection, link(connection))
    (tmp_path / "accounts.key").unlink()
    vault = Vault(tmp_path, "file", {})
    with pytest.raises(AccountError, match="is missing; restore it"):
        vault.to_seal(connection)
    assert not (tmp_path / "accounts.key").exists()
    (tmp_path / "accounts.key").write_bytes(b"k" * 32)
    (tmp_path / "accounts.key").chmod(0o600)
    with pytest.raises(AccountError, match="is not the one that sealed your logins"):
        vault.to_seal(connection)
    assert sidecar.stamp() is not None


def test_a_sidecar_proves_its_key_where_the_mark_is_gone(tmp_path, connection):
    sidecar = beside(tmp_path, connection, link(connection))
    connection.execute("DELETE FROM seal")
    vault = Vault(tmp_path, "file", {})
    vault.claim(connection, vault.to_seal(connection))
    assert sidecar.read() == ("was", Login(Secret("at"), Secret("rt")))


def test_a_sidecar_that_no_account_has_holds_nobody_up(tmp_path, connection):
    beside(tmp_path, connection, link(connection))
    connection.execute("DELETE FROM account")
    (tmp_path / "accounts.key").unlink()
    seal_one(Vault(tmp_path, "file", {}), connection)


def test_a_sidecar_that_can_not_be_read_is_sealed_all_the_same(tmp_path, connection):
    source = link(connection)
    sidecar_path(tmp_path, source).mkdir(parents=True)
    with pytest.raises(AccountError, match="is missing"):
        Vault(tmp_path, "file", {}).to_seal(connection)
