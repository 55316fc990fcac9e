"""Renewed tokens of a login whose own file can't be written: sealed, in the state directory, one file for each login.

The file stays the owner: the sidecar remembers which of the file's logins it was made from, and counts only as long as
the file still has that one. Must never hold a token in clear.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from fastproxy.accounts.login import AccountError, Login
from fastproxy.secret import Secret
from fastproxy.storage import files

DIRECTORY = "linked"
SIDECAR_BYTES = 1048576


class Sealing(Protocol):
    """What accounts.cipher makes and opens."""

    def seal(self, data: bytes, about: str) -> bytes: ...
    def open(self, sealed: bytes, about: str) -> bytes: ...


class _Record(msgspec.Struct):
    derived_from: str
    access: str
    refresh: str | None
    expires_at: float | None
    minted_at: float | None
    kept: Mapping[str, object]


def sidecar_path(directory: Path, about: str) -> Path:
    """Where the sidecar of the login at `about` lies. directory: of the state."""
    return directory / DIRECTORY / f"{hashlib.sha256(about.encode()).hexdigest()[:32]}.sealed"


def forget(directory: Path, about: str) -> bool:
    """Remove what may be the only live tokens of a login; whether there was any. Raises: AccountError."""
    path = sidecar_path(directory, about)
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise AccountError(f"{path} can't be removed: {error.strerror}") from None
    return True


class Sidecar:
    """Of one linked login. about: its origin as text, which the seal is bound to. sealing: asked for when needed."""

    def __init__(self, directory: Path, about: str, sealing: Callable[[], Sealing]) -> None:
        self._path = sidecar_path(directory, about)
        self._about = about
        self._sealing = sealing

    @property
    def lock_path(self) -> Path:
        """What to lock where no lock can stand beside the tool's file."""
        return self._path.with_suffix(".lock")

    def stamp(self) -> files.Stamp | None:
        """As files.stamp."""
        return files.stamp(self._path)

    def read(self) -> tuple[str, Login] | None:
        """The identity of the file's login that it was derived from, and the newer login. Raises: AccountError."""
        try:
            with self._path.open("rb") as file:
                sealed = file.read(SIDECAR_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AccountError(f"{self._path} can't be read: {error.strerror}") from None
        try:
            record = msgspec.json.decode(self._sealing().open(sealed, self._about), type=_Record)
        except msgspec.DecodeError:
            raise AccountError(f"{self._path} is damaged") from None
        refresh = None if record.refresh is None else Secret(record.refresh)
        login = Login(Secret(record.access), refresh, record.expires_at, record.minted_at, record.kept)
        return record.derived_from, login

    def write(self, derived_from: str, login: Login) -> None:
        """Keeps the login for good. Raises: AccountError."""
        refresh = None if login.refresh is None else login.refresh.reveal()
        record = _Record(derived_from, login.access.reveal(), refresh, login.expires_at, login.minted_at, login.kept)
        sealed = self._sealing().seal(msgspec.json.encode(record), self._about)
        try:
            self.prepare()
            files.replace(self._path, sealed)
        except OSError as error:
            raise AccountError(f"{self._path} can't be written: {error.strerror}") from None

    def prove(self) -> None:
        """That a login could be written. Raises: AccountError when there is no key or no place for it."""
        self._sealing()
        try:
            self.prepare()
            files.replace(self._path.with_suffix(".proof"), b"")
            self._path.with_suffix(".proof").unlink(missing_ok=True)
        except OSError as error:
            raise AccountError(f"{self._path.parent} can't be written: {error.strerror}") from None

    def prepare(self) -> None:
        """Makes its directory. Raises: OSError."""
        self._path.parent.mkdir(mode=0o700, exist_ok=True)

    def remove(self) -> None:
        """Forget it. One that can't be removed does no harm: it was made from a login that is no longer there."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
