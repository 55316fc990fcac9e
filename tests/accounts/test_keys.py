"""Where the key of logins is found and made, and what is said when it can't be."""

import base64
import os
import stat
import subprocess
import sys

import keyring
import pytest

from fastproxy.accounts import keys
from fastproxy.accounts.keys import find_key, key_problem, make_key, place_of
from fastproxy.accounts.login import AccountError
from support.file_keyring import FileKeyring

KEY = bytes(range(200, 232))

MAKE = """
import sys
from pathlib import Path
from fastproxy.accounts.keys import find_key, make_key
from fastproxy.storage import files
directory = Path(sys.argv[1])
sys.stdin.readline()
with files.lock(directory / "accounts.lock", 30):
    make_key("file", directory)
print(find_key("file", directory, {}).hex())
"""


@pytest.fixture
def ring(tmp_path, monkeypatch):
    monkeypatch.setenv("FILE_KEYRING", str(tmp_path / "ring.json"))
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())
    yield tmp_path
    keyring.set_keyring(before)


def test_a_key_file_is_made_once_private_and_readable_by_people(tmp_path):
    assert find_key("file", tmp_path, {}) is None
    make_key("file", tmp_path)
    key = find_key("file", tmp_path, {})
    assert len(key) == 32
    file = tmp_path / "accounts.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert base64.b64decode(file.read_text()) == key
    make_key("file", tmp_path)
    assert find_key("file", tmp_path, {}) == key


def test_processes_that_make_a_key_at_once_end_up_with_one(tmp_path):
    command = [sys.executable, "-c", MAKE, tmp_path]
    makers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for maker in makers:
        maker.stdin.write("\n")
        maker.stdin.flush()
    assert len({maker.communicate()[0] for maker in makers}) == 1
    assert [maker.returncode for maker in makers] == [0] * 4


def test_a_key_file_that_others_may_read_is_not_used(tmp_path):
    make_key("file", tmp_path)
    (tmp_path / "accounts.key").chmod(0o640)
    with pytest.raises(AccountError, match="can be read by others: chmod 600 it"):
        find_key("file", tmp_path, {})


@pytest.mark.parametrize(
    "content",
    [
        KEY,
        KEY.hex().encode(),
        KEY.hex().upper().encode() + b"\n",
        base64.b64encode(KEY) + b"\n",
        base64.urlsafe_b64encode(KEY).rstrip(b"="),
        bytes(31) + b"\n",
        b" " * 32,
    ],
)
def test_a_credential_holds_32_bytes_in_any_usual_form(tmp_path, content):
    (tmp_path / "logins").write_bytes(content)
    found = find_key("cred:logins", tmp_path / "state", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found == (content if len(content) == 32 else KEY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"secret-short",
        KEY + KEY,
        KEY[:16].hex().encode(),  # 32 letters, but half a key
        base64.b64encode(KEY[:31]),
        b"secret" * 1000,
    ],
)
def test_anything_else_is_no_key_and_is_not_repeated(tmp_path, content):
    (tmp_path / "logins").write_bytes(content)
    with pytest.raises(AccountError, match="holds no key") as caught:
        find_key("cred:logins", tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert "secret" not in str(caught.value)


def test_a_credential_that_is_not_there_is_never_made(tmp_path):
    with pytest.raises(AccountError, match="CREDENTIALS_DIRECTORY is not set"):
        find_key("cred:logins", tmp_path, {})
    assert find_key("cred:logins", tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) is None
    with pytest.raises(AccountError, match="give the service 32 random bytes"):
        make_key("cred:logins", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_can_not_be_read_or_made_is_one_sentence(tmp_path):
    (tmp_path / "accounts.key").mkdir(mode=0o700)
    with pytest.raises(AccountError, match=r"accounts\.key can't be read"):
        find_key("file", tmp_path, {})
    with pytest.raises(AccountError, match=r"accounts\.key can't be made"):
        make_key("file", tmp_path / "gone")


def test_a_keyring_keeps_one_key_for_each_state_directory(ring):
    assert find_key("keyring", ring / "a", {}) is None
    make_key("keyring", ring / "a")
    key = find_key("keyring", ring / "a", {})
    make_key("keyring", ring / "a")
    assert find_key("keyring", ring / "a", {}) == key
    assert len(key) == 32
    assert find_key("keyring", ring / "b", {}) is None


def test_a_keyring_in_trouble_is_one_sentence(ring, monkeypatch):
    monkeypatch.setenv("FILE_KEYRING_TROUBLE", "locked")
    with pytest.raises(AccountError, match=r"can't be used here \(KeyringLocked\)"):
        find_key("keyring", ring, {})


def test_a_keyring_that_waits_for_somebody_is_left_after_a_while(ring, monkeypatch):
    monkeypatch.setattr(keys, "KEYRING_SECONDS", 0.05)
    monkeypatch.setenv("FILE_KEYRING_TROUBLE", "silent")
    with pytest.raises(AccountError, match="did not answer"):
        find_key("keyring", ring, {})


def test_without_the_extra_it_says_what_to_install(tmp_path):
    code = """
import sys
sys.modules["keyring"] = None
from pathlib import Path
from fastproxy.accounts.keys import find_key
find_key("keyring", Path(), {})
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert 'pip install "fastproxy-relay[keyring]"' in run.stderr.splitlines()[-1]


@pytest.mark.parametrize("kind", ["", "files", "cred:", "cred:../x", "cred:..", "env:KEY"])
def test_other_kinds_are_refused(tmp_path, kind):
    assert key_problem(kind) is not None
    with pytest.raises(AccountError, match="key must be"):
        find_key(kind, tmp_path, dict(os.environ))


def test_a_place_is_told_in_words(tmp_path):
    assert place_of("file", tmp_path) == f"{tmp_path}/accounts.key"
    assert place_of("cred:logins", tmp_path) == "the credential logins"
    assert place_of("keyring", tmp_path) == "the keyring"
