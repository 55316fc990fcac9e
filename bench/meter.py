"""What a process of this machine has used: CPU time and memory, read from outside. Linux only."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time, kernel and user, of all threads of these processes, ended threads too.

    A process's CPU clock is numbered (~pid << 3) | 2 and counts to the nanosecond what /proc/PID/task/*/schedstat
    counts for living threads. Source: clock_getcpuclockid(3), include/linux/posix-timers.h (CPUCLOCK_SCHED).
    """
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def memory_bytes(pids: Iterable[int]) -> int:
    """Resident memory of these processes."""
    return sum(int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE_BYTES for pid in pids)


def io_calls(pid: int) -> tuple[int, int]:
    """How many read and how many write system calls the process's first thread has made, where its event loop runs.

    recv and send are not among them; uvloop uses neither.
    """
    fields = dict(line.split(b": ") for line in Path(f"/proc/{pid}/task/{pid}/io").read_bytes().splitlines())
    return int(fields[b"syscr"]), int(fields[b"syscw"])
