"""The parent of several workers, as real processes: it replaces, forwards, gives up, and ends with them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

PROGRAM = """
import logging, os, signal, sys, time
from pathlib import Path
from fastproxy import supervisor

directory, kind = Path(sys.argv[1]), sys.argv[2]
logging.basicConfig()
supervisor.PAUSE_SECONDS = float(sys.argv[3])

def note(name):
    with (directory / name).open("a") as file:
        file.write(f"{os.getpid()}\\n")

def obey(index):
    def stop(number, frame):
        note(f"stopped-{index}")
        sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, lambda *_: note(f"reloaded-{index}"))
    note(f"started-{index}")
    while True:
        time.sleep(60)

def fail():
    note("failed")
    return 3

def finish():
    note("finished")
    return 0

works = {
    "obey": [lambda: obey(0), lambda: obey(1)],
    "fail": [fail],
    "finish": [finish, finish],
    "mixed": [lambda: obey(0), fail],
}[kind]
sys.exit(supervisor.supervise(works, lambda: note("announced")))
"""
WAIT_SECONDS = 10.0


class Parent:
    """A supervisor process and what its workers have noted."""

    def __init__(self, directory: Path, kind: str, pause_seconds: float) -> None:
        self.directory = directory
        command = [sys.executable, "-c", PROGRAM, str(directory), kind, str(pause_seconds)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)

    def noted(self, name: str) -> list[int]:
        file = self.directory / name
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def wait(self, name: str, count: int) -> list[int]:
        """The pids that have noted `name`, once there are that many."""
        self.until(lambda: len(self.noted(name)) >= count)
        return self.noted(name)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = monotonic() + WAIT_SECONDS
        while not condition():
            assert monotonic() < deadline, "it did not happen in time"
            sleep(0.01)

    def end(self) -> int:
        return self.process.wait(WAIT_SECONDS)


Start = Callable[..., Parent]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    parents: list[Parent] = []

    def begin(kind: str, pause_seconds: float = 0.01) -> Parent:
        parents.append(Parent(tmp_path, kind, pause_seconds))
        return parents[-1]

    yield begin
    for parent in parents:
        for index in range(2):
            for pid in parent.noted(f"started-{index}"):
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)
        if parent.process.poll() is None:
            parent.process.kill()
        parent.process.communicate(timeout=WAIT_SECONDS)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_that_end_well_end_the_parent(start: Start):
    parent = start("finish")
    assert parent.end() == 0
    assert parent.noted("announced") == [parent.process.pid]
    assert len(parent.noted("finished")) == 2


def test_a_worker_that_dies_is_replaced_and_the_other_is_left_alone(start: Start):
    parent = start("obey")
    [first], [other] = parent.wait("started-0", 1), parent.wait("started-1", 1)
    os.kill(first, signal.SIGKILL)
    second = parent.wait("started-0", 2)[1]
    assert second != first
    assert is_alive(other)
    assert parent.noted("started-1") == [other]
    parent.process.terminate()
    assert parent.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_reaches_every_worker_as_sigterm(start: Start, number: signal.Signals):
    parent = start("obey")
    workers = parent.wait("started-0", 1) + parent.wait("started-1", 1)
    parent.process.send_signal(number)
    assert parent.end() == 0
    assert parent.noted("stopped-0") + parent.noted("stopped-1") == workers
    assert not any(map(is_alive, workers))


def test_a_reload_reaches_every_worker_and_ends_none(start: Start):
    parent = start("obey")
    workers = parent.wait("started-0", 1) + parent.wait("started-1", 1)
    parent.process.send_signal(signal.SIGHUP)
    assert parent.wait("reloaded-0", 1) + parent.wait("reloaded-1", 1) == workers
    assert parent.process.poll() is None
    parent.process.terminate()
    assert parent.end() == 0


def test_workers_that_keep_dying_are_given_up(start: Start):
    parent = start("fail")
    assert parent.end() == 1
    assert len(parent.noted("failed")) == 5
    _, log = parent.process.communicate()
    assert log.count(b"ended with 3 and is replaced") == 4


def test_giving_up_stops_the_workers_that_are_well(start: Start):
    parent = start("mixed")
    assert parent.end() == 1
    assert len(parent.noted("stopped-0")) == 1


def test_a_stop_while_a_replacement_is_due_starts_none(start: Start):
    parent = start("mixed", pause_seconds=1.0)
    parent.wait("failed", 1)
    parent.wait("started-0", 1)
    sleep(0.1)
    parent.process.terminate()
    assert parent.end() == 0
    assert len(parent.noted("failed")) == 1
