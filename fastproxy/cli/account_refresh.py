"""`fastproxy account refresh`: one renewal in a process of its own, for people and for the relay.

From the moment a refresh token is sent until what came for it is on the disk, no signal that can be refused ends this
process: the token may be good for one use only.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy import clock
from fastproxy.cli.account_records import configured_id
from fastproxy.cli.output import CommandError, Json, note, write_json
from fastproxy.cli.places import Config, load_snapshot, private_state_directory

if TYPE_CHECKING:
    from fastproxy.accounts.errand import Errand
    from fastproxy.accounts.grants import Post, TokenAnswer, TokenRequest
    from fastproxy.accounts.renewal import Renewed
    from fastproxy.accounts.store import AccountStore
    from fastproxy.accounts.stored import StoredAccount
    from fastproxy.snapshot import Snapshot

REFUSED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def refresh(
    account: Annotated[str, typer.Argument(metavar="ID", help="The account's id, or its label.")],
    *,
    used: Annotated[
        str, typer.Option(metavar="SHA256", help="Renew it if its access token is still the one with this digest.")
    ] = "",
    now: Annotated[bool, typer.Option("--now", help="Renew it although it is not due.")] = False,
    from_stdin: Annotated[bool, typer.Option("--from-stdin", hidden=True)] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Renew a login whose token ends soon."""
    from fastproxy.accounts.holders import account_named  # noqa: PLC0415 - other commands don't come here
    from fastproxy.accounts.login import AccountError  # noqa: PLC0415
    from fastproxy.accounts.renewal import Renewed  # noqa: PLC0415
    from fastproxy.accounts.store import AccountStore  # noqa: PLC0415

    name = account
    try:
        snapshot, key, errand_of = _errands(config, from_stdin=from_stdin)
        with closing(AccountStore(private_state_directory(os.environ), key)) as store:
            if snapshot is not None and (configured := configured_id(snapshot, store, account)):
                name = configured
                raise AccountError("it is a key of the configuration, and a key is not renewed")
            stored = account_named(store, account)
            name = stored.id
            ended = _renew(stored, store, errand_of(stored.provider), used, now=now)
    except AccountError as error:
        ended = Renewed("failed", str(error))
    except CommandError as error:
        if not as_json:
            raise
        ended = Renewed("failed", str(error))
    if as_json:
        write_json({"account": name, **ended._asdict()})
        raise typer.Exit(0 if ended.outcome in ("renewed", "adopted", "current") else 1)
    line = f"{name}: {ended.outcome}" + (f": {ended.cause}" if ended.cause else "")
    if ended.outcome in ("refused", "failed"):
        raise CommandError(line)
    note(line)


def _errands(config: Config, *, from_stdin: bool) -> "tuple[Snapshot | None, str, Callable[[str], Errand]]":
    """The kind of key that seals the store, and what there is to know for a provider's logins.

    A relay tells it on standard input; a person's configuration, which then comes first, has it.
    Raises: AccountError, CommandError.
    """
    from fastproxy.accounts.errand import ERRAND_BYTES, errand_for, unpacked  # noqa: PLC0415 - as above

    if from_stdin:
        told = unpacked(sys.stdin.buffer.read(ERRAND_BYTES))
        return None, told.key, lambda _provider: told
    snapshot = load_snapshot(config)
    return snapshot, snapshot.keeping.key, lambda provider: errand_for(provider, snapshot, os.environ)


def _renew(account: "StoredAccount", store: "AccountStore", errand: "Errand", used: str, *, now: bool) -> "Renewed":
    """Raises: AccountError."""
    from fastproxy.accounts.holders import holder_of  # noqa: PLC0415 - as above
    from fastproxy.accounts.login import AccountError  # noqa: PLC0415
    from fastproxy.accounts.renewal import Wanted, digest, renew  # noqa: PLC0415
    from fastproxy.upstream.token_endpoint import poster  # noqa: PLC0415

    if account.kind != "login":
        raise AccountError("a key is not renewed")
    holder = holder_of(account, store, private_state_directory(os.environ))
    if now:
        used = digest(holder.login().access.reveal())
    post = _deaf(poster(errand.proxy))
    return asyncio.run(renew(holder, errand.oauth, post, Wanted(used, errand.lead_seconds), clock.wall))


def _deaf(post: "Post") -> "Post":
    """The same, and no signal is heard from then on; the process ends soon by itself."""

    async def deaf(request: "TokenRequest") -> "TokenAnswer":
        for number in REFUSED_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        return await post(request)

    return deaf
