"""The ledger: each record is in the database once, whatever happens to processes, disks and databases meanwhile."""

import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing

import msgspec
import pytest

from fastproxy import clock
from fastproxy.usage import segments, store
from fastproxy.usage.journal import Journal
from fastproxy.usage.record import UsageRecord
from fastproxy.usage.store import DATABASE, Ledger


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path, retention_days=100_000)
    yield made
    made.release()


def test_the_table_has_a_column_for_every_field_in_order(tmp_path, ledger):
    ledger.fold()
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        columns = tuple(row[1] for row in connection.execute("PRAGMA table_info(usage)"))
        plan = connection.execute("EXPLAIN QUERY PLAN SELECT * FROM usage WHERE at > 1").fetchall()
    assert columns == UsageRecord.__struct_fields__
    assert "usage_at" in str(plan)


def test_a_record_is_stored_field_by_field(tmp_path, journal, ledger, make_record):
    full, sparse = make_record(outcome="failed", error="timeout"), UsageRecord(at=2e9, request_id="sparse")
    journal.append(full)
    journal.append(sparse)
    assert ledger.fold() == 2
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        rows = connection.execute("SELECT * FROM usage ORDER BY at").fetchall()
    assert rows == [msgspec.structs.astuple(full), msgspec.structs.astuple(sparse)]


def test_the_database_is_for_its_owner_only(tmp_path, journal, ledger, make_record):
    journal.append(make_record())
    ledger.fold()
    files = [path for path in tmp_path.iterdir() if path.name.startswith(DATABASE)]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_live_segment_is_folded_as_it_grows_and_kept(tmp_path, journal, ledger, make_record, stored_ids):
    for number in range(3):
        journal.append(make_record(request_id=str(number)))
        assert ledger.fold() == 1
        assert ledger.fold() == 0
    assert stored_ids(tmp_path) == ["0", "1", "2"]
    assert len(segments.listing(tmp_path)) == 1


def test_a_finished_segment_is_folded_and_removed(tmp_path, journal, ledger, make_record, stored_ids):
    journal.append(make_record(request_id="a"))
    ledger.fold()
    journal.append(make_record(request_id="b"))
    journal.close()
    assert ledger.fold() == 1
    assert segments.listing(tmp_path) == []
    assert stored_ids(tmp_path) == ["a", "b"]


def test_a_segment_of_another_process_is_not_folded_twice_when_its_file_comes_back(
    tmp_path, journal, ledger, make_record, stored_ids
):
    journal.append(make_record(request_id="a"))
    (path,) = segments.listing(tmp_path)
    shutil.copy(path, tmp_path / "copy")
    journal.close()
    ledger.fold()
    shutil.copy(tmp_path / "copy", path)  # as a crash between the commit and the removal would leave it
    assert ledger.fold() == 0
    assert segments.listing(tmp_path) == []
    assert stored_ids(tmp_path) == ["a"]


def test_more_than_one_transaction_is_folded_in_one_pass(tmp_path, ledger, make_record, monkeypatch, stored_ids):
    monkeypatch.setattr(store, "FOLD_BYTES", 20_000)
    journal = Journal(tmp_path, segment_bytes=200_000)
    for number in range(1000):
        journal.append(make_record(request_id=f"{number:04}"))
    journal.close()
    assert ledger.fold() == 1000
    assert stored_ids(tmp_path) == [f"{number:04}" for number in range(1000)]


def test_a_torn_line_of_a_dead_process_is_dropped_and_a_broken_one_counted(tmp_path, ledger, stored_ids):
    path = segments.new_path(tmp_path)
    path.write_bytes(b'{"at":1,"request_id":"a"}\nbroken\n{"at":1,"request_id":"b"}\n{"at":1,"requ')
    assert ledger.fold() == 2
    assert ledger.unreadable == 1
    assert stored_ids(tmp_path) == ["a", "b"]
    assert segments.listing(tmp_path) == []


def test_a_locked_database_blocks_nothing_and_is_folded_later(tmp_path, journal, ledger, make_record, stored_ids):
    ledger.fold()
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        journal.append(make_record(request_id="a"))
        assert journal.errors == 0
        started = time.perf_counter()
        assert ledger.fold() == 0
        assert time.perf_counter() - started < 5
        assert ledger.errors == 1
        assert "locked" in ledger.last_error
        other.execute("ROLLBACK")
    assert ledger.fold() == 1
    assert ledger.last_error == ""
    assert stored_ids(tmp_path) == ["a"]


def test_a_broken_database_keeps_the_journal_until_it_is_replaced(tmp_path, journal, ledger, make_record, stored_ids):
    (tmp_path / DATABASE).write_bytes(b"this is no database, but it is long enough to look like one" * 100)
    journal.append(make_record(request_id="a"))
    journal.close()
    for errors in (1, 2):
        assert ledger.fold() == 0
        assert ledger.errors == errors
    assert len(segments.listing(tmp_path)) == 1
    (tmp_path / DATABASE).unlink()
    assert ledger.fold() == 1
    assert stored_ids(tmp_path) == ["a"]


def test_a_newer_database_is_left_alone(tmp_path, journal, ledger, make_record):
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    journal.append(make_record())
    assert ledger.fold() == 0
    assert "newer" in ledger.last_error
    assert len(segments.listing(tmp_path)) == 1


def test_a_database_that_is_taken_away_is_made_again(tmp_path, journal, ledger, make_record, stored_ids):
    journal.append(make_record(request_id="a"))
    ledger.fold()
    for path in tmp_path.glob(f"{DATABASE}*"):
        path.unlink()
    assert ledger.fold() == 1  # the live segment still has it, although it has not grown
    journal.append(make_record(request_id="b"))
    assert ledger.fold() == 1
    assert stored_ids(tmp_path) == ["a", "b"]


def test_old_records_go_at_the_start(tmp_path, journal, make_record, stored_ids):
    journal.append(make_record(request_id="old", at=clock.wall() - 86400 * 401))
    journal.append(make_record(request_id="new", at=clock.wall() - 86400 * 399))
    first = Ledger(tmp_path)
    first.fold()
    first.release()
    second = Ledger(tmp_path)
    second.fold()
    second.release()
    assert stored_ids(tmp_path) == ["new"]


def test_one_of_two_ledgers_folds_and_the_other_takes_over(tmp_path, journal, ledger, make_record):
    other = Ledger(tmp_path, retention_days=100_000)
    ledger.fold()
    journal.append(make_record())
    assert other.fold() == 0
    assert other.errors == 0
    ledger.release()
    assert other.fold() == 1
    other.release()


def test_the_thread_folds_by_itself_and_once_more_at_the_end(tmp_path, journal, make_record, stored_ids):
    ledger = Ledger(tmp_path, interval_seconds=0.01, retention_days=100_000)
    journal.append(make_record(request_id="a"))
    ledger.start()
    deadline = time.monotonic() + 10
    while ledger.folded < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ledger.folded == 1
    journal.append(make_record(request_id="b"))
    journal.close()
    ledger.close()
    assert stored_ids(tmp_path) == ["a", "b"]
    assert segments.listing(tmp_path) == []


def test_closing_a_ledger_that_never_started_is_nothing(tmp_path):
    Ledger(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


WORKER = """
import os, sys
from pathlib import Path
from fastproxy.usage.journal import Journal
from fastproxy.usage.record import UsageRecord
from fastproxy.usage.store import Ledger

directory, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
journal = Journal(directory, segment_bytes=20_000)
ledger = Ledger(directory, interval_seconds=0.005, retention_days=100_000)
ledger.start()
for number in range(count):
    journal.append(UsageRecord(at=1.0, request_id=f"{name}:{number}"))
    os.write(1, b"%d\\n" % number)
journal.close()
ledger.close()
"""


def worker(directory, name, count) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WORKER, str(directory), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def test_two_processes_share_one_database(tmp_path, ledger, stored_ids):
    running = [worker(tmp_path, name, 1500) for name in ("a", "b")]
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    ledger.fold()
    assert stored_ids(tmp_path) == sorted(f"{name}:{number}" for name in ("a", "b") for number in range(1500))
    assert segments.listing(tmp_path) == []


def test_every_record_is_there_once_whenever_the_process_is_killed(tmp_path, ledger, stored_ids):
    """20 processes, each killed at another moment while it appends and folds: every acknowledged append is kept."""
    dice = random.Random(7)  # noqa: S311 - the same moments in every run, as far as a scheduler lets them be
    acknowledged: dict[str, int] = {}
    for name in map(str, range(20)):
        with worker(tmp_path, name, 100_000) as process:
            assert process.stdout is not None
            seen = dice.randrange(1, 1500)
            for _ in range(seen):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            acknowledged[name] = seen + process.stdout.read().count(b"\n")
    ledger.fold()
    stored: dict[str, list[int]] = {}
    for request_id in stored_ids(tmp_path):
        name, number = request_id.split(":")
        stored.setdefault(name, []).append(int(number))
    assert set(stored) == set(acknowledged)
    for name, numbers in stored.items():
        assert sorted(numbers) == list(range(len(numbers)))
        assert len(numbers) in (acknowledged[name], acknowledged[name] + 1)
    assert segments.listing(tmp_path) == []
    assert ledger.unreadable == 0


FULL_DISK = """
import resource, sys
from pathlib import Path
from fastproxy.usage.journal import Journal
from fastproxy.usage.record import UsageRecord
from fastproxy.usage.store import Ledger

journal = Journal(Path(sys.argv[1]))
ledger = Ledger(Path(sys.argv[1]), retention_days=100_000)
ledger.fold()
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))
for number in range(2000):
    journal.append(UsageRecord(at=1.0, request_id=f"{number:04}"))
ledger.fold()
full = (ledger.errors > 0, journal.errors > 0, journal.lost)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.close()
ledger.fold()
ledger.release()
print(full, journal.lost, journal.backlog, ledger.last_error)
"""


def test_a_full_disk_is_counted_and_everything_is_stored_once_it_has_room(tmp_path, stored_ids):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "(True, True, 0) 0 0"
    assert stored_ids(tmp_path) == [f"{number:04}" for number in range(2000)]
