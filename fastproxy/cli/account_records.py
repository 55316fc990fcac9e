"""Which provider an account command means, and what a new account is called. Changes nothing."""

from typing import TYPE_CHECKING

from fastproxy.cli.output import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastproxy.accounts.store import AccountStore
    from fastproxy.accounts.stored import StoredAccount
    from fastproxy.providers.base import Provider
    from fastproxy.snapshot import Snapshot


def record_of(snapshot: "Snapshot", name: str) -> "Provider":
    """A provider as it is configured, usable or not. Raises: CommandError where there is none of that name."""
    from fastproxy.providers import BY_NAME  # noqa: PLC0415 - `fastproxy --help` needs no providers

    record = snapshot.providers.get(name) or snapshot.keyless.get(name) or BY_NAME.get(name)
    if record is None:
        raise CommandError(f"there is no provider {name!r}: `fastproxy doctor` lists them", exit_code=2)
    return record


def configured_id(snapshot: "Snapshot", store: "AccountStore", name: str) -> str:
    """The account of this id or label that is in the configuration and not in the store; "" where there is none.

    Raises: AccountError.
    """
    ids = [one.id for accounts in snapshot.accounts.values() for one in accounts if name in (one.id, one.label)]
    return "" if not ids or any(name in (one.id, one.label) for one in store.accounts()) else ids[0]


def free_label(wanted: str, provider: str, accounts: "Iterable[StoredAccount]") -> str:
    """`wanted`, with a number where an account of the provider has it, or has an id that was made of it."""
    taken = {name for one in accounts if one.provider == provider for name in (one.label, one.id.partition(":")[2])}
    label, number = wanted, 1
    while label in taken:
        number += 1
        label = f"{wanted}-{number}"
    return label
