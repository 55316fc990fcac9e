"""`fastproxy account check`: whether each credential works, asked of its vendor. Exit code 1 when one is refused."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy.cli.account_live import healths
from fastproxy.cli.output import Json, note, write_json, write_table
from fastproxy.cli.places import Config, account_keeper

if TYPE_CHECKING:
    from fastproxy.credential_check import Health

_VERDICTS: Mapping[bool | None, str] = {True: "works", False: "refused", None: "unknown"}


def check(
    account: Annotated[str, typer.Argument(metavar="[ID]", help="Only this one, by id or label.")] = "",
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Also ask for a tiny answer; costs a few tokens each.")
    ] = False,
    model: Annotated[
        str, typer.Option(metavar="PROVIDER/MODEL", help="For --strict. [default: a small one that is listed]")
    ] = "",
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Ask the vendors whether they take each credential, one after the other."""
    with account_keeper(config) as (snapshot, keeper):
        work = healths(snapshot, keeper, strict=strict, model=model, account=account, told=_progress(quiet=as_json))
        found = asyncio.run(work)
    if as_json:
        from fastproxy.account_reports import health_json  # noqa: PLC0415 - other commands don't come here

        write_json(health_json(found))
    elif found:
        write_table(("account", "", "says", ">took", *(("a tiny answer",) if strict else ())), _rows(found))
    else:
        note("there is no account")
    raise typer.Exit(1 if any(one.ok is False for one in found) else 0)


def _rows(found: "list[Health]") -> list[tuple[str, ...]]:
    return [
        (
            one.account.id,
            _VERDICTS[one.ok],
            one.reason or "-",
            _took(one.latency_seconds),
            *((_completion(one),) if one.completion is not None else ()),
        )
        for one in found
    ]


def _completion(health: "Health") -> str:
    completion = health.completion
    if completion is None:
        return "-"
    told = " ".join(part for part in (completion.model, completion.reason) if part)
    return f"{_VERDICTS[completion.ok] if completion.ok is not False else 'failed'}: {told}"


def _took(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f} s"


def _progress(*, quiet: bool) -> Callable[[str], None]:
    """What a person who waits is told."""
    return (lambda _account: None) if quiet else (lambda account: note(f"asking about {account} ..."))
