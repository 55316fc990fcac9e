"""How long something that failed is left alone: each failure in a row doubles the wait. Monotonic seconds, no I/O."""

from typing import NamedTuple

from fastproxy.clock import monotonic

BACKOFF_SECONDS = (30.0, 300.0)  # the first wait, and the longest
TOLD_SECONDS = 3600.0  # the longest that was asked for: some hosts name a date in another century


class Backoff(NamedTuple):
    """Until when (monotonic seconds), and how long that wait is."""

    until: float
    seconds: float


class Backoffs:
    """Of several accounts, by id."""

    def __init__(self) -> None:
        self._by_id: dict[str, Backoff] = {}

    def is_over(self, account_id: str) -> bool:
        """Whether it may be tried now."""
        backoff = self._by_id.get(account_id)
        return backoff is None or monotonic() >= backoff.until

    def left_seconds(self, account_id: str) -> float | None:
        """How long until it may be tried, at least a second; None where nothing has failed."""
        backoff = self._by_id.get(account_id)
        return None if backoff is None else max(1.0, backoff.until - monotonic())

    def failed(self, account_id: str, told_seconds: float | None = None) -> float:
        """Wait from now on: how long. told_seconds: what was asked for, at least (up to TOLD_SECONDS)."""
        first, longest = BACKOFF_SECONDS
        before = self._by_id.get(account_id)
        seconds = max(min(before.seconds * 2, longest) if before else first, min(told_seconds or 0.0, TOLD_SECONDS))
        self._by_id[account_id] = Backoff(monotonic() + seconds, seconds)
        return seconds

    def pause(self, account_id: str) -> None:
        """Wait for the first time, although nothing failed."""
        self.ended(account_id)
        self.failed(account_id)

    def ended(self, account_id: str) -> None:
        """It went well: the next failure is the first one."""
        self._by_id.pop(account_id, None)
