"""How a database is opened: its schema, its lock, its mode."""

import sqlite3
import stat
from contextlib import closing

import pytest

from fastproxy.storage import sqlite

FIRST = ("CREATE TABLE a (x)", "CREATE TABLE b (x)")
SECOND = ("CREATE TABLE c (x)",)
BROKEN = ("CREATE TABLE d (x)", "no statement")


def tables(connection: sqlite3.Connection) -> list[str]:
    return sorted(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))


def test_a_new_file_gets_every_migration_and_is_for_its_owner_only(tmp_path):
    path = tmp_path / "x.sqlite"
    with closing(sqlite.open_database(path, (FIRST, SECOND))) as connection:
        assert tables(connection) == ["a", "b", "c"]
        assert sqlite.schema_version(connection) == 2
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_older_file_gets_only_what_it_lacks_and_keeps_its_rows(tmp_path):
    path = tmp_path / "x.sqlite"
    with closing(sqlite.open_database(path, (FIRST,))) as connection:
        connection.execute("INSERT INTO a VALUES (1)")
    with closing(sqlite.open_database(path, (FIRST, SECOND))) as connection:
        assert tables(connection) == ["a", "b", "c"]
        assert connection.execute("SELECT x FROM a").fetchall() == [(1,)]


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path):
    path = tmp_path / "x.sqlite"
    with pytest.raises(sqlite3.OperationalError):
        sqlite.open_database(path, (FIRST, BROKEN))
    with closing(sqlite3.connect(path)) as connection:
        assert tables(connection) == []
        assert sqlite.schema_version(connection) == 0


def test_a_newer_file_is_refused_untouched(tmp_path):
    path = tmp_path / "x.sqlite"
    sqlite.open_database(path, (FIRST, SECOND)).close()
    with pytest.raises(sqlite.SchemaError, match="newer"):
        sqlite.open_database(path, (FIRST,))


def test_a_transaction_is_all_or_nothing(tmp_path):
    with closing(sqlite.open_database(tmp_path / "x.sqlite", (FIRST,))) as connection:
        with pytest.raises(KeyError), sqlite.transaction(connection):
            connection.execute("INSERT INTO a VALUES (1)")
            raise KeyError
        assert connection.execute("SELECT count(*) FROM a").fetchone() == (0,)
        with sqlite.transaction(connection):
            connection.execute("INSERT INTO a VALUES (1)")
        assert connection.execute("SELECT count(*) FROM a").fetchone() == (1,)


def test_a_reader_sees_but_can_not_change(tmp_path):
    path = tmp_path / "a name with ? and #.sqlite"
    with closing(sqlite.open_database(path, (FIRST,))) as writer:
        writer.execute("INSERT INTO a VALUES (1)")
        with closing(sqlite.open_readonly(path)) as reader:
            assert reader.execute("SELECT x FROM a").fetchall() == [(1,)]
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reader.execute("INSERT INTO a VALUES (2)")


def test_a_reader_makes_no_file(tmp_path):
    with pytest.raises(sqlite3.OperationalError):
        sqlite.open_readonly(tmp_path / "none.sqlite").execute("SELECT 1 FROM a")
    assert list(tmp_path.iterdir()) == []
