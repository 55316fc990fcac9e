"""One file for many processes: opened when needed, watched by stat, its troubles told as sentences."""

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from fastproxy.accounts import database
from fastproxy.accounts.database import Database
from fastproxy.accounts.login import AccountError

SCHEMA = (("CREATE TABLE t (x)",),)

WRITE = """
import sys
from pathlib import Path
from fastproxy.accounts.database import Database
database = Database(Path(sys.argv[1]), (("CREATE TABLE t (x)",),))
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        with database.writing(lasting=False) as connection:
            connection.execute("INSERT INTO t VALUES (?)", ("x" * 100,))
    print("written", flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accounts.db"


@pytest.fixture
def opened(path):
    found = Database(path, SCHEMA)
    yield found
    found.close()


@pytest.fixture
def other(path):
    """A second process that writes as many rows as it is told."""
    command = [sys.executable, "-c", WRITE, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()

        def write(rows=1):
            process.stdin.write(f"{rows}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "written\n"

        yield write
        process.stdin.close()


def count(opened):
    with opened.reading() as connection:
        return connection.execute("SELECT count(*) FROM t").fetchone()[0]


def insert(opened, value=1):
    with opened.writing() as connection:
        connection.execute("INSERT INTO t VALUES (?)", (value,))


def settle(opened):
    """As if the last write were long ago, and known."""
    for path in (opened._path, opened._log_path):
        if path.exists():
            status = path.stat()
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 10**9))
    opened.changed()
    assert not opened.changed()


def test_reading_makes_nothing(opened, tmp_path):
    assert count(opened) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_first_write_makes_private_files(opened, tmp_path):
    insert(opened)
    assert count(opened) == 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_write_that_fails_is_taken_back(opened):
    insert(opened)
    with pytest.raises(KeyError), opened.writing() as connection:
        connection.execute("DELETE FROM t")
        raise KeyError
    assert count(opened) == 1


def test_what_must_last_is_synced_and_the_rest_is_not(opened):
    for lasting, level in ((True, 2), (False, 1), (True, 2)):
        with opened.writing(lasting=lasting) as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (level,)


def test_writes_of_another_process_show_and_are_told_once(opened, other):
    insert(opened)
    settle(opened)
    for _ in range(5):
        other()
        assert opened.changed()
        settle(opened)
    assert count(opened) == 6


def test_a_first_write_by_another_process_shows(opened, other):
    assert not opened.changed()
    other()
    assert opened.changed()


def test_a_write_that_our_own_hid_shows(opened, other):
    insert(opened)
    settle(opened)
    other()
    insert(opened)  # whose stamp would be taken for all there is
    settled = opened._stamps()
    opened._seen, opened._settled = settled, True
    assert opened.changed()


def test_a_write_in_the_same_moment_as_the_last_look_shows(opened, other):
    """With the same size and the same stamp, as a log that starts over leaves them."""
    insert(opened)
    opened.changed()
    stamps = opened._seen
    other()
    opened._stamps = lambda: stamps
    assert opened.changed()


def test_a_write_between_our_commit_and_our_look_shows(opened, other):
    insert(opened)
    settle(opened)
    real, looks = opened._stamps, []

    def late():
        looks.append("look")
        if len(looks) == 2:  # the first is before our commit
            other()
        return real()

    opened._stamps = late
    insert(opened)
    opened._settled = True
    assert opened.changed()


def test_our_own_write_is_not_taken_for_anothers(opened):
    insert(opened)
    settle(opened)
    insert(opened)
    assert opened._foreign == opened._told
    opened._settled = True  # the moment has passed
    assert not opened.changed()


def test_no_look_waits_for_a_write(opened):
    insert(opened)
    with opened.writing():
        looked = threading.Thread(target=opened.changed)
        looked.start()
        looked.join(5)
        assert not looked.is_alive()


def test_threads_take_turns(opened):
    def write():
        for _ in range(20):
            insert(opened)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert count(opened) == 80


def test_processes_that_make_the_file_at_once_lose_nothing(opened, path):
    command = [sys.executable, "-c", WRITE, path]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for writer in writers:
        writer.stdin.write("20\n")
        writer.stdin.flush()
    assert [writer.communicate()[0].split() for writer in writers] == [["ready", "written"]] * 3
    assert count(opened) == 60


def test_the_log_stays_small_while_two_processes_write_and_read(opened, other):
    for _ in range(8):
        insert(opened, b"x" * 200_000)
        other(200)
        count(opened)
    size = opened._log_path.stat().st_size
    assert size < 3 * database.WAL_PAGES * 4096


def test_a_file_that_was_restored_is_read_anew(opened, path, tmp_path):
    insert(opened)
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    insert(opened)
    opened._log_path.unlink()
    path.with_name("accounts.db-shm").unlink()
    backup.replace(path)
    assert opened.changed()
    assert count(opened) == 1
    insert(opened)
    assert count(opened) == 2


def test_a_file_that_was_removed_is_made_again(opened, path, tmp_path):
    insert(opened)
    for file in tmp_path.glob("accounts.db*"):
        file.unlink()
    assert count(opened) == 0
    insert(opened)
    assert count(opened) == 1


def test_a_newer_release_s_file_is_not_touched(opened, path):
    insert(opened)
    with opened.writing() as connection:
        connection.execute("PRAGMA user_version = 9")
    opened.close()
    before = path.read_bytes()
    for use in (count, insert):
        with pytest.raises(AccountError, match=r"schema version 9 is newer.*install the newer release again"):
            use(opened)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to have a header" * 40, b"\0" * 4096])
def test_a_file_that_is_no_database_is_not_touched(opened, path, content):
    path.write_bytes(content)
    for use in (count, insert):
        with pytest.raises(AccountError, match="is damaged: restore it, or move it away and log in again"):
            use(opened)
    assert path.read_bytes() == content


def test_a_lock_that_is_held_too_long_is_one_sentence_and_the_next_write_works(opened, path, monkeypatch):
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)
    insert(opened)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(AccountError, match="database is locked"):
            insert(opened)
        assert count(opened) == 1
    insert(opened)
    assert count(opened) == 2


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(opened, path):
    insert(opened)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, limits[1]))
        with pytest.raises(AccountError, match=r"accounts\.db: "):
            insert(opened, b"x" * 200_000)
        assert count(opened) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    insert(opened)
    assert count(opened) == 2


def test_no_room_for_another_page_is_one_sentence_and_nothing_is_lost(opened):
    insert(opened)
    with opened.open() as connection:
        connection.execute("PRAGMA max_page_count = 4")
    with pytest.raises(AccountError, match="database or disk is full"):
        insert(opened, b"x" * 200_000)
    insert(opened)
    assert count(opened) == 2


def test_a_directory_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(AccountError, match="No such file or directory"):
        insert(Database(tmp_path / "gone" / "accounts.db", SCHEMA))


READ_ONLY = """
import os, sys
from pathlib import Path
from fastproxy.accounts.database import Database
from fastproxy.accounts.login import AccountError
if os.geteuid() == 0:  # whom no mode of a directory stops
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
database = Database(Path(sys.argv[1]), (("CREATE TABLE t (x)",),))
with database.reading() as connection:
    print(connection.execute("SELECT count(*) FROM t").fetchone()[0])
try:
    with database.writing():
        print("written")
except AccountError as error:
    print(error)
"""


@pytest.mark.parametrize("present", [True, False])
def test_where_nothing_can_be_written_it_can_still_be_read(present):
    with tempfile.TemporaryDirectory() as name:  # pytest's own are closed to whom root becomes
        directory = Path(name)
        path = directory / "accounts.db"
        if present:
            opened = Database(path, SCHEMA)
            insert(opened)
            opened.close()
            path.chmod(0o644)
        files = sorted(directory.iterdir())
        directory.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, path]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
        assert told == [str(int(present)), f"{path}: Permission denied"]
        assert sorted(directory.iterdir()) == files
        directory.chmod(0o700)
