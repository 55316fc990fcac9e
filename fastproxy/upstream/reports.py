"""The usage reports of accounts: asked for when somebody wants them, at most every five minutes, one at a time.

What a vendor has told last is shown for a day while it can't be asked. Must never be waited for by a request for an
answer, and never tell more of a failure than its status.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

from fastproxy.accounts import hints
from fastproxy.accounts.keeper import Keeper
from fastproxy.accounts.report_requests import ReportRequest, report_request
from fastproxy.accounts.reports import Report
from fastproxy.clock import monotonic, wall
from fastproxy.errors import Fault
from fastproxy.snapshot import Account, Snapshot
from fastproxy.upstream.once import OwnRequest, ask

FRESH_SECONDS = 300.0  # with a quarter more or less by chance, so that accounts are not asked all at once
JITTER = 0.25
KEPT_SECONDS = 86400.0
RETRY_SECONDS = 60.0  # after a failure; or as long as the vendor says
LONGEST_RETRY_SECONDS = 3600.0
LOOK_SECONDS = 20.0  # the longest that a caller waits; what comes later is there next time


class Answered(NamedTuple):
    """What is known of one account. report: the last good one, None where there is none. trouble: "" = none.

    asked: whether its provider has reports for it at all.
    """

    account: Account
    report: Report | None
    trouble: str = ""
    asked: bool = True


class _Known:
    """One account's last report and failure. due_at: monotonic seconds, before which nobody asks again."""

    __slots__ = ("alone", "due_at", "is_refused", "report", "trouble")

    def __init__(self) -> None:
        self.alone = asyncio.Lock()
        self.report: Report | None = None
        self.trouble = ""
        self.is_refused = False
        self.due_at = float("-inf")


class ReportError(Exception):
    """Why there is no report; str() is one sentence without a secret.

    retry_after_seconds: as the vendor said. is_refused: whether the credential counts no longer.
    """

    def __init__(self, message: str, *, retry_after_seconds: float | None = None, is_refused: bool = False) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.is_refused = is_refused


class Reports:
    """One per worker."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def all(self, snapshot: Snapshot) -> list[Answered]:
        """What is known of every account, after asking for what is due. Waits LOOK_SECONDS at most. Never raises."""
        accounts = [account for accounts in self._keeper.stock.accounts.values() for account in accounts]
        ids = {account.id for account in accounts}
        self._known = {id_: known for id_, known in self._known.items() if id_ in ids}
        due: dict[str, list[Account]] = defaultdict(list)
        for account in accounts:
            if self._request(account, snapshot) is not None and self._of(account.id).due_at <= monotonic():
                due[account.provider].append(account)
        for provider, rows in due.items():
            running = self._asking.get(provider)
            if running is None or running.done():
                self._asking[provider] = asyncio.create_task(self._ask_each(rows, snapshot))
        running_tasks = [task for task in self._asking.values() if not task.done()]
        if running_tasks:
            await asyncio.wait(running_tasks, timeout=LOOK_SECONDS)
        return [self._answered(account, snapshot) for account in accounts]

    async def live(self, account: Account, snapshot: Snapshot) -> Report | None:
        """A report that is asked for now; None where the provider has none. Raises: ReportError.

        After a failure that the vendor wants time for, that failure.
        """
        if self._request(account, snapshot) is None:
            return None
        known = self._of(account.id)
        async with known.alone:
            if known.trouble and not known.is_refused and known.due_at > monotonic():
                raise ReportError(known.trouble)
            return await self._learn(account, known, snapshot)

    async def close(self) -> None:
        """Stop asking."""
        running = [task for task in self._asking.values() if not task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _learn(self, account: Account, known: _Known, snapshot: Snapshot) -> Report:
        """Raises: ReportError."""
        try:
            report = known.report = await self._ask(account, snapshot)
        except ReportError as error:
            known.trouble, known.is_refused = str(error), error.is_refused
            wait_seconds = max(RETRY_SECONDS, error.retry_after_seconds or 0.0)
            known.due_at = monotonic() + min(wait_seconds, LONGEST_RETRY_SECONDS)
            raise
        known.trouble = ""
        spread = 1.0 + random.uniform(-JITTER, JITTER)  # noqa: S311 - to spread requests, not to hide anything
        known.due_at = monotonic() + FRESH_SECONDS * spread
        self._keeper.reported(report)
        return report

    async def _ask_each(self, accounts: Iterable[Account], snapshot: Snapshot) -> None:
        """One after the other: vendors count requests for reports by address too."""
        for account in accounts:
            try:
                await self.live(account, snapshot)
            except ReportError:
                continue

    async def _ask(self, account: Account, snapshot: Snapshot) -> Report:
        """Raises: ReportError."""
        if account.id in self._keeper.stock.disabled:
            raise ReportError(self._keeper.stock.disabled[account.id], is_refused=True)
        fresh = await self._keeper.fresh(account)
        if fresh is None:
            raise ReportError("its token has ended, and could not be renewed")
        try:
            return await self._asked(fresh, snapshot)
        except ReportError as error:
            renewed = await self._keeper.renewed(fresh) if error.is_refused else None
            if renewed is None:
                raise
        return await self._asked(renewed, snapshot)

    async def _asked(self, account: Account, snapshot: Snapshot) -> Report:
        """Raises: ReportError."""
        request = self._request(account, snapshot)
        if request is None:
            raise ReportError("it has no report any more")
        asked_at = wall()
        own = OwnRequest(request.method, request.url, request.headers, request.body)
        try:
            answer = await ask(own, snapshot.upstream.proxy)
        except Fault as fault:
            raise ReportError(fault.message) from None
        if answer.status == 401:
            raise ReportError("the vendor refuses the token (401)", is_refused=True)
        if answer.status != 200:
            wait_seconds = hints.retry_after(answer.headers.get, "", wall())
            raise ReportError(f"the vendor answered {answer.status}", retry_after_seconds=wait_seconds)
        document = _document(answer.body)
        told = request.read(account.id, document, asked_at)
        return Report(account.id, account.provider, asked_at, told, request.is_whole)

    def _request(self, account: Account, snapshot: Snapshot) -> ReportRequest | None:
        provider = snapshot.providers.get(account.provider)
        if provider is None:
            return None
        return report_request(provider, account, self._keeper.stock.logins.get(account.id))

    def _answered(self, account: Account, snapshot: Snapshot) -> Answered:
        if self._request(account, snapshot) is None:
            return Answered(account, None, asked=False)
        known = self._of(account.id)
        report = known.report
        if report is not None and wall() - report.fetched_at > KEPT_SECONDS:
            report = None
        return Answered(account, report, known.trouble or ("" if report else "it has not been asked yet"))

    def _of(self, account_id: str) -> _Known:
        return self._known.setdefault(account_id, _Known())


def _document(body: bytes) -> Mapping[str, object]:
    """Raises: ReportError."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ReportError("the vendor's report is no JSON") from None
    if not isinstance(document, dict):
        raise ReportError("the vendor's report is no object")
    return document
