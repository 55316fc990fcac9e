"""Memory and file descriptors of a running process, from /proc."""

import os
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

_SAMPLE_SECONDS = 0.02
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


class PeakMemory:
    """The growth of a process's resident memory while the block runs: `growth_bytes`, at its highest."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stop = Event()
        self._sampler = Thread(target=self._sample, daemon=True)
        self._before = 0
        self._peak = 0

    def __enter__(self) -> Self:
        self._before = self._peak = resident_bytes(self._pid)
        self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._sampler.join()

    @property
    def growth_bytes(self) -> int:
        return self._peak - self._before

    def _sample(self) -> None:
        while not self._stop.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, resident_bytes(self._pid))
