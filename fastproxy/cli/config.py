"""`fastproxy config`: is the configuration right, and what is in force. Writes nothing, shows no secret."""

import os

import typer

from fastproxy.cli.output import note, say
from fastproxy.cli.places import Config, configured_providers, load_snapshot, load_whole

_NO_ACCOUNT = "no account that can be used: `fastproxy doctor` says more"

config = typer.Typer(no_args_is_help=True, help="The configuration: check it, show it.")


@config.command()
def check(*, config: Config = None) -> None:
    """Say whether the configuration can be used; exit code 2 with file, line and column where not.

    Which providers are usable goes by its keys and the accounts that are kept beside it.
    """
    from fastproxy.config import locate  # noqa: PLC0415 - `fastproxy serve` brings its own

    snapshot = load_whole(config)
    path = locate(config, os.environ)
    waiting = {name for name in snapshot.providers if snapshot.waits_for_login(name)}
    usable = ", ".join(name for name in snapshot.providers if name not in waiting)
    say(f"{path or 'no configuration file; the defaults'}: ok, usable providers: {usable or 'none'}")
    unused = {**dict.fromkeys(waiting, _NO_ACCOUNT), **snapshot.unusable}
    for name in sorted(configured_providers(config) & unused.keys()):
        note(f"not used: {name}: {unused[name]}")


@config.command()
def show(*, config: Config = None) -> None:
    """Show what is in force, as TOML: file, environment and defaults together, secrets hidden."""
    from fastproxy.config import show as toml  # noqa: PLC0415 - as above

    say(toml(load_snapshot(config)).rstrip("\n"))
