"""Time as a value that is handed in. The only module that imports `time`.

Wall-clock times end in `_at` (seconds since the epoch) and may be stored. Monotonic times never leave the process.
"""

import time
from typing import Protocol

wall = time.time
monotonic = time.monotonic


class Perishable(Protocol):
    """Something that may wait too long."""

    def expire(self, now: float) -> None:
        """Act if the wait is over. now: monotonic seconds. Must not raise and must not block."""


class Sweep:
    """Everything that may wait too long, looked at once a second.

    One pass over live objects replaces a timer per read: 0.05 us per object and second, against 1.5 us for each
    `call_later` and `cancel` (reference: docs/architecture.md, "Watchdogs"). Deadlines are therefore kept to the second.
    """

    def __init__(self) -> None:
        self._live: set[Perishable] = set()

    def __len__(self) -> int:
        return len(self._live)

    def add(self, waiting: Perishable) -> None:
        self._live.add(waiting)

    def discard(self, waiting: Perishable) -> None:
        self._live.discard(waiting)

    def run(self, now: float) -> None:
        for waiting in tuple(self._live):
            waiting.expire(now)
