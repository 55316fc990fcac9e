"""What a backend wants to know of a login besides its token, where the login's file does not say: asked when needed.

One question at a time for each account, however many requests wait for it; where nobody tells, the requests go without.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from fastproxy.accounts.backoff import Backoffs
from fastproxy.errors import Fault
from fastproxy.snapshot import Account

logger = logging.getLogger(__name__)

AskFacts = Callable[[Account], Awaitable[Mapping[str, str]]]
"""Of an account whose token is good: as `Account.facts`, {} where it can't be asked for. Raises: Fault."""


async def nobody_tells(_account: Account) -> Mapping[str, str]:
    """Where no vendor may be asked."""
    return {}


class Facts:
    """Of the accounts of one worker."""

    def __init__(self, ask: AskFacts) -> None:
        self._ask = ask
        self._backoffs = Backoffs()
        self._asking: dict[str, asyncio.Task[Mapping[str, str]]] = {}

    async def of(self, account: Account, wait_seconds: float | None = None) -> Mapping[str, str] | None:
        """What is told of it; {} where that failed or has failed lately; None where nothing was told so soon.

        wait_seconds: for the answer, which is waited for by others all the same; None: to its end.
        """
        task = self._asking.get(account.id)
        if task is None or task.done():
            if not self._backoffs.is_over(account.id):
                return {}
            task = self._asking[account.id] = asyncio.get_running_loop().create_task(self._answer(account))
        done, _ = await asyncio.wait({task}, timeout=wait_seconds)
        return task.result() if done else None

    def is_asking(self, account_id: str) -> bool:
        """Whether an answer is still to come."""
        task = self._asking.get(account_id)
        return task is not None and not task.done()

    def close(self) -> None:
        for task in self._asking.values():
            task.cancel()

    async def _answer(self, account: Account) -> Mapping[str, str]:
        try:
            facts = await self._ask(account)
        except Fault as fault:
            seconds = self._backoffs.failed(account.id)
            logger.warning("%s: %s; asked again after %.0f s", account.id, fault.message, seconds)
            return {}
        self._backoffs.ended(account.id)
        return facts
