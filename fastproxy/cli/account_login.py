"""`fastproxy account login`: a login of our own, in the browser or with a code. What is done, on standard error.

A token is never shown. What the browser is given holds no secret that outlives the login.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy import clock
from fastproxy.cli.account_terms import ServesOption, whom_it_serves
from fastproxy.cli.output import CommandError, note, say
from fastproxy.cli.pasting import Lines
from fastproxy.cli.places import Config, load_snapshot, private_state_directory

if TYPE_CHECKING:
    from fastproxy.accounts.device import Invitation
    from fastproxy.accounts.login import Login
    from fastproxy.accounts.store import AccountStore
    from fastproxy.accounts.stored import StoredAccount
    from fastproxy.providers.base import OAuth, Provider
    from fastproxy.snapshot import Snapshot

FIRST_LABEL = "login"
_DESKTOP = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def login(
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Whose login: anthropic, codex, copilot, ...")],
    *,
    device: Annotated[bool, typer.Option("--device", help="With a code to type in elsewhere.")] = False,
    label: Annotated[str, typer.Option(help="A name for lists; that of an account logs in to it again.")] = "",
    serves: ServesOption = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only show the address to open.")] = False,
    config: Config = None,
) -> None:
    """Log in at a vendor and keep the login, encrypted, in the state directory."""
    import msgspec  # noqa: PLC0415 - other commands don't come here

    from fastproxy.accounts.login import AccountError  # noqa: PLC0415
    from fastproxy.accounts.store import AccountStore  # noqa: PLC0415
    from fastproxy.errors import Fault  # noqa: PLC0415

    snapshot = load_snapshot(config)
    record, oauth = login_record(snapshot, provider, os.environ)
    by_device = _is_by_device(record.name, oauth, asked=device)
    with closing(AccountStore(private_state_directory(os.environ), snapshot.keeping.key)) as store:
        try:
            account, known = account_for(as_they_are(store), record.name, label)
            if serves is not None or not known:  # asked once for each account
                account = msgspec.structs.replace(account, serves=whom_it_serves(record, serves))
            store.cipher()  # a key that is missing shows before the person has gone through it all
            made = asyncio.run(_log_in(oauth, snapshot.upstream.proxy, by_device=by_device, browser=not no_browser))
            made = asyncio.run(_with_project(record, made, snapshot.upstream.proxy))
            (store.replace if known else store.add)(account, made)
        except AccountError as error:
            raise CommandError(str(error)) from None
        except Fault as fault:
            raise CommandError(fault.message) from None
    say(account.id)
    note(f"{account.id} is {'logged in again' if known else 'kept'}; it serves {account.serves}")


def as_they_are(store: "AccountStore") -> "tuple[StoredAccount, ...]":
    """All accounts; logins of ours that have ended and can't be renewed as disabled, which nobody has noted."""
    import msgspec  # noqa: PLC0415 - as above

    from fastproxy.accounts.inventory import ENDED_CAUSE, has_ended  # noqa: PLC0415
    from fastproxy.accounts.login import AccountError  # noqa: PLC0415

    accounts = []
    for account in store.accounts():
        ended = ""
        if account.kind == "login" and not account.source and not account.disabled:
            try:
                ended = ENDED_CAUSE if has_ended(store.login(account.id), clock.wall()) else ""
            except AccountError as error:
                ended = str(error)
        accounts.append(msgspec.structs.replace(account, disabled=account.disabled or ended))
    return tuple(accounts)


def login_record(snapshot: "Snapshot", name: str, environ: Mapping[str, str]) -> "tuple[Provider, OAuth]":
    """A provider and how its logins are made. Raises: CommandError where there are none."""
    from fastproxy.providers import BY_NAME  # noqa: PLC0415 - as above
    from fastproxy.providers.oauth import with_secret  # noqa: PLC0415

    record = snapshot.providers.get(name) or BY_NAME.get(name)
    if record is None:
        raise CommandError(f"there is no provider {name!r}: `fastproxy doctor` lists them", exit_code=2)
    if record.oauth is None:
        raise CommandError(f"{name} has no logins, only keys: [providers.{name}] api_key takes one", exit_code=2)
    return record, with_secret(record.oauth, environ)


def account_for(accounts: "tuple[StoredAccount, ...]", provider: str, label: str) -> "tuple[StoredAccount, bool]":
    """The account that a new login is for, and whether it is there already.

    Without a label: the first login of ours at this provider that has ended, else a new account.
    Raises: AccountError when the label is that of an account which can't take a login.
    """
    from fastproxy.accounts.login import AccountError  # noqa: PLC0415
    from fastproxy.accounts.stored import LABEL_RULE, StoredAccount, account_id, is_label  # noqa: PLC0415

    mine = [one for one in accounts if one.provider == provider]
    named = [one for one in mine if one.label == label]
    if not label:
        named = [one for one in mine if one.disabled and one.kind == "login" and not one.source][:1]
    for one in named:
        if one.source:
            raise AccountError(f"the login of {one.id} is in {one.source}: log in with its own tool, or choose --label")
        if one.kind != "login":
            raise AccountError(f"{one.id} is a key: choose another --label")
        return one, True
    label = label or _free_label({one.label for one in mine} | {one.id.partition(":")[2] for one in mine})
    if not is_label(label):
        raise AccountError(f"{label!r} can't be a label: {LABEL_RULE}")
    return StoredAccount(account_id(provider, label), provider, label, "login"), False


def _free_label(taken: set[str]) -> str:
    number, label = 1, FIRST_LABEL
    while label in taken:
        number += 1
        label = f"{FIRST_LABEL}-{number}"
    return label


def _is_by_device(name: str, oauth: "OAuth", *, asked: bool) -> bool:
    """Raises: CommandError when the vendor has no such way."""
    if asked and not oauth.device_url:
        raise CommandError(f"{name} gives no codes for devices: leave out --device", exit_code=2)
    if oauth.device_url and (asked or not oauth.authorize_url):
        return True
    if not oauth.authorize_url:
        raise CommandError(f"{name} has no address to log in at: [providers.{name}.oauth] authorize_url", exit_code=2)
    return False


async def _log_in(oauth: "OAuth", proxy: str, *, by_device: bool, browser: bool) -> "Login":
    """Raises: AccountError, Fault."""
    from fastproxy.accounts.device import Times, login_by_device  # noqa: PLC0415 - as above
    from fastproxy.accounts.signing_in import Person, exchanged, login_by_code  # noqa: PLC0415
    from fastproxy.upstream.token_endpoint import poster  # noqa: PLC0415

    post = poster(proxy)
    if by_device:
        times = Times(clock.wall, clock.monotonic, asyncio.sleep)
        made = await login_by_device(oauth, post, lambda invitation: _invite(invitation, browser=browser), times)
    else:
        lines = Lines(_descriptor())
        person = Person(lambda address: _show(address, browser=browser), lines.next, note)
        made = await login_by_code(oauth, post, person, clock.wall)
    note("the vendor has answered")
    return await exchanged(oauth, post, made, clock.wall)


async def _with_project(record: "Provider", made: "Login", proxy: str) -> "Login":
    """The login with what its vendor must be asked for besides; without it the login is kept all the same."""
    from fastproxy.errors import Fault  # noqa: PLC0415 - as above
    from fastproxy.upstream.projects import with_project  # noqa: PLC0415

    try:
        return await with_project(record, made, proxy)
    except Fault as fault:
        note(f"{fault.message}: if requests are refused, set [providers.{record.name}] project")
        return made


def _invite(invitation: "Invitation", *, browser: bool) -> None:
    note(f"open {invitation.address} on any device and type in the code {invitation.user_code}")
    note("waiting for you to do it ...")
    if browser:
        _open(invitation.complete or invitation.address)


def _show(address: str, *, browser: bool) -> None:
    note(f"open this address and log in:\n\n  {address}\n")
    note("waiting for the browser to come back; from another machine, paste the address at which it ended:")
    if browser:
        _open(address)


def _open(address: str) -> None:
    """In a browser of this desktop, if there is one: on a terminal's own browser nobody logs in."""
    import webbrowser  # noqa: PLC0415 - other commands don't come here

    desktop = sys.platform == "darwin" or any(os.environ.get(name) for name in _DESKTOP)
    if desktop and not os.environ.get("SSH_CONNECTION"):
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _descriptor() -> int:
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError):
        return os.open(os.devnull, os.O_RDONLY)
