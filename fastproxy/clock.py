"""Time as a value that is handed in. The only module that imports `time`.

Wall-clock times end in `_at` (seconds since the epoch) and may be stored. Monotonic times never leave the process.
"""

import time
from typing import Protocol

wall = time.time  # noqa: TID251 - the one place
monotonic = time.monotonic
pause = time.sleep  # for processes without an event loop


class Perishable(Protocol):
    """Something that may wait too long."""

    def expire(self, now: float) -> None:
        """Act if the wait is over. now: monotonic seconds. Must not raise and must not block."""


class Sweep:
    """Everything that may wait too long, looked at once a second.

    One pass over live objects replaces a timer per read, set and cancelled for every event of a stream. Deadlines are
    therefore kept to the second.
    """

    def __init__(self) -> None:
        self._live: set[Perishable] = set()
        self.add = self._live.add  # the set's own methods: every exchange calls each of them twice
        self.discard = self._live.discard

    def __len__(self) -> int:
        return len(self._live)

    def run(self, now: float) -> None:
        for waiting in tuple(self._live):
            waiting.expire(now)
