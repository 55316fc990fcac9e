"""`fastproxy account add`: a key, kept encrypted. It is never an argument, which every process could read."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastproxy.cli.account_records import free_label, record_of
from fastproxy.cli.output import CommandError, note, say
from fastproxy.cli.places import Config, account_store, load_snapshot

if TYPE_CHECKING:
    from fastproxy.accounts.stored import StoredAccount

FIRST_LABEL = "key"
KEY_CHARACTERS = 65536
_REFERENCES = ("env:", "file:", "cred:")


def add(
    context: typer.Context,
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Whose key: openai, anthropic, groq, ...")],
    *,
    source: Annotated[
        str, typer.Option("--from", metavar="env:NAME|file:PATH", help="Where the key is. [default: you are asked]")
    ] = "",
    label: Annotated[str, typer.Option(help="A name for lists. [default: key, key-2, ...]")] = "",
    weight: Annotated[int, typer.Option(min=1, help="Its share where the strategy is weighted.")] = 1,
    config: Config = None,
) -> None:
    """Keep a key in the state directory, encrypted; a running relay uses it within two seconds."""
    from fastproxy.accounts.login import Login  # noqa: PLC0415 - other commands don't come here
    from fastproxy.secret import Secret  # noqa: PLC0415

    if context.args:  # not repeated: it may be the key
        raise CommandError("a key is never an argument: leave it out, and you are asked for it", exit_code=2)
    snapshot = load_snapshot(config)
    record = record_of(snapshot, provider)
    if record.auth in ("none", "client"):
        raise CommandError(f'{provider} takes no key: its auth is "{record.auth}"', exit_code=2)
    key = Secret(_key(source, provider))
    with account_store(snapshot) as store:
        account = _account(store.accounts(), provider, label, weight)
        store.add(account, Login(key))
    say(account.id)
    note(f"{account.id} is kept")


def _account(accounts: "tuple[StoredAccount, ...]", provider: str, label: str, weight: int) -> "StoredAccount":
    from fastproxy.accounts.stored import StoredAccount, account_id  # noqa: PLC0415 - as above

    label = label or free_label(FIRST_LABEL, provider, accounts)
    return StoredAccount(account_id(provider, label), provider, label, "key", weight=weight)


def _key(source: str, provider: str) -> str:
    """The key, from where it is said to be; else typed in unseen, or the first line of standard input.

    Raises: CommandError, which never repeats what was given.
    """
    if source:
        return _followed(source)
    if sys.stdin.isatty():
        key: str = typer.prompt(f"key of {provider} (not shown)", hide_input=True, err=True)
    else:
        key = sys.stdin.readline(KEY_CHARACTERS + 1)
    key = key.strip()
    if not key:
        raise CommandError("no key was given: type it, pipe it in, or say --from env:NAME or file:PATH", exit_code=2)
    if len(key) > KEY_CHARACTERS or not (key.isascii() and key.isprintable()) or " " in key:
        raise CommandError("the key has characters that can't stand in a header, or too many", exit_code=2)
    return key


def _followed(source: str) -> str:
    from fastproxy.config.secrets import References, Unresolved  # noqa: PLC0415 - as above

    if not source.startswith(_REFERENCES):
        raise CommandError("--from takes env:NAME, file:PATH or cred:NAME, never a key itself", exit_code=2)
    try:
        return References(Path.cwd(), os.environ).follow(source)
    except Unresolved as reason:
        raise CommandError(f"--from: {reason}") from None
