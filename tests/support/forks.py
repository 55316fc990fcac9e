"""Second processes that run a function of the test: real ones, without the cost of starting an interpreter."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


def fork(run: Callable[[], None]) -> int:
    """The pid of a process that runs `run` and ends with 0, or with 1 when it raised."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        run()
        code = 0
    finally:
        os._exit(code)


@contextmanager
def forked(run: Callable[[], None]) -> Iterator[int]:
    """A process for the time of the block. After it, the process has ended by itself or is killed."""
    pid = fork(run)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def succeeded(pid: int) -> bool:
    """Waits for a process of `fork`."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
