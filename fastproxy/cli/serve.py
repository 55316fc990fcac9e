"""`fastproxy serve`: from flags to one call. Must import nothing that the relay itself does not need."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from fastproxy.cli.places import Config, private_state_directory


class LogLevel(StrEnum):
    """How much is written to standard error."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def serve(
    *,
    config: Config = None,
    listen: Annotated[
        list[str] | None,
        typer.Option(help='"HOST:PORT", "[IPV6]:PORT", "unix:/PATH" or "systemd"; may be repeated.'),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes that share the port.")] = None,
    log_level: Annotated[LogLevel, typer.Option(case_sensitive=False)] = LogLevel.INFO,
) -> None:
    """Run the relay until it is told to stop."""
    from fastproxy import app  # noqa: PLC0415 - `fastproxy --help` needs no relay
    from fastproxy.config import locate  # noqa: PLC0415 - as above

    overrides = {"server.listen": listen, "server.workers": workers}
    given = {key: value for key, value in overrides.items() if value is not None}
    state = private_state_directory(os.environ)
    raise typer.Exit(app.serve(locate(config, os.environ), given, state, log_level=log_level.value))
