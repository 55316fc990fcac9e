"""Where a login that is to be renewed lives: our store, or a vendor's file. One renewal needs the same of both.

A renewed login is on the disk when `keep` returns, or an error says that it is nowhere. Everything may block.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from fastproxy.accounts.linked import Linked
from fastproxy.accounts.login import AccountError, Login, completed
from fastproxy.accounts.sources.tokens import fingerprint, identity
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.storage import files

LOCKS = "renewing"  # a directory of the state directory: lock and claim files, by login
_ATTEMPTS = 5  # at reading or writing a login that others change
_SETTLE_SECONDS = 2.0  # for a file that is half written at the moment


class Holder(Protocol):
    """One login's place. Raises, everywhere: AccountError."""

    patience_seconds: float  # how long a peer that has renewed may take to write it down

    def locked(self, deadline_seconds: float) -> AbstractContextManager[None]:
        """Alone with this login among all processes."""

    def login(self) -> Login:
        """As it is now."""

    def prepare(self) -> None:
        """Prove, before a token that can be used once is used, that what comes for it can be kept."""

    def keep(self, used: Login, new: Login) -> Login:
        """The login in effect: `new`, or another one that took the place of `used` meanwhile."""

    def end(self, cause: str) -> None:
        """The vendor has ended the login that `login` told last: not to be used until there is another one."""


class StoreHolder:
    """A login that the store holds."""

    patience_seconds = 0.0

    def __init__(self, account_id: str, store: AccountStore, directory: Path) -> None:
        """directory: of the state."""
        self._id = account_id
        self._store = store
        self._lock_path = directory / LOCKS / f"{_file_name(account_id)}.lock"
        self._version = 0

    @contextmanager
    def locked(self, deadline_seconds: float) -> Iterator[None]:
        with ExitStack() as held:
            try:
                self._lock_path.parent.mkdir(mode=0o700, exist_ok=True)
                held.enter_context(files.lock(self._lock_path, deadline_seconds))
            except TimeoutError:
                raise AccountError(f"{self._id} is being renewed by another process") from None
            except OSError as error:
                raise AccountError(f"{self._lock_path} can't be locked: {error.strerror}") from None
            yield

    def login(self) -> Login:
        for _ in range(_ATTEMPTS):  # a login read under one version and saved over another would end that one
            version = self._stored_version()
            login = self._store.login(self._id)
            if self._stored_version() == version:
                self._version = version
                return login
        raise AccountError(f"{self._id} is being changed by others")

    def prepare(self) -> None:
        """Its row is written as it is: a full disk or a lost right shows now, when it costs nothing."""
        self._store.change(self._id)

    def keep(self, used: Login, new: Login) -> Login:
        merged = completed(new, used)
        for _ in range(_ATTEMPTS):
            if self._store.save_login(self._id, merged, self._version):
                return merged
            current = self.login()
            if identity(current) != identity(used):
                return current
        raise AccountError(f"{self._id} is being changed by others")

    def end(self, cause: str) -> None:
        self._store.disable(self._id, cause, self._version)

    def _stored_version(self) -> int:
        return account_named(self._store, self._id).version


class FileHolder:
    """A login that a vendor's tool owns."""

    patience_seconds = 3.0  # the tool may have the answer and not yet its file

    def __init__(self, account: StoredAccount, store: AccountStore, directory: Path) -> None:
        """directory: of the state."""
        self._account = account
        self._store = store
        self._linked = Linked(account.source, directory, store.cipher)
        self._told = ""  # the fingerprint of the login that was told last

    def locked(self, deadline_seconds: float) -> AbstractContextManager[None]:
        return self._linked.locked(deadline_seconds)

    def login(self) -> Login:
        login = self._linked.login(_SETTLE_SECONDS)
        self._told = fingerprint(login)
        return login

    def prepare(self) -> None:
        self._linked.prepare()

    def keep(self, used: Login, new: Login) -> Login:
        kept = self._linked.write_back(used, new)
        if self._account.disabled:
            self._store.enable(self._account.id)
        return kept

    def end(self, cause: str) -> None:
        version = account_named(self._store, self._account.id).version
        self._store.disable(self._account.id, cause, version, self._told)


def holder_of(account: StoredAccount, store: AccountStore, directory: Path) -> Holder:
    """Raises: AccountError for a source that this release doesn't know."""
    if account.source:
        return FileHolder(account, store, directory)
    return StoreHolder(account.id, store, directory)


def account_named(store: AccountStore, name: str) -> StoredAccount:
    """The account of this id, or of this label where only one has it. Raises: AccountError."""
    accounts = store.accounts()
    found = [one for one in accounts if one.id == name] or [one for one in accounts if one.label == name]
    if len(found) != 1:
        several = ", ".join(one.id for one in found)
        reason = f"{name!r} may be any of {several}" if found else f"there is no account {name!r}"
        raise AccountError(f"{reason}: `fastproxy account list` tells which there are")
    return found[0]


def claim_path(directory: Path, account_id: str) -> Path:
    """Where the process is told that has a login renewed. directory: of the state."""
    return directory / LOCKS / f"{_file_name(account_id)}.claim"


def _file_name(account_id: str) -> str:
    """Ids are of letters, digits and . _ - + @ with one colon: the name of a file, if it has no colon."""
    return account_id.replace(":", "=")
