"""`fastproxy usage`: what was asked for and what it took, from this machine's own records. Reads only."""

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy import clock
from fastproxy.cli import times
from fastproxy.cli.output import CommandError, Json, note, write_table
from fastproxy.cli.places import state_directory

if TYPE_CHECKING:
    from fastproxy.usage.report import Row


class By(StrEnum):
    """What one line of the table stands for; the names are those of `usage.report.GROUPS`."""

    MODEL = "model"
    PROVIDER = "provider"
    CLIENT = "client"
    DAY = "day"
    SESSION = "session"
    ENDPOINT = "endpoint"
    ACCOUNT = "account"


# Column title -> field of a Row. Those after the bar are shown only where they say something.
_ALWAYS = {">requests": "requests", ">input": "input_tokens", ">cached": "cached_tokens", ">output": "output_tokens"}
_WHERE_NOT_ZERO = {
    ">cache written": "cache_written_tokens",
    ">reasoning": "reasoning_tokens",
    ">errors": "errors",
    ">cancelled": "cancelled",
    ">usage unknown": "unknown",
}
_FIRST_BYTE = {">first byte": "first_byte_p50_seconds", ">p95": "first_byte_p95_seconds"}


def usage(
    *,
    since: Annotated[str, typer.Option(metavar="WHEN", help="7d, 12h, or a local date such as 2026-11-21.")] = "7d",
    by: Annotated[By, typer.Option(case_sensitive=False)] = By.MODEL,
    as_json: Json = False,
) -> None:
    """Sum up requests and tokens."""
    from fastproxy.errors import Fault  # noqa: PLC0415 - `fastproxy serve` brings its own
    from fastproxy.usage import report, store  # noqa: PLC0415 - as above

    now = clock.wall()
    database = state_directory(os.environ) / store.DATABASE
    try:
        rows = report.summary(database, times.past(since, now), now, by.value)
    except Fault as fault:
        raise CommandError(fault.message) from None
    if as_json:
        sys.stdout.write(report.as_json(rows).decode() + "\n")
    elif rows:
        _write(by, rows)
    else:
        note(f"nothing was asked since {since}")


def _write(by: By, rows: Sequence["Row"]) -> None:
    counted = _ALWAYS | {
        title: name for title, name in _WHERE_NOT_ZERO.items() if any(getattr(row, name) for row in rows)
    }
    lines = [
        (
            row.key or "-",
            *(f"{getattr(row, name):,}" for name in counted.values()),
            *(_seconds(getattr(row, name)) for name in _FIRST_BYTE.values()),
        )
        for row in rows
    ]
    write_table((by.value, *counted, *_FIRST_BYTE), lines)


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"
