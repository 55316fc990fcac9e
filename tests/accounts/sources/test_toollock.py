"""The lock directories of a vendor's tool, with real second processes."""

import os
import signal
from pathlib import Path

import pytest

from fastproxy import clock
from fastproxy.accounts.sources import toollock
from fastproxy.accounts.sources.toollock import STALE_SECONDS, tool_lock
from support.forks import forked
from support.linking import names


def test_it_is_made_for_as_long_as_the_block_runs(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with tool_lock((one, two), 0.0):
        assert one.is_dir()
        assert two.is_dir()
    assert names(tmp_path) == []


def test_an_error_within_gives_it_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="within"), tool_lock((tmp_path / "one",), 0.0):
        raise ValueError("within")
    assert names(tmp_path) == []


def test_the_tools_lock_is_waited_for(tmp_path: Path) -> None:
    lock = tmp_path / "one"
    lock.mkdir()

    def release() -> None:
        clock.pause(0.3)
        lock.rmdir()

    with forked(release):
        began = clock.monotonic()
        with tool_lock((lock,), 5.0):
            assert 0.2 < clock.monotonic() - began < 2.0


def test_waiting_ends_and_what_was_made_already_goes(tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    with pytest.raises(TimeoutError), tool_lock((tmp_path / "one", tmp_path / "two"), 0.2):
        pass
    assert names(tmp_path) == ["two"]


@pytest.mark.parametrize("age_seconds", [STALE_SECONDS + 5, -STALE_SECONDS - 5])
def test_what_a_killed_process_left_is_taken_over(tmp_path: Path, age_seconds: float) -> None:
    lock = tmp_path / "one"
    lock.mkdir()
    at = clock.wall() - age_seconds
    os.utime(lock, (at, at))
    with tool_lock((lock,), 0.0):
        assert abs(lock.stat().st_mtime - clock.wall()) < 5


def test_an_old_lock_that_can_t_be_removed_is_waited_for_and_given_up(tmp_path: Path) -> None:
    lock = tmp_path / "one"
    (lock / "inside").mkdir(parents=True)
    os.utime(lock, (1.0, 1.0))
    with pytest.raises(TimeoutError), tool_lock((lock,), 0.2):
        pass


def test_a_place_where_it_can_t_be_made_is_left_out(tmp_path: Path) -> None:
    with tool_lock((tmp_path / "absent" / "one", tmp_path / "two"), 0.0):
        assert names(tmp_path) == ["two"]


def test_it_is_kept_young(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toollock, "TOUCH_SECONDS", 0.02)
    lock = tmp_path / "one"
    with tool_lock((lock,), 0.0):
        os.utime(lock, (1.0, 1.0))
        for _ in range(200):
            if lock.stat().st_mtime > 2.0:
                break
            clock.pause(0.01)
        assert clock.wall() - lock.stat().st_mtime < 5


def test_another_s_lock_is_not_taken_away(tmp_path: Path) -> None:
    lock = tmp_path / "one"
    with tool_lock((lock,), 0.0):
        lock.rmdir()
        (tmp_path / "filler").mkdir()
        lock.mkdir()  # the tool's, which took ours for abandoned
        ours_is_gone = lock.stat().st_ino
    assert lock.exists()
    assert lock.stat().st_ino == ours_is_gone


def test_killed_while_holding_it_it_stays_until_it_is_stale(tmp_path: Path) -> None:
    lock = tmp_path / "one"

    def hold() -> None:
        with tool_lock((lock,), 0.0):
            clock.pause(30.0)

    with forked(hold) as pid:
        while not lock.exists():
            clock.pause(0.01)
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(TimeoutError), tool_lock((lock,), 0.2):
        pass
