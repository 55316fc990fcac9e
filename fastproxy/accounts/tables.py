"""The tables of accounts.db and how their rows become values. Statements and pure functions; it opens nothing.

A column is never renamed and a migration never edited: a relay of the release before may have the file open.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from fastproxy.accounts.cooldown import Cooldown, Window
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.stored import StoredAccount
from fastproxy.secret import Secret
from fastproxy.storage.sqlite import Migration

MAX_LOGIN_BYTES = 1048576  # of one login with all that its vendor told; the largest seen has 6 KiB
MAX_LIMIT_ROWS = 10000  # cooldowns, and windows: their scopes hold model names, which callers choose

DAMAGED = "its row is damaged"

MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE account (
            id TEXT PRIMARY KEY,
            provider TEXT NOT NULL,
            label TEXT NOT NULL,
            kind TEXT NOT NULL,
            source TEXT NOT NULL,
            serves TEXT NOT NULL,
            weight INTEGER NOT NULL,
            position INTEGER NOT NULL,
            disabled TEXT NOT NULL,
            expires_at REAL,
            minted_at REAL,
            version INTEGER NOT NULL,
            created_at REAL NOT NULL,
            changed_at REAL NOT NULL,
            sealed BLOB
        )""",
        """CREATE TABLE cooldown (
            account TEXT NOT NULL,
            scope TEXT NOT NULL,
            until_at REAL NOT NULL,
            timed INTEGER NOT NULL,
            cause TEXT NOT NULL,
            PRIMARY KEY (account, scope)
        )""",
        """CREATE TABLE quota (
            account TEXT NOT NULL,
            name TEXT NOT NULL,
            scope TEXT NOT NULL,
            used_fraction REAL,
            resets_at REAL,
            length_seconds REAL,
            status TEXT NOT NULL,
            seen_at REAL NOT NULL,
            PRIMARY KEY (account, name, scope)
        )""",
        # How often cooldowns were cleared by a person; account "" counts those of all.
        "CREATE TABLE reset (account TEXT PRIMARY KEY, times INTEGER NOT NULL)",
        # A known text sealed with the key of the logins, so that a wrong key is told from a damaged login.
        "CREATE TABLE seal (one INTEGER PRIMARY KEY CHECK (one = 1), sealed BLOB NOT NULL, kind TEXT NOT NULL)",
    ),
    # What a relay of the release before disables has none, or an older one: it is then tried once more.
    ("ALTER TABLE account ADD COLUMN refused TEXT NOT NULL DEFAULT ''",),
)

ACCOUNT_COLUMNS = StoredAccount.__struct_fields__
_NAMES = ", ".join(ACCOUNT_COLUMNS)
_MARKS = ", ".join("?" * len(ACCOUNT_COLUMNS))

ACCOUNTS = f"SELECT {_NAMES} FROM account ORDER BY provider, position, created_at, id"  # noqa: S608 - our own names
ACCOUNT = f"SELECT {_NAMES} FROM account WHERE id = ?"  # noqa: S608 - as above
PUT_ACCOUNT = f"INSERT OR REPLACE INTO account ({_NAMES}, sealed) VALUES ({_MARKS}, ?)"  # noqa: S608 - as above
SAVE_LOGIN = """UPDATE account SET sealed = ?, expires_at = ?, minted_at = ?, changed_at = ?, disabled = '',
    refused = '', version = version + 1 WHERE id = ? AND version = ? AND source = ''"""
DISABLE = "UPDATE account SET disabled = ?, refused = ?, changed_at = ? WHERE id = ? AND version = ?"
ENABLE = "UPDATE account SET disabled = '', refused = '', changed_at = ? WHERE id = ?"

LINKED = "SELECT 1 FROM account WHERE source = ?"
SAME_LABEL = "SELECT id FROM account WHERE provider = ? AND label = ? AND id != ?"
CHANGE = "UPDATE account SET label = ?, weight = ?, serves = ?, changed_at = ? WHERE id = ?"
# Configured keys are at 0 or behind it, so whatever is first is below that.
PUT_FIRST = """UPDATE account SET position = min(0, (SELECT min(position) FROM account WHERE provider = ?)) - 1,
    changed_at = ? WHERE id = ?"""
FORGET_ACCOUNT = (
    "DELETE FROM cooldown WHERE account = ?",
    "DELETE FROM quota WHERE account = ?",
    "DELETE FROM reset WHERE account = ?",
)

COOLDOWNS = "SELECT account, scope, until_at, timed, cause FROM cooldown"
COOL = """INSERT INTO cooldown (account, scope, until_at, timed, cause) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (account, scope) DO UPDATE SET until_at = ?3, timed = ?4, cause = ?5
    WHERE ?3 > until_at OR until_at > ?6"""  # ?6: later than that is a clock that was wrong
CLEAR_COOLDOWNS = "DELETE FROM cooldown WHERE ?1 IS NULL OR account = ?1"
END_COOLDOWN = "DELETE FROM cooldown WHERE account = ? AND scope = ? AND until_at <= ?"
END_COOLDOWNS = "DELETE FROM cooldown WHERE until_at < ? OR until_at > ?"
FEWER_COOLDOWNS = """DELETE FROM cooldown WHERE rowid IN
    (SELECT rowid FROM cooldown ORDER BY until_at DESC LIMIT -1 OFFSET ?)"""

WINDOWS = "SELECT account, name, used_fraction, resets_at, length_seconds, status, scope, seen_at FROM quota"
SEE = """INSERT INTO quota (account, name, used_fraction, resets_at, length_seconds, status, scope, seen_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (account, name, scope) DO UPDATE
    SET used_fraction = ?3, resets_at = ?4, length_seconds = ?5, status = ?6, seen_at = ?8
    WHERE ?8 >= seen_at OR seen_at > ?9"""  # ?9: later than that is a clock that was wrong
END_WINDOWS = "DELETE FROM quota WHERE seen_at < ?"
FEWER_WINDOWS = "DELETE FROM quota WHERE rowid IN (SELECT rowid FROM quota ORDER BY seen_at DESC LIMIT -1 OFFSET ?)"

COUNT_RESET = "INSERT INTO reset VALUES (?, 1) ON CONFLICT (account) DO UPDATE SET times = times + 1"

_Value = TypeVar("_Value", bound=msgspec.Struct)


class _Sealed(msgspec.Struct):
    """A login as it stands in the column `sealed`, before it is encrypted."""

    access: str
    refresh: str | None
    expires_at: float | None
    minted_at: float | None
    kept: dict[str, Any]


def account_of(row: tuple[object, ...]) -> StoredAccount | None:
    """The account of a row of ACCOUNTS. One that is damaged is `disabled` and says so; None where even names are."""
    try:
        return _value(StoredAccount, row)
    except msgspec.ValidationError as error:
        match row:
            case (str(name), str(provider), str(label), *_):
                return StoredAccount(name, provider, label, "login", disabled=f"{DAMAGED}: {error}")
        return None


def account_row(account: StoredAccount, sealed: bytes | None) -> tuple[object, ...]:
    """The parameters of PUT_ACCOUNT."""
    return (*msgspec.structs.astuple(account), sealed)


def cooldowns_of(rows: Iterable[tuple[object, ...]]) -> tuple[Cooldown, ...]:
    """Rows of COOLDOWNS without the damaged ones: what they forbade is learnt again from the upstream."""
    return tuple(_sound(Cooldown, rows))


def windows_of(rows: Iterable[tuple[object, ...]]) -> tuple[Window, ...]:
    """Rows of WINDOWS without the damaged ones, as above."""
    return tuple(_sound(Window, rows))


def packed(login: Login) -> bytes:
    """A login as bytes to be sealed. Raises: AccountError when it is too large or no JSON has such a field."""
    refresh = None if login.refresh is None else login.refresh.reveal()
    sealed = _Sealed(login.access.reveal(), refresh, login.expires_at, login.minted_at, dict(login.kept))
    try:
        data = msgspec.json.encode(sealed)
    except (TypeError, UnicodeEncodeError):
        raise AccountError("the login has a field that can't be kept as JSON") from None
    if len(data) > MAX_LOGIN_BYTES:
        raise AccountError(f"the login has more than {MAX_LOGIN_BYTES} bytes")
    return data


def unpacked(data: bytes) -> Login:
    """The login of `packed`. Raises: msgspec.DecodeError (also ValidationError)."""
    sealed = msgspec.json.decode(data, type=_Sealed)
    refresh = None if sealed.refresh is None else Secret(sealed.refresh)
    return Login(Secret(sealed.access), refresh, sealed.expires_at, sealed.minted_at, sealed.kept)


def _sound(kind: type[_Value], rows: Iterable[tuple[object, ...]]) -> Iterable[_Value]:
    for row in rows:
        try:
            yield _value(kind, row)
        except msgspec.ValidationError:
            continue


def _value(kind: type[_Value], row: tuple[object, ...]) -> _Value:
    """Columns in the order of the fields. `timed` is a number in SQLite, which knows no true and false."""
    fields = dict(zip(kind.__struct_fields__, row, strict=True))
    if "timed" in fields:
        fields["timed"] = bool(fields["timed"])
    return msgspec.convert(fields, kind)
