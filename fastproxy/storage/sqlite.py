"""SQLite as this project opens it: WAL, a bounded wait for locks, one transaction at a time, a numbered schema.

It knows no table. It must never run on the event loop's thread: every call may wait for a disk or for `BUSY_SECONDS`.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 0.25  # somebody else's lock; the caller counts it and comes back later
WAL_BYTES = 4194304  # what the write-ahead log is cut back to after a checkpoint
CACHE_KIB = 512  # the default of 2 MiB buys an append-only table nothing

Migration = Sequence[str]


class SchemaError(sqlite3.DatabaseError):
    """The database was written by a newer release."""


def open_database(
    path: Path, migrations: Sequence[Migration], *, busy_seconds: float = BUSY_SECONDS, one_thread: bool = True
) -> sqlite3.Connection:
    """A connection that may write, its schema brought up to `len(migrations)`; the file is made 0600 if it is new.

    migrations: each a list of statements, applied in one transaction; never edited once released, only appended to.
    busy_seconds: how long a statement waits for somebody else's lock. one_thread: whether only the thread that opens it
    may use it; else the caller sees to it that one at a time does.
    Raises: sqlite3.Error (SchemaError when the file is newer than this release), OSError.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # the -wal and -shm files take its mode
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=one_thread)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        _migrate(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def open_readonly(path: Path, *, still: bool = False) -> sqlite3.Connection:
    """A connection that can only read; TEMP tables are its own. Raises: sqlite3.Error.

    still: that nobody can write to the file: it is read without its log and without a lock, also where the directory
    does not let us make the files that those need.
    """
    uri = f"{path.absolute().as_uri()}?{'immutable=1' if still else 'mode=ro'}"
    return sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, uri=True)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing of it; the write lock is taken at its start, so what it reads can't go stale."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def schema_version(connection: sqlite3.Connection) -> int:
    """How many migrations the file has had; 0 for one that has no tables yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    if schema_version(connection) == len(migrations):
        return
    with transaction(connection):
        version = schema_version(connection)  # again: another process may have been here in between
        if version > len(migrations):
            raise SchemaError(f"schema version {version} is newer than this release, which knows {len(migrations)}")
        for migration in migrations[version:]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
