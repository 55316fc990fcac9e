"""Accounts on disk: logins sealed, compare-and-set, what is known of their limits. Shared by every process.

One SQLite file, accounts.db, in the state directory. A login that was saved outlives kill -9 and a power cut before
anybody uses it. What can't be opened, was written by a newer release or is damaged is left as it stands, and said.
Every call may wait for a disk, or LOCK_SECONDS for another process: never call it from the event loop's thread, but
`changed`.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fastproxy import clock
from fastproxy.accounts import tables
from fastproxy.accounts.cipher import Cipher
from fastproxy.accounts.cooldown import Cooldown, Window
from fastproxy.accounts.database import Database
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.seat import MAX_COOLDOWN_SECONDS
from fastproxy.accounts.sidecar import forget
from fastproxy.accounts.stored import LABEL_RULE, StoredAccount, is_label
from fastproxy.accounts.vault import Vault
from fastproxy.snapshot import Serves

FILE = "accounts.db"
WINDOW_KEPT_SECONDS = 40 * 86400.0  # the longest quota known is a month
CLOCK_SECONDS = 60.0  # a window seen that far in the future was written by a clock that was wrong


class AccountStore:
    """The accounts of one state directory. Thread-safe. Made once per process, after any fork.

    Raises, everywhere: AccountError, one sentence, when the file can't be read or written; nothing is then changed.
    """

    def __init__(self, directory: Path, key: str = "file", environ: Mapping[str, str] = os.environ) -> None:
        """directory: exists and belongs to us (0700). key: `[accounts] key`. Opens nothing yet."""
        self._directory = directory
        self._vault = Vault(directory, key, environ)
        self._database = Database(directory / FILE, tables.MIGRATIONS)

    def close(self) -> None:
        """The file is let go. The next call would open it again."""
        self._database.close()

    def changed(self) -> bool:
        """Whether another process may have written since the last call; the first one: since the store was made.

        Never misses a write. Right after one, ours too, it may say so once too often.
        For the event loop: takes no lock. Cost: two stats, 10 us.
        """
        return self._database.changed()

    # Accounts

    def accounts(self) -> tuple[StoredAccount, ...]:
        """All of them, by provider and position. One whose row is damaged is disabled, and the cause says so."""
        with self._database.reading() as connection:
            rows = connection.execute(tables.ACCOUNTS)
            return tuple(account for row in rows if (account := tables.account_of(row)) is not None)

    def login(self, account_id: str) -> Login:
        """The login in clear. Raises: AccountError when there is none, or it can't be opened."""
        with self._database.reading() as connection:
            account = _account(connection, account_id)
            if account.source:
                raise AccountError(f"the login of {account_id} is kept in {account.source}")
            return self._opened(connection, account_id)

    def problems(self) -> tuple[str, ...]:
        """One sentence for each account that can't be used as it stands here, and why: it opens every login."""
        found = []
        for account in self.accounts():
            if account.disabled.startswith(tables.DAMAGED):
                found.append(f"{account.id}: {account.disabled}; remove it and log in again")
            elif not account.source:
                try:
                    self.login(account.id)
                except AccountError as error:
                    found.append(str(error))
        return tuple(found)

    def add(self, account: StoredAccount, login: Login | None) -> StoredAccount:
        """A new account as it now stands. login: None for one whose `source` owns it.

        Raises: AccountError when there is an account of that id or label.
        """
        with self._sealing(account, login) as (connection, sealed):
            _check_label(connection, account)
            if connection.execute(tables.ACCOUNT, (account.id,)).fetchone() is not None:
                raise AccountError(f"there is an account {account.id}: remove it, or choose another label")
            now = clock.wall()
            return _put(connection, msgspec.structs.replace(account, version=1, created_at=now), sealed, login)

    def replace(self, account: StoredAccount, login: Login | None) -> StoredAccount:
        """The same account with another login, enabled; of one that a file owned no more, nothing is kept beside that.

        Raises: AccountError when there is none of that id.
        """
        with self._sealing(account, login) as (connection, sealed):
            _check_label(connection, account)
            old = _account(connection, account.id)
            new = msgspec.structs.replace(
                account, version=old.version + 1, created_at=old.created_at, disabled="", refused=""
            )
            stored = _put(connection, new, sealed, login)
            is_left = _is_unlinked(connection, old.source)
        if is_left:
            forget(self._directory, old.source)
        return stored

    def save_login(self, account_id: str, login: Login, version: int) -> bool:
        """A renewed login instead of the one of `version`; on the disk for good when this returns. Cost: 2 ms, a sync.

        False when somebody was first (or the account is gone, or a file owns it): nothing is then changed. An account
        that was disabled is usable again: its vendor has just renewed it.
        """
        with self._database.open() as connection:
            cipher = self._vault.to_seal(connection)
            sealed = cipher.seal(tables.packed(login), account_id)
            with self._database.transaction(connection):
                self._vault.claim(connection, cipher)
                row = (sealed, login.expires_at, login.minted_at, clock.wall(), account_id, version)
                return connection.execute(tables.SAVE_LOGIN, row).rowcount == 1

    def disable(self, account_id: str, cause: str, version: int, refused: str = "") -> bool:
        """Not to be used until there is another login, or `enable`. False when the login is no longer that version.

        refused: `fingerprint` of the login, by which another one is told where a file owns it and versions don't count.
        """
        with self._database.writing() as connection:
            row = (cause or "disabled", refused, clock.wall(), account_id, version)
            return connection.execute(tables.DISABLE, row).rowcount == 1

    def enable(self, account_id: str) -> None:
        with self._database.writing() as connection:
            _account(connection, account_id)
            connection.execute(tables.ENABLE, (clock.wall(), account_id))

    def remove(self, account_id: str) -> bool:
        """The account goes, with its login and all that is known of its limits.

        Whether tokens that its vendor's file does not have went with it: those that were kept beside the file.
        """
        with self._database.writing() as connection:
            row = connection.execute("SELECT CAST(source AS TEXT) FROM account WHERE id = ?", (account_id,)).fetchone()
            if row is None:
                raise _unknown(account_id)
            connection.execute("DELETE FROM account WHERE id = ?", (account_id,))
            for statement in tables.FORGET_ACCOUNT:
                connection.execute(statement, (account_id,))
            return _is_unlinked(connection, row[0]) and forget(self._directory, row[0])

    def change(
        self, account_id: str, *, label: str | None = None, weight: int | None = None, serves: Serves | None = None
    ) -> StoredAccount:
        """The account with what is given instead of what was; its id stays."""
        with self._database.writing() as connection:
            old = _account(connection, account_id)
            given = {"label": label, "weight": weight, "serves": serves, "changed_at": clock.wall()}
            new = msgspec.structs.replace(old, **{key: value for key, value in given.items() if value is not None})
            _check_label(connection, new)
            if new.weight < 1:
                raise AccountError("weight must be at least 1")
            connection.execute(tables.CHANGE, (new.label, new.weight, new.serves, new.changed_at, account_id))
            return new

    def put_first(self, account_id: str) -> None:
        """Its position is now below those of all others of its provider, the configured keys' too."""
        with self._database.writing() as connection:
            account = _account(connection, account_id)
            connection.execute(tables.PUT_FIRST, (account.provider, clock.wall(), account_id))

    # Limits

    def cooldowns(self) -> tuple[Cooldown, ...]:
        """All that have been written and not been cleared, those that are over included until the next write.

        But for those of a clock that was wrong: no vendor forbids anything for longer than MAX_COOLDOWN_SECONDS.
        """
        latest_at = clock.wall() + MAX_COOLDOWN_SECONDS
        with self._database.reading() as connection:
            cooldowns = tables.cooldowns_of(connection.execute(tables.COOLDOWNS))
        return tuple(cooldown for cooldown in cooldowns if cooldown.until_at <= latest_at)

    def cool(self, cooldowns: Iterable[Cooldown]) -> None:
        """Remembers them; of two with the same account and scope the longer one stays, whoever wrote it."""
        now = clock.wall()
        latest_at = now + MAX_COOLDOWN_SECONDS
        rows = [(*msgspec.structs.astuple(cooldown), latest_at) for cooldown in cooldowns]
        if rows:
            with self._database.writing(lasting=False) as connection:
                connection.executemany(tables.COOL, rows)
                connection.execute(tables.END_COOLDOWNS, (now, latest_at))
                connection.execute(tables.FEWER_COOLDOWNS, (tables.MAX_LIMIT_ROWS,))

    def end(self, cooldowns: Iterable[Cooldown]) -> None:
        """Forgets these cooldowns, but for those that have become longer meanwhile. Other processes follow."""
        rows = [(cooldown.account, cooldown.scope, cooldown.until_at) for cooldown in cooldowns]
        if rows:
            with self._database.writing(lasting=False) as connection:
                connection.executemany(tables.END_COOLDOWN, rows)

    def windows(self) -> tuple[Window, ...]:
        with self._database.reading() as connection:
            return tables.windows_of(connection.execute(tables.WINDOWS))

    def see(self, windows: Iterable[Window]) -> None:
        """Remembers them; of two with the same account, name and scope the one that was seen later stays."""
        now = clock.wall()
        rows = [(*msgspec.structs.astuple(window), now + CLOCK_SECONDS) for window in windows]
        if rows:
            with self._database.writing(lasting=False) as connection:
                connection.executemany(tables.SEE, rows)
                connection.execute(tables.END_WINDOWS, (now - WINDOW_KEPT_SECONDS,))
                connection.execute(tables.FEWER_WINDOWS, (tables.MAX_LIMIT_ROWS,))

    def reset(self, account: str | None) -> int:
        """Clears the cooldowns of one account, or of all: how many. Other processes learn of it from `resets`."""
        with self._database.writing() as connection:
            connection.execute(tables.COUNT_RESET, (account or "",))
            return connection.execute(tables.CLEAR_COOLDOWNS, (account,)).rowcount

    def resets(self) -> Mapping[str, int]:
        """Account -> how often it was reset; "" -> how often all were. One that grows clears what is in memory."""
        with self._database.reading() as connection:
            return dict(connection.execute("SELECT account, times FROM reset").fetchall())

    # Secrets

    def cipher(self) -> Cipher:
        """What seals our copies of tokens that a vendor's file owns. Raises: AccountError as for a login."""
        with self._database.open() as connection:
            cipher = self._vault.to_seal(connection)
            with self._database.transaction(connection):
                self._vault.claim(connection, cipher)
            return cipher

    @contextmanager
    def _sealing(
        self, account: StoredAccount, login: Login | None
    ) -> Iterator[tuple[sqlite3.Connection, bytes | None]]:
        """A transaction that puts an account, and its login sealed."""
        if (login is None) != bool(account.source):
            raise ValueError("either a file owns the login, or the store does")
        with self._database.open() as connection:
            if login is None:
                with self._database.transaction(connection):
                    yield connection, None
                return
            cipher = self._vault.to_seal(connection)
            sealed = cipher.seal(tables.packed(login), account.id)
            with self._database.transaction(connection):
                self._vault.claim(connection, cipher)
                yield connection, sealed

    def _opened(self, connection: sqlite3.Connection, account_id: str) -> Login:
        row = connection.execute("SELECT sealed FROM account WHERE id = ?", (account_id,)).fetchone()
        cipher = self._vault.to_open(connection)
        try:
            return tables.unpacked(cipher.open(row[0] or b"", account_id))
        except (AccountError, msgspec.DecodeError, TypeError):
            self._vault.forget()  # another process may have sealed it with a key that has come since
            raise AccountError(f"the login of {account_id} is damaged: log in again, or remove it") from None


def _is_unlinked(connection: sqlite3.Connection, source: str) -> bool:
    """Whether no account is linked any more to what was the file of one."""
    return bool(source) and connection.execute(tables.LINKED, (source,)).fetchone() is None


def _account(connection: sqlite3.Connection, account_id: str) -> StoredAccount:
    row = connection.execute(tables.ACCOUNT, (account_id,)).fetchone()
    account = None if row is None else tables.account_of(row)
    if account is None:
        raise _unknown(account_id)
    return account


def _unknown(account_id: str) -> AccountError:
    return AccountError(f"there is no account {account_id!r}: fastproxy account list tells which there are")


def _check_label(connection: sqlite3.Connection, account: StoredAccount) -> None:
    """A label tells one account of its provider from all others."""
    if not is_label(account.label):
        raise AccountError(f"{account.label!r} can't be a label: {LABEL_RULE}")
    found = connection.execute(tables.SAME_LABEL, (account.provider, account.label, account.id)).fetchone()
    if found is not None:
        raise AccountError(f"{found[0]} has the label {account.label!r}: choose another")


def _put(
    connection: sqlite3.Connection, account: StoredAccount, sealed: bytes | None, login: Login | None
) -> StoredAccount:
    expires_at, minted_at = (None, None) if login is None else (login.expires_at, login.minted_at)
    stored = msgspec.structs.replace(account, expires_at=expires_at, minted_at=minted_at, changed_at=clock.wall())
    connection.execute(tables.PUT_ACCOUNT, tables.account_row(stored, sealed))
    return stored
