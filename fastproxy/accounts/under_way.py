"""The renewals that one worker has under way: one at a time for each login, and none too soon after one that failed.

It starts and remembers them; what a renewal does, and what becomes of its result, is the caller's.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine

from fastproxy.accounts.backoff import Backoffs
from fastproxy.accounts.renewal import Renewed

logger = logging.getLogger(__name__)

Run = Callable[[], Coroutine[object, object, Renewed]]


class UnderWay:
    """By id of the account. For one event loop."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Renewed]] = {}
        self._backoffs = Backoffs()

    def __len__(self) -> int:
        return sum(not task.done() for task in self._tasks.values())

    def has(self, account_id: str) -> bool:
        """Whether one is under way."""
        task = self._tasks.get(account_id)
        return task is not None and not task.done()

    def may_begin(self, account_id: str) -> bool:
        """Whether enough time has passed since one failed."""
        return self._backoffs.is_over(account_id)

    def left_seconds(self, account_id: str) -> float | None:
        """How long until the next may begin; None where none has failed."""
        return self._backoffs.left_seconds(account_id)

    def begin(self, account_id: str, run: Run) -> "asyncio.Task[Renewed]":
        """The one that is under way; `run` where there is none."""
        task = self._tasks.get(account_id)
        if task is None or task.done():
            task = self._tasks[account_id] = asyncio.get_running_loop().create_task(run())
        return task

    async def first_over(self, account_ids: Collection[str]) -> str:
        """The first of them that has none under way (any more)."""
        while (over := next((each for each in account_ids if not self.has(each)), None)) is None:
            await asyncio.wait([self._tasks[each] for each in account_ids], return_when=asyncio.FIRST_COMPLETED)
        return over

    def note(self, account_id: str, result: Renewed) -> None:
        """How one has ended, which the log tells too."""
        if result.outcome == "failed":
            seconds = self._backoffs.failed(account_id, result.retry_after_seconds)
            logger.warning("%s: not renewed, next try in %.0f s: %s", account_id, seconds, result.cause)
        else:
            self._backoffs.ended(account_id)
        if result.outcome == "refused":
            logger.error("%s: its login has ended: %s", account_id, result.cause)

    def pause(self, account_id: str) -> None:
        """Nothing came of one that did not fail: without a wait the same would start again, for ever."""
        self._backoffs.pause(account_id)

    def close(self) -> None:
        """Wait for none of them; what they have started goes on by itself."""
        for task in self._tasks.values():
            task.cancel()
