"""What a worker has learned of its accounts and not yet written down. Bounded, and written soon: a crash loses little.

Never: a write for each request. However many refusals there are, SAVE_SECONDS pass from one write to the next.
"""

import asyncio
from collections.abc import Callable, Iterable

from fastproxy.accounts.cooldown import News
from fastproxy.clock import monotonic

MAX_UNSAVED = 4096  # news; beyond that the oldest is forgotten
SAVE_SECONDS = 0.2


class Outbox:
    """write: begins to write what `take` gives, on the event loop, and says whether it could."""

    def __init__(self, write: Callable[[], bool]) -> None:
        self._write = write
        self._news: list[News] = []
        self._timer: asyncio.TimerHandle | None = None
        self._taken_at = float("-inf")

    def __len__(self) -> int:
        return len(self._news)

    def add(self, news: Iterable[News]) -> None:
        """Keep for the next write, whenever that is."""
        self._news.extend(news)
        del self._news[:-MAX_UNSAVED]

    def send(self, news: Iterable[News]) -> None:
        """Keep, and have it written as soon as may be. For the event loop."""
        news = tuple(news)
        self.add(news)
        if news and self._timer is None:
            self._wait(max(0.0, self._taken_at + SAVE_SECONDS - monotonic()))

    def take(self) -> list[News]:
        """All of it, which is then the caller's to write or to put back."""
        self._taken_at = monotonic()
        news, self._news = self._news, []
        return news

    def put_back(self, news: list[News]) -> None:
        """What could not be written, before what has come since."""
        self._news = (news + self._news)[-MAX_UNSAVED:]

    def close(self) -> None:
        """Begin no more writes."""
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._news and not self._write():
            self._wait(SAVE_SECONDS)
