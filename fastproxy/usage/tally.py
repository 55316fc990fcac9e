"""What has been counted so far: plain numbers that one process adds to and others can read and sum.

Pure data and arithmetic. No label is made here: whoever makes a Tally sees to it that its names are bounded.
"""

from bisect import bisect_left
from collections.abc import Iterable
from operator import add

import msgspec

FIRST_BYTE_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0, 300.0)
ADDED_SECONDS = (50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 1.0)
LAG_SECONDS = (500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1.0, 2.5)

Labels = tuple[str, str, str, str, str]  # format, endpoint, provider, outcome, status class


class Histogram(msgspec.Struct):
    """counts[i]: observations at or below bounds[i] and above the bound before it; the last: above every bound."""

    bounds: tuple[float, ...]
    counts: list[int]
    sum: float = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def include(self, other: "Histogram") -> None:
        self.counts = list(map(add, self.counts, other.counts))
        self.sum += other.sum


class Tally(msgspec.Struct):
    """What the exchanges with the same labels come to. errors: fault kind -> how many."""

    labels: Labels
    first_byte: Histogram
    requests: int = 0
    errors: dict[str, int] = {}
    input_tokens: int = 0
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def include(self, other: "Tally") -> None:
        self.first_byte.include(other.first_byte)
        self.requests += other.requests
        for kind, count in other.errors.items():
            self.errors[kind] = self.errors.get(kind, 0) + count
        self.input_tokens += other.input_tokens
        self.cached_tokens += other.cached_tokens
        self.cache_written_tokens += other.cache_written_tokens
        self.output_tokens += other.output_tokens
        self.reasoning_tokens += other.reasoning_tokens


class AccountCounts(msgspec.Struct):
    """What is known of accounts, by provider. states: how many are ready, cooling, disabled, at this moment.

    cooldowns: how often one began to rest. renewals: by outcome. steps: what refusals led to: renew, rotate, escape.
    """

    states: dict[str, dict[str, int]] = {}
    cooldowns: dict[str, int] = {}
    renewals: dict[str, dict[str, int]] = {}
    steps: dict[str, dict[str, int]] = {}

    def include(self, other: "AccountCounts") -> None:
        """Add what happened elsewhere. All processes have the same accounts: their states are not added."""
        _add(self.cooldowns, other.cooldowns)
        for mine, theirs in ((self.renewals, other.renewals), (self.steps, other.steps)):
            for provider, counts in theirs.items():
                _add(mine.setdefault(provider, {}), counts)


class Busy(msgspec.Struct, frozen=True):
    """How an account is used by one process, or by several. in_flight, pins: at this moment; uses: since the start."""

    in_flight: int = 0
    uses: int = 0
    pins: int = 0

    def plus(self, other: "Busy") -> "Busy":
        return Busy(self.in_flight + other.in_flight, self.uses + other.uses, self.pins + other.pins)


class Reading(msgspec.Struct):
    """Everything one process has counted, or the sum over several. in_flight and backlog: at this moment.

    busy: by id of the account; of one process only.
    """

    version: str
    pid: int
    added: Histogram
    lag: Histogram
    tallies: list[Tally] = []
    in_flight: int = 0
    lost: int = 0
    backlog: int = 0
    accounts: AccountCounts = msgspec.field(default_factory=AccountCounts)
    busy: dict[str, Busy] = {}

    def tally(self, labels: Labels) -> Tally:
        """The tally with these labels, a new one if need be. Slow: for the first exchange with its labels."""
        for tally in self.tallies:
            if tally.labels == labels:
                return tally
        tally = Tally(labels, empty(FIRST_BYTE_SECONDS))
        self.tallies.append(tally)
        return tally


def empty(bounds: tuple[float, ...]) -> Histogram:
    """A histogram that has seen nothing."""
    return Histogram(bounds, [0] * (len(bounds) + 1))


def nothing(version: str, pid: int) -> Reading:
    """The reading of a process that has just started."""
    return Reading(version, pid, empty(ADDED_SECONDS), empty(LAG_SECONDS))


def total(readings: Iterable[Reading]) -> Reading:
    """The sum. All must come from the same version, for only then have they the same buckets.

    Accounts stand as the first one sees them.
    """
    whole = nothing("", 0)
    for reading in readings:
        whole.version = reading.version
        whole.accounts.states = whole.accounts.states or reading.accounts.states
        whole.accounts.include(reading.accounts)
        whole.added.include(reading.added)
        whole.lag.include(reading.lag)
        whole.in_flight += reading.in_flight
        whole.lost += reading.lost
        whole.backlog += reading.backlog
        for tally in reading.tallies:
            whole.tally(tally.labels).include(tally)
    return whole


def _add(counts: dict[str, int], others: dict[str, int]) -> None:
    for name, count in others.items():
        counts[name] = counts.get(name, 0) + count
