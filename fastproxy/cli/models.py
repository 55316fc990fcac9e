"""`fastproxy models`: every id that a client may ask for. Asks the providers, never changes anything."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy.cli.output import Json, note, say, write_json
from fastproxy.cli.places import Config, load_whole

if TYPE_CHECKING:
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

    snapshot = load_whole(config)
    catalog: Catalog = {} if offline else asyncio.run(_ask(snapshot))
    ids = routing.models(snapshot, catalog)
    if as_json:
        write_json(ids)
        return
    for each in ids:
        say(each)
    unlisted = [name for name, provider in snapshot.providers.items() if provider.discover and name not in catalog]
    if unlisted and not offline:
        note(f"no list from: {', '.join(unlisted)}; their models work as provider/model")


async def _ask(snapshot: "Snapshot") -> "Catalog":
    from fastproxy.upstream.catalog import Catalog  # noqa: PLC0415 - brings aiohttp, which other commands don't need

    catalog = Catalog()
    await catalog.refresh(snapshot)
    await catalog.close()
    return catalog.models
