"""Keys in one row of [providers.*] as accounts: api_key and [[accounts]], their labels, and what contradicts itself.

A label names its account in logs, in usage and in what people type, so that two never share one.
"""

from collections.abc import Iterator
from typing import NamedTuple

from fastproxy.accounts.stored import LABEL_RULE, account_id, is_label
from fastproxy.config.places import KeyPath
from fastproxy.config.schema import AccountRow, ProviderRow
from fastproxy.config.secrets import References
from fastproxy.secret import Secret
from fastproxy.snapshot import Account


class _Keyed(NamedTuple):
    """One key as written, with the label that it goes by and where it stands below the row."""

    row: AccountRow
    label: str
    path: KeyPath


def has_keys(row: ProviderRow) -> bool:
    """Whether the row names a key, wherever it is kept."""
    return bool(row.api_key or row.accounts)


def key_problems(row: ProviderRow) -> Iterator[tuple[KeyPath, str]]:
    """(path below the row, sentence) for every account that lacks its key, or a label of its own."""
    labels: set[str] = set()
    for keyed in _keyed(row):
        if not keyed.row.api_key and keyed.path[0] == "accounts":
            yield keyed.path, "an account needs an api_key"
        elif keyed.row.label and not is_label(keyed.row.label):
            yield (*keyed.path, "label"), f"{keyed.row.label!r} can't be a label: {LABEL_RULE}"
        elif keyed.label in labels and keyed.path[0] == "accounts":  # equal keys in a list are one account
            yield (*keyed.path, "label"), f"another account has the label {keyed.label!r} too; give this one its own"
        labels.add(keyed.label)


def accounts_of(name: str, row: ProviderRow, references: References) -> tuple[Account, ...]:
    """The accounts of a sound row, by position; of equal keys the first one counts. Raises: Unresolved."""
    found: dict[str, Account] = {}
    for keyed in _keyed(row):
        key = references.follow(keyed.row.api_key)
        found.setdefault(
            key,
            Account(
                name,
                account_id(name, keyed.label),
                Secret(key),
                label=keyed.label,
                weight=keyed.row.weight,
                position=keyed.row.position,
            ),
        )
    return tuple(sorted(found.values(), key=lambda account: account.position))


def _keyed(row: ProviderRow) -> Iterator[_Keyed]:
    """api_key first, then [[accounts]], numbered through. Without a label an account goes by its variable or number."""
    listed = row.api_key if isinstance(row.api_key, tuple) else (row.api_key,) * bool(row.api_key)
    rows: list[tuple[AccountRow, KeyPath]] = [(AccountRow(api_key=text), ("api_key",)) for text in listed]
    rows += [(account, ("accounts", number)) for number, account in enumerate(row.accounts)]
    for number, (account, path) in enumerate(rows, 1):
        scheme, _, variable = account.api_key.partition(":")
        yield _Keyed(account, account.label or (variable if scheme == "env" else str(number)), path)
