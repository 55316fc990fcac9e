"""Renewed tokens beside a file that can't be written: private, sealed, bound to their login."""

from pathlib import Path

import pytest

from fastproxy.accounts.cipher import Cipher
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sidecar import SIDECAR_BYTES, Sidecar, forget, sidecar_path
from fastproxy.secret import Secret
from support.credentials import directory_of_somebody

CIPHER = Cipher(b"k" * 32)
LOGIN = Login(Secret("at-2-secret"), Secret("rt-2-secret"), 4102444800.0, 1766925296.0, {"id_token": "x", "n": [1]})


def sidecar(directory: Path, about: str = "codex:/h/auth.json", cipher: Cipher = CIPHER) -> Sidecar:
    return Sidecar(directory, about, lambda: cipher)


def test_a_login_comes_back_whole(tmp_path: Path) -> None:
    assert sidecar(tmp_path).read() is None
    sidecar(tmp_path).write("was", LOGIN)
    assert sidecar(tmp_path).read() == ("was", LOGIN)
    sidecar(tmp_path).write("is", Login(Secret("t")))
    assert sidecar(tmp_path).read() == ("is", Login(Secret("t")))


def test_files_are_private_and_hold_nothing_in_clear(tmp_path: Path) -> None:
    sidecar(tmp_path).write("was", LOGIN)
    for file in tmp_path.rglob("*"):
        assert file.stat().st_mode & 0o077 == 0
        assert file.is_dir() or not any(word in file.read_bytes() for word in (b"secret", b"id_token", b"codex"))


def test_the_key_is_not_asked_for_where_there_is_nothing_to_open(tmp_path: Path) -> None:
    def no_key() -> Cipher:
        raise AssertionError("asked for the key")

    one = Sidecar(tmp_path, "codex:/h/auth.json", no_key)
    assert (one.read(), one.stamp()) == (None, None)
    one.remove()


@pytest.mark.parametrize("damage", [b"", b"x", b"\x01" + b"x" * 100, b"x" * (SIDECAR_BYTES + 1)])
def test_damage_is_an_error_without_content(tmp_path: Path, damage: bytes) -> None:
    sidecar(tmp_path).write("was", LOGIN)
    (file,) = (tmp_path / "linked").iterdir()
    file.write_bytes(damage)
    with pytest.raises(AccountError, match="damaged"):
        sidecar(tmp_path).read()


def test_another_key_or_another_login_can_t_open_it(tmp_path: Path) -> None:
    sidecar(tmp_path).write("was", LOGIN)
    (file,) = (tmp_path / "linked").iterdir()
    with pytest.raises(AccountError):
        sidecar(tmp_path, cipher=Cipher(b"z" * 32)).read()
    other = sidecar(tmp_path, "codex:/h/other.json")
    other.write("was", LOGIN)
    (swapped,) = set((tmp_path / "linked").iterdir()) - {file}
    swapped.write_bytes(file.read_bytes())
    with pytest.raises(AccountError):
        other.read()


def test_what_is_sealed_but_no_record_is_damaged(tmp_path: Path) -> None:
    sidecar(tmp_path).write("was", LOGIN)
    (file,) = (tmp_path / "linked").iterdir()
    file.write_bytes(CIPHER.seal(b"[]", "codex:/h/auth.json"))
    with pytest.raises(AccountError, match="damaged"):
        sidecar(tmp_path).read()


def test_removed_is_gone_and_a_change_is_seen(tmp_path: Path) -> None:
    one = sidecar(tmp_path)
    one.write("was", LOGIN)
    before = one.stamp()
    sidecar(tmp_path).write("was", Login(Secret("other")))
    assert before != one.stamp()
    one.remove()
    assert (one.read(), one.stamp()) == (None, None)


def test_a_state_directory_that_can_t_be_written_is_said() -> None:
    with directory_of_somebody() as directory:
        directory.chmod(0o500)
        with pytest.raises(AccountError, match="Permission denied"):
            sidecar(directory).write("was", LOGIN)
        directory.chmod(0o700)


def test_what_is_to_be_forgotten_is_gone_for_good(tmp_path: Path) -> None:
    assert not forget(tmp_path, "codex:/h/auth.json")
    sidecar(tmp_path).write("was", LOGIN)
    sidecar(tmp_path, "codex:/other").write("was", LOGIN)
    assert forget(tmp_path, "codex:/h/auth.json")
    assert sidecar(tmp_path).read() is None
    assert sidecar(tmp_path, "codex:/other").read() == ("was", LOGIN)


def test_what_can_not_be_forgotten_is_said(tmp_path: Path) -> None:
    sidecar_path(tmp_path, "codex:/h/auth.json").mkdir(parents=True)
    with pytest.raises(AccountError, match="can't be removed"):
        forget(tmp_path, "codex:/h/auth.json")
