"""Where this machine keeps our configuration and our state, and the configuration once it is read.

Only the state directory is ever created, and it is private before anything is in it.
"""

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy.cli.output import CommandError

if TYPE_CHECKING:
    from fastproxy.access.store import TokenStore
    from fastproxy.accounts.keeper import Keeper
    from fastproxy.accounts.store import AccountStore
    from fastproxy.snapshot import Account, Snapshot

Config = Annotated[
    Path | None,
    typer.Option(help="The configuration file. [default: $FASTPROXY_CONFIG, else ~/.config/fastproxy/config.toml]"),
]


def config_home(environ: Mapping[str, str]) -> Path:
    """Where programs of this user keep their configuration. Source: XDG Base Directory Specification 0.8."""
    return _home(environ, "XDG_CONFIG_HOME", ".config")


def state_directory(environ: Mapping[str, str]) -> Path:
    """Where tokens and usage are kept; it need not exist yet."""
    named = environ.get("FASTPROXY_STATE_DIR")
    return Path(named).absolute() if named else _home(environ, "XDG_STATE_HOME", ".local/state") / "fastproxy"


def private_state_directory(environ: Mapping[str, str]) -> Path:
    """The state directory, there and closed to others.

    One that exists and that others may read stays as it is when it holds other things too: our files are private one by
    one, and a directory that somebody else needs is not ours to close.
    Raises: CommandError when it can't be made, or others could replace what is in it.
    """
    directory = state_directory(environ)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(directory.stat().st_mode)
        if mode & 0o022:
            raise CommandError(f"{directory} can be written by others: chmod 700 it, or set FASTPROXY_STATE_DIR")
        if mode & 0o077 and not any(directory.iterdir()):
            directory.chmod(0o700)
    except OSError as error:
        raise CommandError(f"{directory}: {error.strerror}; set FASTPROXY_STATE_DIR to a directory of yours") from None
    return directory


def load_snapshot(option: Path | None) -> "Snapshot":
    """The configuration as `serve` would see it now, local daemons included.

    Raises: CommandError with exit code 2, naming file, line and column.
    """
    from fastproxy.config import ConfigError, locate  # noqa: PLC0415 - only commands that read the configuration pay
    from fastproxy.current import Source  # noqa: PLC0415

    try:
        return Source(locate(option, os.environ), {}).load()
    except ConfigError as error:
        raise CommandError(str(error), exit_code=2) from None


def load_whole(option: Path | None) -> "Snapshot":
    """The configuration with the stored and linked accounts. Raises: CommandError."""
    from fastproxy.accounts.inventory import Inventory  # noqa: PLC0415 - only commands that use accounts pay for it
    from fastproxy.accounts.login import AccountError  # noqa: PLC0415
    from fastproxy.accounts.store import AccountStore  # noqa: PLC0415

    snapshot = load_snapshot(option)
    directory = private_state_directory(os.environ)
    store = AccountStore(directory, snapshot.keeping.key)
    try:
        return Inventory(directory, store).exchange((), snapshot).within(snapshot)
    except AccountError as error:
        raise CommandError(str(error)) from None
    finally:
        store.close()


@contextmanager
def account_store(snapshot: "Snapshot") -> Iterator["AccountStore"]:
    """The accounts of this machine. Raises: CommandError for whatever can't be done with them."""
    from fastproxy.accounts.login import AccountError  # noqa: PLC0415 - as above
    from fastproxy.accounts.store import AccountStore  # noqa: PLC0415

    store = AccountStore(private_state_directory(os.environ), snapshot.keeping.key)
    try:
        yield store
    except AccountError as error:
        raise CommandError(str(error)) from None
    finally:
        store.close()


@contextmanager
def account_keeper(option: Path | None) -> Iterator["tuple[Snapshot, Keeper]"]:
    """The configuration alone, and all accounts as a relay would keep them. Raises: CommandError."""
    from fastproxy.accounts.inventory import Inventory  # noqa: PLC0415 - as above
    from fastproxy.accounts.keeper import Keeper  # noqa: PLC0415
    from fastproxy.renewing import spawn_renewal  # noqa: PLC0415

    async def ask_facts(account: "Account") -> Mapping[str, str]:
        from fastproxy.upstream.projects import project_asker  # noqa: PLC0415 - brings aiohttp, which few commands need

        return await project_asker(lambda: snapshot)(account)

    snapshot, directory = load_snapshot(option), private_state_directory(os.environ)
    with account_store(snapshot) as store:
        keeper = Keeper(Inventory(directory, store), snapshot, spawn_renewal(lambda: snapshot, directory), ask_facts)
        keeper.start()
        yield snapshot, keeper


def configured_providers(option: Path | None) -> frozenset[str]:
    """The names of the providers that the configuration file has a row for, whether or not they can be used."""
    from fastproxy.config import locate  # noqa: PLC0415 - as above

    path = locate(option, os.environ)
    rows = tomllib.loads(path.read_text("utf-8-sig")).get("providers", {}) if path is not None else {}
    return frozenset(rows)


def open_token_store() -> "TokenStore":
    """The issued tokens of this machine. Raises: CommandError when their file can't be read."""
    from fastproxy.access.store import TokenStore  # noqa: PLC0415 - only commands that look at tokens pay for it
    from fastproxy.access.tokens import TokenError  # noqa: PLC0415

    try:
        return TokenStore(private_state_directory(os.environ))
    except TokenError as error:
        raise CommandError(str(error)) from None


def _home(environ: Mapping[str, str], variable: str, usual: str) -> Path:
    named = environ.get(variable, "")
    if named.startswith("/"):  # the specification: a relative path is to be ignored
        return Path(named)
    try:
        return Path(environ.get("HOME") or Path.home()) / usual
    except RuntimeError:
        raise CommandError(f"there is no home directory: set FASTPROXY_STATE_DIR and {variable}") from None
