"""What has happened to one worker's accounts since its start, by provider. For metrics; decides nothing."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from fastproxy.accounts.cooldown import STATES, State
from fastproxy.usage.tally import AccountCounts, Busy

_Key = TypeVar("_Key")


class Counts(NamedTuple):
    """renewals: by provider and outcome. steps: of verdicts, by provider and step. cooldowns: by provider."""

    renewals: dict[tuple[str, str], int]
    steps: dict[tuple[str, str], int]
    cooldowns: dict[str, int]


def count(counts: dict[_Key, int], key: _Key) -> None:
    """One more of these."""
    counts[key] = counts.get(key, 0) + 1


def summed(counts: Counts, states: Iterable[tuple[str, State]]) -> AccountCounts:
    """A copy for metrics. states: (provider, state) of every account. Cost: 1 us for each."""
    by_provider: dict[str, dict[str, int]] = {}
    for provider, state in states:
        count(by_provider.setdefault(provider, dict.fromkeys(STATES, 0)), state)
    return AccountCounts(by_provider, dict(counts.cooldowns), _nested(counts.renewals), _nested(counts.steps))


def total(workers: Iterable[Mapping[str, Busy]]) -> dict[str, Busy]:
    """How all workers together use each account, by id."""
    sums: dict[str, Busy] = {}
    for worker in workers:
        for account_id, busy in worker.items():
            sums[account_id] = sums.get(account_id, Busy()).plus(busy)
    return sums


def _nested(counts: dict[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (provider, name), number in counts.items():
        nested.setdefault(provider, {})[name] = number
    return nested
