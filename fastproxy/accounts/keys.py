"""Where the key comes from that seals logins: a private file, a systemd credential, or the keyring of the system.

A key that is there is never changed, and none is made where one could have been lost: that is the caller's `make`.
Errors name the place of a key and never what stands there. May block on a disk, a lock or the person at the keyring.
"""

import base64
import binascii
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path

from fastproxy.accounts.cipher import KEY_BYTES
from fastproxy.accounts.login import AccountError
from fastproxy.storage import files

FILE = "accounts.key"
KEYRING_SERVICE = "fastproxy"
KEYRING_SECONDS = 60.0  # a locked keyring asks its owner, who may not be there
_MAX_BYTES = 1024
_HEXADECIMAL = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def key_problem(kind: str) -> str | None:
    """What is wrong with `[accounts] key`, as one sentence; None for "file", "keyring" and "cred:NAME"."""
    scheme, _, name = kind.partition(":")
    if kind in ("file", "keyring") or (scheme == "cred" and name not in ("", ".", "..") and "/" not in name):
        return None
    return f'key must be "file", "cred:NAME" or "keyring", not {kind!r}'


def place_of(kind: str, directory: Path) -> str:
    """Where this kind of key is kept, for a person."""
    if kind == "file":
        return str(directory / FILE)
    return "the keyring" if kind == "keyring" else f"the credential {kind.partition(':')[2]}"


def find_key(kind: str, directory: Path, environ: Mapping[str, str]) -> bytes | None:
    """The 32 bytes of the key; None when there is none yet. Raises: AccountError when there is one that can't be used.

    kind: as in `[accounts] key`. directory: the state directory.
    """
    if (problem := key_problem(kind)) is not None:
        raise AccountError(problem)
    if kind == "keyring":
        text = _ask_keyring("get_password", directory)
        return None if text is None else _key_in(str(text).encode(), place_of(kind, directory))
    if kind == "file":
        return _key_file(directory / FILE)
    return _credential(kind.partition(":")[2], environ)


def make_key(kind: str, directory: Path) -> None:
    """Makes a key where there is none; one that somebody else made first stays. Call it under the store's lock.

    Raises: AccountError when it can't be kept, and for a credential: systemd's are made by whoever runs the service.
    """
    fresh = base64.b64encode(os.urandom(KEY_BYTES))
    if kind == "keyring":
        if _ask_keyring("get_password", directory) is None:
            _ask_keyring("set_password", directory, fresh.decode())
        return
    if kind != "file":
        raise AccountError(f"there is no {place_of(kind, directory)}: give the service 32 random bytes under that name")
    try:
        files.publish(directory / FILE, fresh + b"\n")
    except OSError as error:
        raise AccountError(f"{directory / FILE} can't be made: {error.strerror}") from None


def _key_file(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise AccountError(f"{path} can be read by others: chmod 600 it")
            return _key_in(file.read(_MAX_BYTES), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AccountError(f"{path} can't be read: {error.strerror}") from None


def _credential(name: str, environ: Mapping[str, str]) -> bytes | None:
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    if not directory:
        raise AccountError(f"CREDENTIALS_DIRECTORY is not set, so there is no credential {name} to open logins with")
    try:
        with Path(directory, name).open("rb") as file:
            return _key_in(file.read(_MAX_BYTES), f"the credential {name}")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AccountError(f"the credential {name} can't be read: {error.strerror}") from None


def _key_in(data: bytes, place: str) -> bytes:
    """The key in a file: 32 bytes as they are, or as hexadecimal or base64 text. Raises: AccountError."""
    text = data.strip()
    try:
        if _HEXADECIMAL.fullmatch(text):
            key = bytes.fromhex(text.decode())
        elif len(data) == KEY_BYTES:
            key = data
        else:
            standard = text.translate(_FROM_URL_SAFE) + b"=" * (-len(text) % 4)
            key = base64.b64decode(standard, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise AccountError(
            f"{place} holds no key ({KEY_BYTES} bytes, as they are or in hexadecimal or base64): restore it"
        )
    return key


def _ask_keyring(what: str, directory: Path, *value: str) -> object:
    """One call of the keyring's, for the entry of this state directory. Raises: AccountError."""
    try:
        import keyring  # noqa: PLC0415 - an extra
    except ImportError:
        raise AccountError(
            '[accounts] key = "keyring" needs the extra: pip install "fastproxy-relay[keyring]"'
        ) from None
    found: list[object] = []
    failed: list[str] = []

    def ask() -> None:
        try:
            found.append(getattr(keyring, what)(KEYRING_SERVICE, f"{FILE} {directory.absolute()}", *value))
        except Exception as error:  # noqa: BLE001 - a backend may raise whatever its library does
            failed.append(type(error).__name__)

    waiting = threading.Thread(target=ask, name="keyring", daemon=True)
    waiting.start()
    waiting.join(KEYRING_SECONDS)
    if not (found or failed):
        raise AccountError(f"the keyring did not answer for {KEYRING_SECONDS:g} s: unlock it, or use another key")
    if failed:
        raise AccountError(f"the keyring can't be used here ({failed[0]}): set [accounts] key to another place")
    return found[0]
