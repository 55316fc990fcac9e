"""`fastproxy service`: put the unit where systemd finds it, and say what to run next.

Writes and removes one file, which bears our mark, and never runs a command that changes the machine.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from fastproxy.cli.output import CommandError, Json, say, write_json
from fastproxy.cli.places import Config, config_home, load_snapshot, private_state_directory
from fastproxy.cli.unit import MARK, Scope, Unit, text

SYSTEM_UNITS = Path("/etc/systemd/system")
SYSTEM_CONFIG = Path("/etc/fastproxy/config.toml")
ANSWER_SECONDS = 5.0

service = typer.Typer(no_args_is_help=True, help="fastproxy as a systemd service.")

Where = Annotated[bool, typer.Option("--system/--user", help="The machine's service manager, or your own.")]


@service.command()
def install(
    *,
    system: Where = False,
    config: Config = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a unit that somebody else wrote.")] = False,
) -> None:
    """Write the unit file, and say what to run to start it."""
    from fastproxy.config import locate  # noqa: PLC0415 - `fastproxy serve` does not come here

    path = _unit_path(system=system)
    if path.exists() and not force and not _is_ours(path):
        raise CommandError(f"{path} was not written by fastproxy: look at it, then use --force to replace it")
    if system:
        _require_reach(Path(sys.executable))
        config = config or (SYSTEM_CONFIG if SYSTEM_CONFIG.exists() else None)
    else:
        config = locate(config, os.environ)
    unit = Unit(
        scope=Scope.SYSTEM if system else Scope.USER,
        python=Path(sys.executable),
        config=config.absolute() if config is not None else None,
        state=Path("/var/lib/fastproxy") if system else private_state_directory(os.environ),
        drain_seconds=load_snapshot(config).limits.drain_seconds,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(unit))
        path.chmod(0o644)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    say(f"written: {path}")
    for line in _next_steps(unit):
        say(line)


@service.command()
def uninstall(*, system: Where = False) -> None:
    """Remove the unit file. Tokens and usage stay."""
    path = _unit_path(system=system)
    if not path.exists():
        raise CommandError(f"{path} does not exist; nothing to remove")
    if not _is_ours(path):
        raise CommandError(f"{path} was not written by fastproxy; it is left as it is")
    try:
        path.unlink()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    say(f"removed: {path}")
    say("a running service goes on until you run:")
    say(f"  {_systemctl(system=system)} stop fastproxy && {_systemctl(system=system)} daemon-reload")


@service.command()
def status(*, system: Where = False, as_json: Json = False) -> None:
    """Say whether the service is installed and running; exit code 1 when it is not."""
    path = _unit_path(system=system)
    state = _active_state(system=system)
    if as_json:
        write_json({"unit": str(path), "installed": path.exists(), "state": state})
    else:
        say(f"{path}: {'installed' if path.exists() else 'not installed'}, {state}")
    raise typer.Exit(0 if state == "active" else 1)


def _unit_path(*, system: bool) -> Path:
    units = SYSTEM_UNITS if system else config_home(os.environ) / "systemd" / "user"
    return units / "fastproxy.service"


def _is_ours(path: Path) -> bool:
    return path.read_text(errors="replace").startswith(MARK)


def _systemctl(*, system: bool) -> str:
    return "sudo systemctl" if system else "systemctl --user"


def _next_steps(unit: Unit) -> Iterator[str]:
    system = unit.scope is Scope.SYSTEM
    keys = "/etc/fastproxy/environment" if system else "~/.config/fastproxy/environment"
    state = f"sudo FASTPROXY_STATE_DIR={unit.state} " if system else ""
    yield f"provider keys go into {keys}, one NAME=value on a line; then run:"
    yield f"  {_systemctl(system=system)} daemon-reload"
    yield f"  {_systemctl(system=system)} enable --now fastproxy"
    if not system:
        yield "  loginctl enable-linger    # to keep it running while you are logged out"
    yield f"a client token: {state}fastproxy token issue LABEL"


def _require_reach(python: Path) -> None:
    """The service runs as a user of its own, who must get at the interpreter. Raises: CommandError."""
    parts = (python, *python.parents, *python.resolve().parents)
    closed = next((part for part in parts if not part.stat().st_mode & 0o001), None)
    if closed is not None:
        raise CommandError(
            f"{closed} is closed to other users, and the service would run as one: install fastproxy outside of it"
            " (in /opt/fastproxy, for example), or use --user"
        )


def _active_state(*, system: bool) -> str:
    """What systemd says: "active", "inactive", "failed" and the like; "unknown" where nobody can be asked."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return "unknown"
    arguments = [systemctl, *([] if system else ["--user"]), "is-active", "fastproxy.service"]
    try:
        answer = subprocess.run(arguments, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)  # noqa: S603 - no shell, fixed words
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return answer.stdout.strip() or "unknown"
