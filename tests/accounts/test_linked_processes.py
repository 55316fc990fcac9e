"""One login, several processes: renewals at once, writers that are killed, a tool that knows no lock of ours."""

import os
import random
import signal
from pathlib import Path

import orjson
import pytest

from fastproxy import clock
from fastproxy.accounts.login import AccountError
from support.credentials import claude_body, codex_body
from support.forks import fork, forked, succeeded
from support.linking import link, refresh_of, renewed

KILLS = 20


def test_only_one_at_a_time_is_within_the_lock_and_a_killed_one_frees_it(file: Path, state: Path) -> None:
    def hold() -> None:
        with link(file, state).locked(5.0):
            (state / "held").touch()
            clock.pause(60.0)

    with forked(hold) as pid:
        while not (state / "held").exists():
            clock.pause(0.01)
        with pytest.raises(AccountError, match="being renewed by another process"), link(file, state).locked(0.2):
            pass
        os.kill(pid, signal.SIGKILL)
        with link(file, state).locked(5.0):
            pass


def test_all_names_of_one_file_mean_one_lock(file: Path, state: Path, tmp_path: Path) -> None:
    name = tmp_path / "other.json"
    name.symlink_to(file)
    with (
        link(file, state).locked(1.0),
        pytest.raises(AccountError, match="another process"),
        link(name, state).locked(0.1),
    ):
        pass


def test_the_tools_own_lock_is_held_and_waited_for(tmp_path: Path, state: Path) -> None:
    file = tmp_path / ".claude" / ".credentials.json"
    file.parent.mkdir()
    file.write_bytes(claude_body())
    with link(file, state, "claude-code").locked(1.0):
        assert (tmp_path / ".claude" / ".oauth_refresh.lock").is_dir()
        assert (tmp_path / ".claude.lock").is_dir()
    assert not (tmp_path / ".claude.lock").exists()
    (tmp_path / ".claude.lock").mkdir()
    with pytest.raises(AccountError, match="another process"), link(file, state, "claude-code").locked(0.2):
        pass


def test_processes_that_renew_at_once_lose_no_rotation(file: Path, state: Path) -> None:
    """Each spends the token that the one before it has kept: a single lost write would break the chain."""
    processes, rounds = 5, 6

    def renew() -> None:
        mine = link(file, state)
        for _ in range(rounds):
            with mine.locked(30.0):
                used = mine.login()
                number = int(refresh_of(used).removeprefix("rt-"))
                with (state / "spent").open("a") as spent:
                    spent.write(f"{number}\n")
                mine.write_back(used, renewed(number + 1))

    started = [fork(renew) for _ in range(processes)]
    assert [succeeded(pid) for pid in started] == [True] * processes
    total = processes * rounds
    assert (state / "spent").read_text().split() == [str(number) for number in range(1, total + 1)]
    assert refresh_of(link(file, state).login()) == f"rt-{total + 1}"


def test_the_file_is_whole_and_its_login_the_last_one_whenever_the_writer_is_killed(file: Path, state: Path) -> None:
    chance, kept = random.Random(4), 0  # noqa: S311 - the same moments each time
    for _ in range(KILLS):
        done, tell = os.pipe()

        def renew_for_ever(tell: int = tell) -> None:
            mine = link(file, state)
            while True:
                with mine.locked(5.0):
                    used = mine.login()
                    number = int(refresh_of(used).removeprefix("rt-")) + 1
                    mine.write_back(used, renewed(number))
                    os.write(tell, b"%d\n" % number)

        with forked(renew_for_ever) as pid:
            os.close(tell)
            told = os.read(done, 4096)
            clock.pause(chance.random() * 0.03)
            os.kill(pid, signal.SIGKILL)
            while more := os.read(done, 65536):
                told += more
        os.close(done)
        last = int(told.split()[-1])
        kept = int(refresh_of(link(file, state).login()).removeprefix("rt-"))
        assert kept in (last, last + 1), "what write_back returned from must be on the disk"
        assert orjson.loads(file.read_bytes())["tokens"]["account_id"] == "acc-7"
    assert kept > KILLS
    assert not list(state.rglob("*.sealed"))


def test_a_reader_never_sees_half_a_file_while_we_write(file: Path, state: Path) -> None:
    def renew_for_ever() -> None:
        mine = link(file, state)
        for number in range(2, 10**6):
            mine.write_back(mine.login(), renewed(number))

    with forked(renew_for_ever):
        give_up_at = clock.monotonic() + 20.0
        seen: set[str] = set()
        while len(seen) < 50 and clock.monotonic() < give_up_at:
            seen.add(orjson.loads(file.read_bytes())["tokens"]["refresh_token"])
    assert len(seen) == 50


def test_a_tool_that_writes_in_place_all_the_time_is_never_left_with_half_a_file(file: Path, state: Path) -> None:
    def tool() -> None:
        for number in range(200):
            with file.open("r+b") as open_file:
                body = codex_body("at-tool", f"rt-tool-{number}")
                open_file.truncate(0)
                open_file.write(body[:200])
                open_file.flush()
                clock.pause(0.001)
                open_file.write(body[200:])
            clock.pause(0.003)

    pid, mine = fork(tool), link(file, state)
    for number in range(30):
        with mine.locked(5.0):
            mine.write_back(mine.login(patience_seconds=10.0), renewed(number + 2))
    assert succeeded(pid)
    assert refresh_of(link(file, state).login(patience_seconds=10.0)).startswith("rt-")
