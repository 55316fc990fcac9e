"""Small files: private, replaced in one step, locked among processes, whole after kill -9."""

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fastproxy.storage import files

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for another user")

REPLACE_FOR_EVER = """
import sys
from pathlib import Path
from fastproxy.storage import files
path = Path(sys.argv[1])
print("ready", flush=True)
while True:
    for letter in b"ab":
        files.replace(path, bytes([letter]) * 300_000)
"""
PUBLISH = """
import os, sys
from pathlib import Path
from fastproxy.storage import files
path = Path(sys.argv[1])
content = os.urandom(16).hex().encode()
sys.stdin.readline()
with files.lock(path.with_suffix(".lock"), 30):
    made = files.publish(path, content)
print(content.decode() if made else "late")
"""
HOLD = """
import sys
from pathlib import Path
from fastproxy.storage import files
with files.lock(Path(sys.argv[1]), 30):
    print("held", flush=True)
    sys.stdin.readline()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_file_is_replaced_whole_and_private(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        files.replace(path, b"new" * 100_000)
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new" * 100_000
    assert mode(path) == 0o600
    assert names(tmp_path) == ["x.json"]


def test_mode_and_owner_of_another_file_are_taken(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"old")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)
    old = path.stat()
    files.replace(path, b"new", like=old)
    new = path.stat()
    assert (new.st_mode, new.st_uid, new.st_gid) == (old.st_mode, old.st_uid, old.st_gid)
    assert path.read_bytes() == b"new"


def test_what_the_caller_no_longer_wants_at_the_last_moment_is_not_done(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"theirs")
    assert not files.replace(path, b"ours", only_if=lambda: path.read_bytes() == b"old")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("file", b"theirs")]
    assert files.replace(path, b"ours", only_if=lambda: path.read_bytes() == b"theirs")
    assert path.read_bytes() == b"ours"


@ROOT_ONLY
def test_what_root_makes_belongs_to_the_user_of_the_directory(tmp_path):
    os.chown(tmp_path, 12345, 23456)
    files.replace(tmp_path / "a", b"")
    files.publish(tmp_path / "b", b"")
    with files.lock(tmp_path / "c", 1):
        pass
    assert {(path.stat().st_uid, path.stat().st_gid) for path in tmp_path.iterdir()} == {(12345, 23456)}


def test_a_link_is_not_written_through(tmp_path):
    (tmp_path / "other").write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    (tmp_path / ".x.new").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"):
        files.create_private(tmp_path / "link")
    files.replace(tmp_path / "x", b"ours")
    assert (tmp_path / "other").read_bytes() == b"theirs"
    assert (tmp_path / "x").read_bytes() == b"ours"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
        with pytest.raises(OSError, match="large") as caught:
            files.replace(path, b"n" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert caught.value.errno == errno.EFBIG
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["x"]


def test_a_directory_that_is_not_there_is_an_error(tmp_path):
    for write in (files.replace, files.publish):
        with pytest.raises(FileNotFoundError):
            write(tmp_path / "gone" / "x", b"")


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path):
    path = tmp_path / "x"
    for _ in range(20):
        writer = python(REPLACE_FOR_EVER, path)
        writer.stdout.readline()
        while not path.exists():
            pass
        writer.kill()
        writer.communicate()
        assert path.read_bytes() in (b"a" * 300_000, b"b" * 300_000)
    files.replace(path, b"after")
    assert path.read_bytes() == b"after"
    assert names(tmp_path) == ["x"]


def test_of_many_that_publish_one_wins_and_the_others_know(tmp_path):
    path = tmp_path / "key"
    racers = [python(PUBLISH, path) for _ in range(4)]
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    told = [racer.communicate()[0].strip() for racer in racers]
    assert sorted(told)[1:].count("late") == 3
    assert path.read_text() in told
    assert mode(path) == 0o600


def test_a_lock_keeps_other_processes_out_until_its_holder_ends(tmp_path):
    path = tmp_path / "x.lock"
    holder = python(HOLD, path)
    holder.stdout.readline()
    with pytest.raises(TimeoutError, match="locked by another process"), files.lock(path, 0.05):
        raise AssertionError
    holder.kill()
    holder.communicate()
    with files.lock(path, 5):
        assert mode(path) == 0o600


def test_a_lock_keeps_other_threads_out_too(tmp_path):
    entered = threading.Event()

    def enter() -> None:
        with files.lock(tmp_path / "x.lock", 10):
            entered.set()

    with files.lock(tmp_path / "x.lock", 1):
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.1)
    waiting.join(10)
    assert entered.is_set()


def test_a_stamp_changes_with_the_file_and_is_none_without_one(tmp_path):
    path = tmp_path / "x"
    assert files.stamp(path) is None
    files.replace(path, b"1")
    first = files.stamp(path)
    assert files.stamp(path) == first
    files.replace(path, b"2")
    assert files.stamp(path) not in (None, first)


def test_a_lock_can_be_tried_without_a_wait_and_is_held_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held = files.locked(path)
    assert held is not None
    assert files.locked(path) is None
    os.close(held)
    again = files.locked(path)
    assert again is not None
    os.close(again)
