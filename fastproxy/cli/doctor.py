"""`fastproxy doctor`: why each part works or doesn't, and what to do about it. Changes nothing.

A provider's own answer is asked for with --probe only: a look at one's configuration must not make a network call.
"""

import asyncio
import http.client
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from fastproxy import clock
from fastproxy.cli.output import Json, note, write_json, write_table
from fastproxy.cli.places import (
    Config,
    account_keeper,
    configured_providers,
    open_token_store,
    private_state_directory,
)

if TYPE_CHECKING:
    from fastproxy.accounts.inventory import Stock
    from fastproxy.snapshot import Snapshot
    from fastproxy.upstream.reach import Reach

RELAY_SECONDS = 1.0

Verdict = Literal["ok", "off", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. off: not in use, and nobody said that it should be."""

    about: str
    verdict: Verdict
    says: str


def doctor(
    *,
    config: Config = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Ask each provider for its model list, with your keys.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say why each provider does or does not work; exit code 1 when something failed."""
    with account_keeper(config) as (configured, keeper):
        stock, snapshot = keeper.stock, keeper.whole(configured)
    tried, wanted = _probed(snapshot) if probe else {}, configured_providers(config)
    rest = (*_providers(snapshot, stock, tried, wanted), *_unusable(wanted, snapshot))
    findings = [*_machine(config, snapshot), *rest]
    if as_json:
        write_json([msgspec.structs.asdict(finding) for finding in findings])
    else:
        write_table(("", "", ""), [(finding.verdict, finding.about, finding.says) for finding in findings])
        if not probe:
            note("keys and addresses were not tried: `fastproxy doctor --probe` asks each provider")
    raise typer.Exit(1 if any(finding.verdict == "failed" for finding in findings) else 0)


def _machine(config: Path | None, snapshot: "Snapshot") -> Iterator[Finding]:
    from fastproxy.config import locate  # noqa: PLC0415 - `fastproxy serve` does not come here

    path = locate(config, os.environ)
    yield Finding("configuration", "ok", str(path) if path else "none, so the defaults and your environment count")
    yield Finding("state", "ok", str(private_state_directory(os.environ)))
    yield _tokens(snapshot)
    if snapshot.access.admin_token is None:
        yield Finding("admin token", "off", "not set, so /metrics, /v1/usage and /v1/accounts are closed")
    else:
        yield Finding("admin token", "ok", "set")
    yield from (_relay(address) for address in snapshot.server.listen)


def _tokens(snapshot: "Snapshot") -> Finding:
    if not snapshot.access.require_token:
        return Finding("client tokens", "warning", "not required: whoever reaches the address may use your accounts")
    now = clock.wall()
    active = sum(token.state(now) == "active" for token in open_token_store().tokens) + len(snapshot.access.tokens)
    if not active:
        return Finding("client tokens", "warning", "none that counts: `fastproxy token issue LABEL` makes one")
    return Finding("client tokens", "ok", f"{active} in use")


def _relay(address: str) -> Finding:
    """Whether a relay answers where the configuration says."""
    about = f"relay at {address}"
    host, colon, port = address.rpartition(":")
    if address.startswith("unix:") or not colon:
        return Finding(about, "off", "not looked at")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=RELAY_SECONDS)
    try:
        connection.request("GET", "/", headers={"host": "127.0.0.1"})
        answer = connection.getresponse().read(256)
    except ConnectionRefusedError:
        return Finding(about, "off", "not running: `fastproxy serve` starts it")
    except (OSError, http.client.HTTPException):
        return Finding(about, "failed", "something is there, but it gives no answer")
    finally:
        connection.close()
    if b"fastproxy" in answer:
        return Finding(about, "ok", "running")
    return Finding(about, "failed", "another program has this port: set server.listen to another address")


def _providers(
    snapshot: "Snapshot", stock: "Stock", tried: "Mapping[str, Reach]", wanted: Collection[str]
) -> Iterator[Finding]:
    """One finding for each account: what the provider said where it was asked."""
    from fastproxy.accounts.described import CONFIGURED, source_of  # noqa: PLC0415 - as above

    sources = {account.id: account.source for account in stock.stored}
    for name, provider in snapshot.providers.items():
        accounts = [account.id for account in stock.accounts.get(name, ())]
        if not accounts and snapshot.waits_for_login(name):
            ways = f"`fastproxy account import`, `account login {name}` or `account add {name}`"
            yield Finding(name, "failed" if name in wanted else "off", f"no account: {ways}")
            continue
        for account in accounts or [name]:
            source = source_of(account, sources)
            where = "configured" if source == CONFIGURED else f"kept in {source}"
            if account in stock.disabled:
                yield Finding(account, "failed", f"{stock.disabled[account]}; {where}")
            elif (reach := tried.get(account)) is not None:
                yield Finding(account, "ok" if reach.works else "failed", f"{reach.says} ({reach.seconds:.2f} s)")
            else:
                yield Finding(account, "ok", f"{where}; speaks {', '.join(provider.formats)}")


def _unusable(wanted: Collection[str], snapshot: "Snapshot") -> Iterator[Finding]:
    """Providers that can't be used: a failure where the configuration names them, else nobody has asked for them."""
    for name, reason in snapshot.unusable.items():
        yield Finding(name, "failed" if name in wanted else "off", reason)


def _probed(snapshot: "Snapshot") -> "Mapping[str, Reach]":
    from fastproxy.upstream.reach import reach  # noqa: PLC0415 - brings aiohttp

    return {found.account: found for found in asyncio.run(reach(snapshot))}
