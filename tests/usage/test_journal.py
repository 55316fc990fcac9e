"""The journal: what it was given is in the file or in memory or counted, and nothing is ever raised."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from fastproxy.usage import journal as module
from fastproxy.usage import segments
from fastproxy.usage.journal import Journal
from fastproxy.usage.segments import Segment


def written(directory: Path) -> list[str]:
    """The request ids in all segments, sorted."""
    ids: list[str] = []
    for path in segments.listing(directory):
        with Segment(path) as segment:
            ids += [record.request_id for batch in segment.batches(0, 1 << 40) for record in batch.records]
    return sorted(ids)


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "usage")
    yield made
    made.close()


def test_a_record_is_in_the_file_when_append_returns(journal, tmp_path, make_record):
    journal.append(make_record(request_id="a"))
    (path,) = segments.listing(tmp_path / "usage")
    assert path.read_bytes().endswith(b"\n")
    assert orjson.loads(path.read_bytes())["request_id"] == "a"


def test_each_record_is_one_write(journal, make_record, monkeypatch):
    journal.append(make_record())
    writes: list[bytes] = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(data) or real(fd, data))
    for _ in range(3):
        journal.append(make_record())
    monkeypatch.undo()
    assert len(writes) == 3
    assert all(data.count(b"\n") == 1 for data in writes)


def test_files_are_for_their_owner_only_and_are_not_inherited(journal, tmp_path, make_record):
    journal.append(make_record())
    (path,) = segments.listing(tmp_path / "usage")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "usage").stat().st_mode) == 0o700
    assert not os.get_inheritable(journal._fd)


def test_a_full_segment_is_left_for_another(tmp_path, make_record):
    journal = Journal(tmp_path, segment_bytes=1000)
    for number in range(9):
        journal.append(make_record(request_id=str(number)))
    journal.close()
    assert len(segments.listing(tmp_path)) >= 3
    assert written(tmp_path) == list("012345678")


def test_a_lone_surrogate_in_a_name_is_replaced_and_the_rest_kept(journal, tmp_path, make_record):
    journal.append(make_record(request_id="odd", requested_model="x\ud800"))
    assert written(tmp_path / "usage") == ["odd"]
    assert journal.lost == 0


def test_a_model_name_of_a_megabyte_does_not_become_a_line_of_a_megabyte(journal, tmp_path, make_record):
    journal.append(make_record(request_id="long", requested_model="\x01" * 1_000_000, session="\x02" * 1_000_000))
    (path,) = segments.listing(tmp_path / "usage")
    assert path.stat().st_size < segments.READ_BYTES
    assert written(tmp_path / "usage") == ["long"]


def test_the_longest_line_fits_the_reader(journal, tmp_path, make_record):
    texts = ("client", "format", "endpoint", "provider", "account", "requested_model", "model", "session", "error")
    journal.append(make_record(request_id="\x01" * 9999, **dict.fromkeys(texts, "\x01" * 9999)))
    (path,) = segments.listing(tmp_path / "usage")
    assert 4096 < path.stat().st_size < segments.READ_BYTES


def test_what_can_not_be_encoded_at_all_is_counted_and_nothing_is_raised(journal, make_record):
    journal.append(make_record(session=object()))
    assert (journal.lost, journal.backlog) == (1, 0)


def test_a_directory_that_can_not_be_made_is_waited_for(tmp_path, make_record):
    blocked = tmp_path / "file"
    blocked.touch()
    journal = Journal(blocked / "usage")
    for number in range(3):
        journal.append(make_record(request_id=str(number)))
    assert (journal.errors, journal.backlog, journal.lost) == (3, 3, 0)
    assert "directory" in journal.last_error
    blocked.unlink()
    journal.append(make_record(request_id="3"))
    assert (journal.backlog, journal.lost) == (0, 0)
    journal.close()
    assert written(blocked / "usage") == ["0", "1", "2", "3"]


def test_memory_is_bounded_and_what_does_not_fit_is_counted(tmp_path, make_record, monkeypatch):
    monkeypatch.setattr(module, "BACKLOG_RECORDS", 5)
    blocked = tmp_path / "file"
    blocked.touch()
    journal = Journal(blocked / "usage")
    for _ in range(8):
        journal.append(make_record())
    assert (journal.backlog, journal.lost) == (5, 3)


def test_a_long_backlog_is_written_in_pieces(tmp_path, make_record):
    blocked = tmp_path / "file"
    blocked.touch()
    journal = Journal(blocked / "usage")
    for number in range(300):
        journal.append(make_record(request_id=f"{number:03}"))
    blocked.unlink()
    journal.flush()
    assert journal.backlog == 300 - module.FLUSH_RECORDS
    journal.close()
    assert journal.backlog == 0
    assert written(blocked / "usage") == [f"{number:03}" for number in range(300)]


def test_a_lost_descriptor_costs_no_record(journal, tmp_path, make_record):
    journal.append(make_record(request_id="a"))
    os.close(journal._fd)
    journal.append(make_record(request_id="b"))
    assert (journal.errors, journal.backlog) == (1, 1)
    journal.append(make_record(request_id="c"))
    assert (journal.backlog, journal.lost) == (0, 0)
    assert written(tmp_path / "usage") == ["a", "b", "c"]


def test_a_removed_segment_is_noticed_at_the_next_flush(journal, tmp_path, make_record):
    journal.append(make_record(request_id="a"))
    for path in segments.listing(tmp_path / "usage"):
        path.unlink()
    journal.flush()
    journal.append(make_record(request_id="b"))
    assert written(tmp_path / "usage") == ["b"]


def test_a_short_write_leaves_only_whole_lines_and_writes_the_rest_later(journal, tmp_path, make_record, monkeypatch):
    journal.append(make_record(request_id="a"))
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[: len(data) - 7]))
    journal.append(make_record(request_id="b"))
    assert (journal.errors, journal.backlog) == (1, 1)
    (path,) = segments.listing(tmp_path / "usage")
    assert path.read_bytes().count(b"\n") == 1
    assert path.read_bytes().endswith(b"\n")
    journal.append(make_record(request_id="c"))  # b and c in one write, cut short within c
    monkeypatch.undo()
    assert journal.backlog == 1
    journal.flush()
    assert written(tmp_path / "usage") == ["a", "b", "c"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from fastproxy.usage.journal import Journal
from fastproxy.usage.record import UsageRecord

journal = Journal(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))
for number in range(200):
    journal.append(UsageRecord(at=1.0, request_id=f"{number:03}", model="m" * 50))
full = (journal.errors > 0, journal.lost, journal.backlog > 100)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
while journal.backlog:
    journal.flush()
journal.append(UsageRecord(at=1.0, request_id="200"))
journal.close()
print(full, journal.lost, journal.backlog)
"""


def test_a_full_disk_fails_nothing_and_everything_is_there_once_it_has_room(tmp_path):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "(True, 0, True) 0 0"
    assert written(tmp_path) == [f"{number:03}" for number in range(201)]


KILLED = """
import sys, time
from pathlib import Path
from fastproxy.usage.journal import Journal
from fastproxy.usage.record import UsageRecord

journal = Journal(Path(sys.argv[1]))
for number in range(500):
    journal.append(UsageRecord(at=1.0, request_id=f"{number:03}"))
print("written", flush=True)
time.sleep(60)
"""


def test_kill_9_after_n_appends_leaves_n_records(tmp_path):
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    assert written(tmp_path) == [f"{number:03}" for number in range(500)]
