"""Sealing: what comes out again, and everything that must not."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.cipher import Cipher
from fastproxy.accounts.login import AccountError

KEY = bytes(range(32))


@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_was_sealed_opens_again(data, about):
    sealed = Cipher(KEY).seal(data, about)
    assert Cipher(KEY).open(sealed, about) == data
    assert len(sealed) == len(data) + 29


def test_the_same_twice_is_not_the_same():
    cipher = Cipher(KEY)
    assert cipher.seal(b"x", "a") != cipher.seal(b"x", "a")


def test_another_name_or_another_key_does_not_open_it():
    sealed = Cipher(KEY).seal(b"data", "openai:work")
    for cipher, about in ((Cipher(KEY), "openai:home"), (Cipher(KEY[::-1]), "openai:work")):
        with pytest.raises(AccountError, match=f"the secret of {about} is damaged or was sealed with another key"):
            cipher.open(sealed, about)


def test_every_damaged_byte_and_every_cut_is_noticed():
    sealed = Cipher(KEY).seal(b"data", "a")
    damaged = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for wrong in (*damaged, *(sealed[:end] for end in range(len(sealed))), sealed + b"\0"):
        with pytest.raises(AccountError):
            Cipher(KEY).open(wrong, "a")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_has_32_bytes(length):
    with pytest.raises(ValueError, match="32 bytes"):
        Cipher(b"k" * length)


def test_nothing_shows_the_key():
    assert repr(Cipher(KEY)) == "Cipher(...)"


def test_the_library_is_imported_only_when_a_cipher_is_made():
    code = """
import sys
import fastproxy.accounts.store, fastproxy.accounts.keys, fastproxy.config, fastproxy.app
assert not [name for name in sys.modules if name.split(".")[0] in ("cryptography", "keyring")]
fastproxy.accounts.cipher.Cipher(bytes(32))
assert "cryptography" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
