"""Counts for Prometheus, kept where an exchange ends and summed over all workers where somebody asks.

Labels come from configured names only: whatever a client or an upstream wrote is "other". Nothing here waits, looks up
a label by name, or formats anything while exchanges run.

Why not prometheus_client's own counters and multiprocess mode: a counter and a histogram per exchange cost 0.4 and
0.8 us each in memory and 0.9 and 2 us each in mapped files (an exchange touches eight), mapped files kill the process
(SIGBUS) when the disk is full, and every dead worker leaves its files to be summed for ever. Here an exchange is a few
additions, and a worker writes all its numbers into one small file of its own, once a second and when they are shown.
"""

import logging
import os
import threading
from pathlib import Path
from typing import get_args

import msgspec

from fastproxy.errors import KINDS
from fastproxy.formats.base import FormatName
from fastproxy.usage import tally
from fastproxy.usage.journal import Journal
from fastproxy.usage.record import Outcome, UsageRecord

OTHER = "other"
KNOWN_LABELS = 4096  # distinct (format, endpoint, provider, outcome, status) that are found without a second look

_log = logging.getLogger(__name__)
_FORMATS: frozenset[str] = frozenset(get_args(FormatName))
_OUTCOMES: frozenset[str] = frozenset(get_args(Outcome))
_ERRORS: frozenset[str] = frozenset(KINDS)
_STATUS_CLASSES = {1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}


class Names(msgspec.Struct, frozen=True):
    """What may become a label: the configured providers and the names of our endpoints."""

    providers: frozenset[str]
    endpoints: frozenset[str]


class Shared(msgspec.Struct, frozen=True):
    """Several workers count as one.

    directory: for nothing else; emptied by nobody while a worker runs. worker: which of `workers` this is, from 0; one
    that is started in a dead one's place goes on where that one stopped, so that a sum never falls.
    """

    directory: Path
    worker: int
    workers: int

    def path(self, worker: int) -> Path:
        return self.directory / f"metrics-{worker}.json"


class Metrics:
    """One per process, made after any fork.

    in_flight: exchanges that have not ended; whoever starts and ends them adds and takes away. accounts: what this
    process knows of them, since its start; busy: how it uses each of them, for the other workers. Replaced whole.
    """

    def __init__(self, version: str, names: Names, journal: Journal, shared: Shared | None = None) -> None:
        self.in_flight = 0
        self.accounts = tally.AccountCounts()
        self.busy: dict[str, tally.Busy] = {}
        self._names = names
        self._journal = journal
        self._shared = shared
        self._mine = tally.nothing(version, os.getpid())
        if shared is not None:
            self._mine = self._read(shared.worker) or self._mine
            self._mine.pid = os.getpid()
        self._lost_before = self._mine.lost
        self._accounts_before = self._mine.accounts
        self._publishing = threading.Lock()  # numbers must not be published after newer ones
        self._known: dict[tuple[str, str, str, str, int], tally.Tally] = {}

    def rename(self, names: Names) -> None:
        """Take other names for labels: the configuration has changed."""
        self._names = names
        self._known = {}

    def observe(self, record: UsageRecord) -> None:
        """Count one exchange. Cost: 0.8 us."""
        key = (record.format, record.endpoint, record.provider, record.outcome, record.status)
        counts = self._known.get(key)
        if counts is None:
            counts = self._learn(key)
        counts.requests += 1
        if record.first_byte_seconds is not None:
            counts.first_byte.observe(record.first_byte_seconds)
        if record.added_seconds > 0:
            self._mine.added.observe(record.added_seconds)
        if record.error:
            kind = record.error if record.error in _ERRORS else OTHER
            counts.errors[kind] = counts.errors.get(kind, 0) + 1
        counts.input_tokens += record.input_tokens or 0
        counts.cached_tokens += record.cached_tokens or 0
        counts.cache_written_tokens += record.cache_written_tokens or 0
        counts.output_tokens += record.output_tokens or 0
        counts.reasoning_tokens += record.reasoning_tokens or 0

    def observe_lag(self, seconds: float) -> None:
        """How late a timer of the event loop ran."""
        self._mine.lag.observe(seconds)

    def publish(self) -> None:
        """Let the other workers see our numbers. Called once a second; does nothing for a single process.

        A disk that can't take them is no error: the next second tries again. Cost: 0.24 ms.
        """
        if self._shared is not None and self._publishing.acquire(blocking=False):
            try:
                self._publish(self._shared)
            finally:
                self._publishing.release()

    def render(self) -> tuple[bytes, str]:
        """The sum over all workers as Prometheus takes it, and its content type. May run in another thread.

        What is shown has been published first: otherwise a worker that dies would take numbers back that somebody has
        seen, and Prometheus would count everything again.
        """
        from fastproxy.usage import exposition  # noqa: PLC0415 - 1.4 MiB and 15 ms that only a scrape needs

        if self._shared is None:
            mine = msgspec.json.decode(self._snapshot(), type=tally.Reading)
            return exposition.render(mine, process=True)
        with self._publishing:
            mine = msgspec.json.decode(self._publish(self._shared), type=tally.Reading)
        return exposition.render(tally.total([mine, *self._peers()]), process=False)

    def peers_busy(self) -> list[dict[str, tally.Busy]]:
        """How every other living worker uses its accounts, as it was a second ago at most. Reads a file for each."""
        return [reading.busy for reading in self._peers()]

    def _peers(self) -> list[tally.Reading]:
        if self._shared is None:
            return []
        others = [self._read(worker) for worker in range(self._shared.workers) if worker != self._shared.worker]
        return [reading for reading in others if reading is not None]

    def _learn(self, key: tuple[str, str, str, str, int]) -> tally.Tally:
        """The tally for a key seen for the first time, every name in it that we don't know replaced."""
        form, endpoint, provider, outcome, status = key
        labels = (
            form if form in _FORMATS else OTHER,
            endpoint if endpoint in self._names.endpoints else OTHER,
            self._label(provider),
            outcome if outcome in _OUTCOMES else OTHER,
            _STATUS_CLASSES.get(status // 100, "none"),
        )
        counts = self._mine.tally(labels)
        if len(self._known) < KNOWN_LABELS:
            self._known[key] = counts
        return counts

    def _snapshot(self) -> bytes:
        """Our numbers at one moment: encoding them holds the interpreter, so no exchange can count meanwhile."""
        self._mine.in_flight = self.in_flight
        self._mine.lost = self._lost_before + self._journal.lost
        self._mine.backlog = self._journal.backlog
        self._mine.accounts = self._named(self.accounts)
        self._mine.accounts.include(self._accounts_before)
        self._mine.busy = self.busy
        return msgspec.json.encode(self._mine)

    def _named(self, accounts: tally.AccountCounts) -> tally.AccountCounts:
        """The counts of accounts, those of providers that we don't know as "other"."""
        named = tally.AccountCounts()
        for provider, states in accounts.states.items():
            known = named.states.setdefault(self._label(provider), {})
            for state, count in states.items():
                known[state] = known.get(state, 0) + count
        for provider in {*accounts.cooldowns, *accounts.renewals, *accounts.steps}:
            label = self._label(provider)
            one = tally.AccountCounts(
                {},
                {label: accounts.cooldowns.get(provider, 0)},
                {label: accounts.renewals.get(provider, {})},
                {label: accounts.steps.get(provider, {})},
            )
            named.include(one)
        return named

    def _label(self, provider: str) -> str:
        return provider if provider in self._names.providers else OTHER

    def _publish(self, shared: Shared) -> bytes:
        """Our numbers, put where the others look if the disk takes them."""
        numbers = self._snapshot()
        path = shared.path(shared.worker)
        fresh = path.with_suffix(".new")
        try:
            shared.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.write_bytes(numbers)
            fresh.replace(path)
        except OSError as error:
            _log.debug("metrics can't be shared now: %s", error)
        return numbers

    def _read(self, worker: int) -> tally.Reading | None:
        """What that worker has published, if it ran this release; less what only the living have."""
        if self._shared is None:
            return None
        try:
            reading = msgspec.json.decode(self._shared.path(worker).read_bytes(), type=tally.Reading)
        except (OSError, msgspec.MsgspecError):
            return None
        if reading.version != self._mine.version:
            return None
        if not _is_alive(reading.pid):
            reading.in_flight = reading.backlog = 0
            reading.busy = {}
        return reading


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
