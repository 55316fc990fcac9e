"""`fastproxy account list`: every account, its state, and what is left of its quotas. Shows no secret."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy import clock
from fastproxy.cli.account_live import limits_asked
from fastproxy.cli.output import Json, note, write_json, write_table
from fastproxy.cli.places import Config, account_keeper
from fastproxy.cli.times import spoken

if TYPE_CHECKING:
    from fastproxy.accounts.cooldown import Window
    from fastproxy.accounts.pool import Standing

_COLUMNS = ("account", "state", "kind", "serves", "kept in", "token", "quotas")
_BAR_CELLS = 10
_NOTHING = "-"


def list_accounts(
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the vendors how much of their quotas is used.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Show all accounts: those of the configuration, of the store, and of vendors' tools."""
    from fastproxy.accounts.described import described, source_of  # noqa: PLC0415 - other commands don't come here

    with account_keeper(config) as (snapshot, keeper):
        if ask:
            for line in asyncio.run(limits_asked(snapshot, keeper)):
                note(line)
        now = clock.wall()
        standings = keeper.pool.standing(now)
        sources = {account.id: account.source for account in keeper.stock.stored}
    if as_json:
        write_json([described(one, sources) for one in standings])
    elif standings:
        write_table(_COLUMNS, [_row(one, source_of(one.account.id, sources), now) for one in standings])
    else:
        note("there is no account: `fastproxy account import`, `account login PROVIDER` or `account add PROVIDER`")


def _row(standing: "Standing", source: str, now: float) -> tuple[str, ...]:
    account = standing.account
    return (
        account.id,
        "\n".join(_state(standing, now)),
        account.kind,
        account.serves,
        source.partition(":")[0],
        _token(account.expires_at, now),
        "\n".join(_quota(window, now) for window in standing.windows) or _NOTHING,
    )


def _state(standing: "Standing", now: float) -> Iterator[str]:
    from fastproxy.accounts.cooldown import state_of  # noqa: PLC0415 - as above

    state, cause = state_of(standing.disabled, standing.cooldowns)
    if state == "disabled":
        yield f"disabled: {cause}"
        return
    if state == "ready":
        yield state
    for cooldown in standing.cooldowns:
        what = f" for {cooldown.scope.partition(':')[2]}" if cooldown.scope else ""
        yield f"cooling{what}, {spoken(cooldown.until_at - now)}: {cooldown.cause}"


def _token(expires_at: float | None, now: float) -> str:
    if expires_at is None:
        return _NOTHING
    return f"{spoken(expires_at - now)} left" if expires_at > now else "ended"


def _quota(window: "Window", now: float) -> str:
    """For example "5h ████████░░ 80 %, resets in 2 h"."""
    resets = f", resets in {spoken(window.resets_at - now)}" if window.resets_at and window.resets_at > now else ""
    if window.used_fraction is None:
        return f"{window.name} {window.status}{resets}"
    if window.resets_at is not None and window.resets_at <= now:
        return f"{window.name} {bar(0.0)} has reset"
    return f"{window.name} {bar(window.used_fraction)} {window.used_fraction:.0%}{resets}"


def bar(used_fraction: float) -> str:
    """A share as a bar; one that is not empty is never shown as empty, and one that is not full never as full."""
    cells = round(used_fraction * _BAR_CELLS)
    if 0 < used_fraction < 1:
        cells = min(max(cells, 1), _BAR_CELLS - 1)
    return "█" * cells + "░" * (_BAR_CELLS - cells)
