"""Several worker processes under one parent: it forwards signals, replaces workers that die, and serves nothing itself.

Forks before any loop or thread exists. A worker that ends by itself with 0 was told to; any other end is an accident.
"""

import contextlib
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence

from fastproxy.clock import monotonic, pause

logger = logging.getLogger(__name__)

Work = Callable[[], int]

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
ACCIDENTS = 5  # that many within ACCIDENT_SECONDS and the parent gives up: the service manager knows better
ACCIDENT_SECONDS = 10.0
PAUSE_SECONDS = 0.5


class Supervisor:
    """See the module."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._running: dict[int, int] = {}  # pid -> index of its work
        self._accidents: deque[float] = deque(maxlen=ACCIDENTS)
        self._stopping = False

    def run(self, announce: Callable[[], None]) -> int:
        """Until all workers have ended. The exit code: 0, or 1 when they could not be kept alive."""
        for number in SIGNALS:
            signal.signal(number, self._forward)
        for index in range(len(self._works)):
            self._start(index)
        announce()
        failed = False
        while self._running:
            pid, status = os.wait()
            index = self._running.pop(pid, -1)
            if index < 0 or self._stopping or os.waitstatus_to_exitcode(status) == 0:
                continue
            failed = failed or self._is_hopeless()
            if failed:
                self._signal(signal.SIGTERM)
                continue
            logger.error("worker %d ended with %d and is replaced", pid, os.waitstatus_to_exitcode(status))
            pause(PAUSE_SECONDS)
            if not self._stopping:  # a signal may have come meanwhile
                self._start(index)
        return 1 if failed else 0

    def _start(self, index: int) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # so that none comes before the new worker is listed
        pid = os.fork()
        if pid:
            self._running[pid] = index
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            return
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a worker that is just starting has the newest configuration
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        code = 1
        try:
            code = self._works[index]()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _is_hopeless(self) -> bool:
        self._accidents.append(monotonic())
        full = len(self._accidents) == ACCIDENTS
        return full and self._accidents[-1] - self._accidents[0] < ACCIDENT_SECONDS

    def _forward(self, number: int, _frame: object) -> None:
        if number != signal.SIGHUP:
            self._stopping = True
        self._signal(signal.SIGTERM if number == signal.SIGINT else number)

    def _signal(self, number: int) -> None:
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def supervise(works: Sequence[Work], announce: Callable[[], None]) -> int:
    """Run each of `works` in a process of its own until all have ended. announce: called when all have started."""
    return Supervisor(works).run(announce)
