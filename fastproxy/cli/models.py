"""`fastproxy models`: every id that a client may ask for. Asks the providers, never changes anything."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy.cli.output import Json, note, say, write_json
from fastproxy.cli.places import Config, account_keeper

if TYPE_CHECKING:
    from fastproxy.accounts.keeper import Keeper
    from fastproxy.routing import Catalog
    from fastproxy.snapshot import Snapshot


def models(
    *,
    config: Config = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no provider for its list.")] = False,
    as_json: Json = False,
) -> None:
    """List the models that clients can ask for, as `provider/model`, aliases first."""
    from fastproxy import routing  # noqa: PLC0415 - `fastproxy serve` brings its own

    with account_keeper(config) as (configured, keeper):
        snapshot = keeper.whole(configured)
        catalog: Catalog = {} if offline else asyncio.run(_ask(snapshot, keeper))
    ids = routing.models(snapshot, catalog)
    if as_json:
        write_json(ids)
        return
    for each in ids:
        say(each)
    unlisted = [name for name, provider in snapshot.providers.items() if provider.discover and name not in catalog]
    if unlisted and not offline:
        note(f"no list from: {', '.join(unlisted)}; their models work as provider/model")


async def _ask(snapshot: "Snapshot", keeper: "Keeper") -> "Catalog":
    from fastproxy.upstream.catalog import Catalog  # noqa: PLC0415 - brings aiohttp, which other commands don't need

    catalog = Catalog(keeper.any_fresh)
    await catalog.refresh(snapshot)
    await catalog.close()
    await keeper.close()  # what was learned is written down
    return catalog.models
