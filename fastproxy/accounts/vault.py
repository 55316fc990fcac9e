"""Which key seals the logins of one database, and whether it still is the one. Never makes a key over sealed logins.

Sealed are the logins of the database and the sidecars of its linked accounts (see `sidecar`).
What can't be opened now is left as it stands, so that it opens again once the key is back. A database whose last login
was removed takes a new key.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from fastproxy.accounts.cipher import Cipher
from fastproxy.accounts.keys import find_key, make_key, place_of
from fastproxy.accounts.login import AccountError
from fastproxy.accounts.sidecar import SIDECAR_BYTES, sidecar_path
from fastproxy.storage import files

LOCK_FILE = "accounts.lock"
LOCK_SECONDS = 10.0  # how long we wait for another process that makes a key or a database, or writes to it

_ABOUT = "the key"  # no account is called so: their ids have a colon
_KNOWN_TEXT = b"fastproxy"
_CLAIM = "INSERT OR REPLACE INTO seal (one, sealed, kind) VALUES (1, ?, ?)"


class Vault:
    """The cipher of one state directory. Use it under the store's lock; it holds the key for as long as it fits."""

    def __init__(self, directory: Path, kind: str, environ: Mapping[str, str]) -> None:
        """kind: `[accounts] key`. Reads nothing yet."""
        self._directory = directory
        self._kind = kind
        self._environ = environ
        self._cipher: Cipher | None = None

    def to_open(self, connection: sqlite3.Connection) -> Cipher:
        """The cipher for what is there. Raises: AccountError when its key is missing or is another one."""
        if self._cipher is None:
            key = find_key(self._kind, self._directory, self._environ)
            if key is None:
                raise AccountError(f"{self._place} is missing; {self._way_out(connection)}")
            self._cipher = self._fitting(connection, Cipher(key))
        return self._cipher

    def to_seal(self, connection: sqlite3.Connection) -> Cipher:
        """As `to_open`, but where nothing is sealed any key will do, and one is made if there is none."""
        if not self._is_anything_sealed(connection):  # the key may be another by now than the one that we know
            self._cipher = Cipher(self._made_key())
        return self.to_open(connection)

    def claim(self, connection: sqlite3.Connection, cipher: Cipher) -> None:
        """In the transaction that stores what `cipher` has sealed, before it does: nothing was sealed with another key.

        Raises: AccountError, and the transaction must then be taken back.
        """
        if self._fits(connection, cipher):
            return
        if self._is_anything_sealed(connection):
            self.forget()
            self._fitting(connection, cipher)
        connection.execute(_CLAIM, (cipher.seal(_KNOWN_TEXT, _ABOUT), self._kind))

    def forget(self) -> None:
        """Look at the key anew next time: something did not open."""
        self._cipher = None

    def _fitting(self, connection: sqlite3.Connection, cipher: Cipher) -> Cipher:
        if self._is_anything_sealed(connection) and not self._fits(connection, cipher):
            raise AccountError(f"{self._place} is not the one that sealed your logins; {self._way_out(connection)}")
        return cipher

    def _is_anything_sealed(self, connection: sqlite3.Connection) -> bool:
        return next(self._sealed(connection), None) is not None

    def _fits(self, connection: sqlite3.Connection, cipher: Cipher) -> bool:
        """Whether the cipher opens the known text, or else, since that may be damaged, any login."""
        mark = connection.execute("SELECT sealed, ? FROM seal", (_ABOUT,)).fetchone()
        if mark is not None and _opens(cipher, *mark):
            return True
        return any(_opens(cipher, *each) for each in self._sealed(connection))

    def _sealed(self, connection: sqlite3.Connection) -> Iterator[tuple[object, object]]:
        """Everything that is sealed, and what each seal is bound to; None for what can't be read."""
        yield from connection.execute("SELECT sealed, id FROM account WHERE sealed IS NOT NULL")
        for (source,) in connection.execute("SELECT CAST(source AS TEXT) FROM account WHERE source != ''"):
            try:
                with sidecar_path(self._directory, source).open("rb") as file:
                    yield file.read(SIDECAR_BYTES), source
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                yield None, source

    def _made_key(self) -> bytes:
        """The key, made if there is none. Raises: AccountError."""
        key = find_key(self._kind, self._directory, self._environ)
        if key is None:
            try:
                with files.lock(self._directory / LOCK_FILE, LOCK_SECONDS):
                    make_key(self._kind, self._directory)
            except OSError as error:
                raise AccountError(f"{self._directory}: {error.strerror or error}") from None
            key = find_key(self._kind, self._directory, self._environ)
        if key is None:
            raise AccountError(f"{self._place} was made and is gone again")
        return key

    @property
    def _place(self) -> str:
        return f"the key of your logins ({place_of(self._kind, self._directory)})"

    def _way_out(self, connection: sqlite3.Connection) -> str:
        row = connection.execute("SELECT kind FROM seal").fetchone()
        was = f' (they were sealed with [accounts] key = "{row[0]}")' if row and row[0] != self._kind else ""
        return f"restore it{was}, or remove the accounts and log in again; nothing was changed"


def _opens(cipher: Cipher, sealed: object, about: object) -> bool:
    if not (isinstance(sealed, bytes) and isinstance(about, str)):
        return False
    try:
        cipher.open(sealed, about)
    except AccountError:
        return False
    return True
