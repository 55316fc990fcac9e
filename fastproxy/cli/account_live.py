"""What account commands ask of vendors, in this process, as a relay would: with its own pool, for a moment."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastproxy.cli.output import CommandError
from fastproxy.cli.places import open_token_store

if TYPE_CHECKING:
    from fastproxy.account_reports import AccountReports
    from fastproxy.accounts.keeper import Keeper
    from fastproxy.asked import View
    from fastproxy.credential_check import Health
    from fastproxy.snapshot import Snapshot


async def limits_asked(snapshot: "Snapshot", keeper: "Keeper") -> list[str]:
    """Have every vendor tell of its accounts' quotas; one line for each account that could not be asked."""
    async with _reports(snapshot, keeper) as (reports, view):
        answered = await reports.answered(view)
    return [f"{one.account.id}: {one.trouble}" for one in answered if one.asked and one.trouble]


async def healths(
    snapshot: "Snapshot", keeper: "Keeper", *, strict: bool, model: str, account: str, told: Callable[[str], None]
) -> "list[Health]":
    """How each account is. Raises: CommandError for an unknown one."""
    from fastproxy.errors import Fault  # noqa: PLC0415 - other commands don't come here

    async with _reports(snapshot, keeper) as (reports, view):
        try:
            return await reports.health(view, strict=strict, model=model, account=account, told=told)
        except Fault as fault:
            raise CommandError(fault.message) from None


@asynccontextmanager
async def _reports(snapshot: "Snapshot", keeper: "Keeper") -> "AsyncIterator[tuple[AccountReports, View]]":
    from fastproxy.access.check import Gate  # noqa: PLC0415 - as above; these bring aiohttp
    from fastproxy.account_reports import AccountReports  # noqa: PLC0415
    from fastproxy.asked import View  # noqa: PLC0415
    from fastproxy.attempts import Attempts  # noqa: PLC0415
    from fastproxy.clock import Sweep  # noqa: PLC0415
    from fastproxy.upstream.pool import Pool  # noqa: PLC0415

    whole = keeper.whole(snapshot)
    pool = Pool(snapshot.upstream, Sweep())
    reports = AccountReports(Attempts(pool, keeper), model_option="--model PROVIDER/MODEL")
    try:
        yield reports, View(whole, Gate(whole, open_token_store()))
    finally:
        await reports.close()
        await pool.close()
        await keeper.close()  # what was learned is written down
