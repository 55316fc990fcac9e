"""`fastproxy account switch, serve, reset, remove`: what is kept of an account changes. A running relay follows."""

from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy.cli.account_records import configured_id, record_of
from fastproxy.cli.account_terms import Whom
from fastproxy.cli.output import CommandError, note
from fastproxy.cli.places import Config, account_keeper, account_store, load_snapshot

if TYPE_CHECKING:
    from fastproxy.accounts.keeper import Keeper
    from fastproxy.accounts.store import AccountStore
    from fastproxy.accounts.stored import StoredAccount
    from fastproxy.snapshot import Snapshot

Name = Annotated[str, typer.Argument(metavar="ID", help="The account's id, or its label.")]


def switch(account: Name, *, config: Config = None) -> None:
    """Put an account before all others of its provider, which strategy = "priority" goes by."""
    snapshot = load_snapshot(config)
    with account_store(snapshot) as store:
        stored = _stored(snapshot, store, account)
        store.put_first(stored.id)
    note(f"{stored.id} is now the first of {stored.provider}")


def serve(
    account: Name,
    whom: Annotated[Whom, typer.Argument(metavar="own-client|any", help="Its vendor's own client, or any client.")],
    *,
    config: Config = None,
) -> None:
    """Say whom a login may serve from now on."""
    snapshot = load_snapshot(config)
    with account_store(snapshot) as store:
        stored = _stored(snapshot, store, account)
        if whom is Whom.OWN_CLIENT and not record_of(snapshot, stored.provider).own_client:
            raise CommandError(f"{stored.provider} has no client of its own", exit_code=2)
        store.change(stored.id, serves=whom.value)
    note(f"{stored.id} serves {whom.value}")


def reset(
    account: Annotated[str, typer.Argument(metavar="[ID]", help="Its id or label. [default: all accounts]")] = "",
    *,
    config: Config = None,
) -> None:
    """End the rests of one account, or of all: it is asked again although it was told to wait."""
    with account_keeper(config) as (_, keeper):
        ended = keeper.reset(_id_of(keeper, account) if account else None)
    note(f"{'one rest' if ended == 1 else f'{ended} rests'} ended; a running relay follows within two seconds")


def remove(account: Name, *, config: Config = None) -> None:
    """Forget an account and whatever secret of it is kept here. A vendor's file is left as it is."""
    snapshot = load_snapshot(config)
    with account_store(snapshot) as store:
        stored = _stored(snapshot, store, account)
        newer = store.remove(stored.id)
    left = f"; its login is still in {stored.source.partition(':')[2]}" if stored.source else ""
    if newer:
        left += ", where it had not been renewed: log in with its own tool again"
    note(f"{stored.id} is removed{left}")


def _id_of(keeper: "Keeper", name: str) -> str:
    """Of an account that may be anywhere. Raises: CommandError."""
    rows = [one for accounts in keeper.stock.accounts.values() for one in accounts]
    ids = [one.id for one in rows if one.id == name] or [one.id for one in rows if one.label == name]
    if len(ids) != 1:
        reason = f"{name!r} may be any of {', '.join(ids)}" if ids else f"there is no account {name!r}"
        raise CommandError(f"{reason}: `fastproxy account list` tells which there are")
    return ids[0]


def _stored(snapshot: "Snapshot", store: "AccountStore", name: str) -> "StoredAccount":
    """Raises: CommandError for one of the configuration; AccountError for an unknown one."""
    from fastproxy.accounts.holders import account_named  # noqa: PLC0415 - as above

    configured = configured_id(snapshot, store, name)
    if configured:
        provider = configured.partition(":")[0]
        raise CommandError(f"{configured} is in the configuration: change it there, in [providers.{provider}]")
    return account_named(store, name)
