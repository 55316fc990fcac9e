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
_STOPS = {signal.SIGTERM, signal.SIGINT}
_AWAITED = (*SIGNALS, signal.SIGCHLD)
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
        self._failed = False

    def run(self, announce: Callable[[], None]) -> int:
        """Until all workers have ended. The exit code: 0, or 1 when they could not be kept alive.

        Signals are awaited, not handled: one that comes just before `os.wait` blocks would stay unhandled until a
        worker ends.
        """
        signal.signal(signal.SIGCHLD, lambda *_: None)  # one that is ignored need not be kept for who awaits it
        signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
        for index in range(len(self._works)):
            self._start(index)
        announce()
        while self._running:
            number = signal.sigwait(_AWAITED)
            if number == signal.SIGCHLD:
                self._replace(self._ended())
            else:
                self._forward(number)
        return 1 if self._failed else 0

    def _ended(self) -> list[tuple[int, int]]:
        """(index of its work, exit code) of each worker that has ended since: one signal may stand for several."""
        ended = []
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            index = self._running.pop(pid, None)
            if index is not None:
                ended.append((index, os.waitstatus_to_exitcode(status)))
        return ended

    def _replace(self, ended: list[tuple[int, int]]) -> None:
        for index, code in ended:
            if self._stopping or code == 0:
                continue
            if self._is_hopeless():
                self._failed = True
                self._forward(signal.SIGTERM)
                continue
            logger.error("worker %d ended with %d and is replaced", index, code)
            pause(PAUSE_SECONDS)
            if not _STOPS & signal.sigpending():
                self._start(index)

    def _start(self, index: int) -> None:
        pid = os.fork()
        if pid:
            self._running[pid] = index
            return
        for number in _AWAITED:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a worker that is just starting has the newest configuration
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
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

    def _forward(self, number: int) -> None:
        if number != signal.SIGHUP:
            self._stopping = True
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if number == signal.SIGINT else number)


def supervise(works: Sequence[Work], announce: Callable[[], None]) -> int:
    """Run each of `works` in a process of its own until all have ended. announce: called when all have started."""
    return Supervisor(works).run(announce)
