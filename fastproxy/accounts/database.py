"""One SQLite file that many processes and threads share: opened when needed, its troubles told as sentences.

It knows no table and no secret. A file of a newer release, a damaged one and one on a full disk stay as they are.
"""

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from fastproxy import clock
from fastproxy.accounts.login import AccountError
from fastproxy.accounts.vault import LOCK_FILE, LOCK_SECONDS
from fastproxy.storage import files, sqlite

WAL_PAGES = 256  # 1 MiB: a checkpoint is due once the log has that many pages
TICK_SECONDS = 0.05  # file systems stamp in steps of up to 10 ms: a second write in one step changes no stamp

_NO_WRITING = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_WRITING_NAMES = ("SQLITE_CANTOPEN", "SQLITE_READONLY")
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")

_Stamps = tuple[files.Stamp | None, files.Stamp | None]


class Database:
    """A database file. Thread-safe, one caller at a time. All but `changed` raises AccountError, and may block."""

    def __init__(self, path: Path, migrations: Sequence[sqlite.Migration]) -> None:
        """Opens nothing. The directory exists; the file is made by the first write."""
        self._path = path
        self._log_path = path.with_name(f"{path.name}-wal")
        self._migrations = migrations
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._seen = self._stamps()
        self._settled = True  # whether a write after the last look would show
        self._foreign = self._told = 0  # writes of others that our own stamps hide, and how many of them were told

    def changed(self) -> bool:
        """Whether another process may have written since the last call. Never waits. Cost: two stats, 10 us."""
        stamps, foreign = self._stamps(), self._foreign
        same = stamps == self._seen and self._settled and foreign == self._told
        self._look(stamps)
        self._told = foreign
        return not same

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """What can be read: the file as it stands, or empty tables where there is none."""
        with self._lock, self._telling():
            if not self._path.exists():
                self._disconnect()
                with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
                    for statement in (statement for migration in self._migrations for statement in migration):
                        connection.execute(statement)
                    yield connection
                return
            try:
                connection = self._connected()
            except (OSError, sqlite3.OperationalError) as error:
                if not _is_about_writing(error):
                    raise
                with closing(self._readonly()) as connection:
                    yield connection
            else:
                yield connection

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """What `transaction` takes; made if it is not there. What is read before the transaction can go stale."""
        with self._lock, self._telling():
            yield self._connected()

    @contextmanager
    def transaction(self, connection: sqlite3.Connection, *, lasting: bool = True) -> Iterator[None]:
        """All or nothing of the block. lasting: on the disk when it ends; else a power cut may take the latest ones."""
        connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
        with sqlite.transaction(connection):
            version = _data_version(connection)
            if self._stamps() != self._seen:
                self._foreign += 1
            yield
        stamps = self._stamps()
        if _data_version(connection) != version:  # somebody wrote between our commit and our look
            self._foreign += 1
        self._look(stamps)

    @contextmanager
    def writing(self, *, lasting: bool = True) -> Iterator[sqlite3.Connection]:
        """`open` and `transaction` in one."""
        with self.open() as connection, self.transaction(connection, lasting=lasting):
            yield connection

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _connected(self) -> sqlite3.Connection:
        """The connection, new when the file was replaced. Raises: sqlite3.Error, OSError."""
        stamp = files.stamp(self._path)
        if self._connection is not None and (stamp is None or stamp[2] != self._inode):
            self._disconnect()
        if self._connection is None:
            with files.lock(self._path.with_name(LOCK_FILE), LOCK_SECONDS):  # one at a time makes it, or mends it
                if stamp is None:
                    os.close(files.create_private(self._path))
                    files.sync_directory(self._path.parent)
                connection = sqlite.open_database(
                    self._path, self._migrations, busy_seconds=LOCK_SECONDS, one_thread=False
                )
            connection.text_factory = _text
            connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
            connection.execute("PRAGMA secure_delete = ON")
            self._connection, self._inode = connection, self._path.stat().st_ino
        return self._connection

    def _readonly(self) -> sqlite3.Connection:
        """A connection for where nothing can be written. Raises: sqlite3.Error."""
        log = files.stamp(self._log_path)
        connection = sqlite.open_readonly(self._path, still=log is None or log[1] == 0)
        connection.text_factory = _text
        version, known = sqlite.schema_version(connection), len(self._migrations)
        if version == known:
            return connection
        connection.close()
        if version > known:
            raise sqlite.SchemaError(f"schema version {version} is newer than this release, which knows {known}")
        raise sqlite3.OperationalError("it is of an older release, and nothing can be written here to mend that")

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _stamps(self) -> _Stamps:
        return files.stamp(self._path), files.stamp(self._log_path)

    def _look(self, stamps: _Stamps) -> None:
        """These are known from now on; they may still hide a write of the same moment."""
        self._seen = stamps
        newest = max((stamp[0] for stamp in stamps if stamp is not None), default=0)
        self._settled = abs(clock.wall() - newest / 1e9) > TICK_SECONDS

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite.SchemaError as error:
            raise AccountError(f"{self._path} can't be used: {error}; install the newer release again") from None
        except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
            raise  # a mistake of ours, not a trouble of the file
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            if name != "SQLITE_BUSY":
                self._disconnect()
            if name.startswith(_DAMAGED):
                raise AccountError(f"{self._path} is damaged: restore it, or move it away and log in again") from None
            raise AccountError(f"{self._path}: {error}") from None
        except TimeoutError as error:
            raise AccountError(str(error)) from None
        except OSError as error:
            raise AccountError(f"{self._path}: {error.strerror or error}") from None


def _is_about_writing(error: OSError | sqlite3.OperationalError) -> bool:
    """Whether a file could not be opened because nothing may be written beside it."""
    if isinstance(error, OSError):
        return error.errno in _NO_WRITING
    return error.sqlite_errorname.startswith(_NO_WRITING_NAMES)


def _data_version(connection: sqlite3.Connection) -> int:
    """Another number than before when another connection has written. Source: sqlite.org/pragma.html, 2026-11-21."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _text(data: bytes) -> str:
    """Damaged text is a wrong value in one row; as an error it would end the reading of all."""
    return data.decode(errors="replace")
