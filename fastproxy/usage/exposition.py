"""A reading as Prometheus takes it.

Loads prometheus_client (1.4 MiB, 15 ms), so it is imported by those who show metrics and by nobody who only counts.
It must never make a label of anything but a tally's own names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from fastproxy.usage.tally import AccountCounts, Histogram, Reading, Tally, empty

_TOKENS: tuple[tuple[str, Callable[[Tally], int]], ...] = (
    ("input", lambda tally: tally.input_tokens),
    ("cached", lambda tally: tally.cached_tokens),
    ("cache_written", lambda tally: tally.cache_written_tokens),
    ("output", lambda tally: tally.output_tokens),
    ("reasoning", lambda tally: tally.reasoning_tokens),
)


def render(reading: Reading, *, process: bool) -> tuple[bytes, str]:
    """The text and its content type. process: with this process's own CPU, memory and open files."""
    registry = CollectorRegistry()
    registry.register(_Once(reading))
    if process:
        ProcessCollector(registry=registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Once(Collector):
    """One reading as a collector; the registry asks it once."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        reading = self._reading
        yield InfoMetricFamily("fastproxy", "Which release is running.", {"version": reading.version})
        yield _requests(reading.tallies)
        yield _errors(reading.tallies)
        yield _tokens(reading.tallies)
        yield GaugeMetricFamily("fastproxy_in_flight", "Exchanges that have not ended.", reading.in_flight)
        yield _first_byte(reading.tallies)
        yield _histogram("fastproxy_added_latency_seconds", "The relay's own share of an exchange.", reading.added)
        yield _histogram("fastproxy_event_loop_lag_seconds", "How late the event loop runs a timer.", reading.lag)
        yield CounterMetricFamily("fastproxy_usage_lost", "Usage records given up.", reading.lost)
        yield GaugeMetricFamily("fastproxy_usage_backlog", "Usage records that can't be written yet.", reading.backlog)
        yield from _accounts(reading.accounts)


def _requests(tallies: Iterable[Tally]) -> Metric:
    labels = ("format", "endpoint", "provider", "outcome", "status_class")
    family = CounterMetricFamily("fastproxy_requests", "Exchanges that have ended.", labels=labels)
    for tally in tallies:
        family.add_metric(tally.labels, tally.requests)
    return family


def _errors(tallies: Iterable[Tally]) -> Metric:
    family = CounterMetricFamily("fastproxy_errors", "What went wrong, by kind.", labels=("provider", "kind"))
    counts: dict[tuple[str, str], int] = {}
    for tally in tallies:
        for kind, count in tally.errors.items():
            key = (tally.labels[2], kind)
            counts[key] = counts.get(key, 0) + count
    for key, count in counts.items():
        family.add_metric(key, count)
    return family


def _tokens(tallies: Iterable[Tally]) -> Metric:
    family = CounterMetricFamily("fastproxy_tokens", "Tokens that upstreams told of.", labels=("provider", "kind"))
    counts: dict[tuple[str, str], int] = {}
    for tally in tallies:
        for kind, of in _TOKENS:
            key = (tally.labels[2], kind)
            counts[key] = counts.get(key, 0) + of(tally)
    for key, count in counts.items():
        family.add_metric(key, count)
    return family


def _first_byte(tallies: Iterable[Tally]) -> Metric:
    text = "From the whole request to the first byte of the answer."
    family = HistogramMetricFamily("fastproxy_first_byte_seconds", text, labels=("provider",))
    sums: dict[str, Histogram] = {}
    for tally in tallies:
        sums.setdefault(tally.labels[2], empty(tally.first_byte.bounds)).include(tally.first_byte)
    for provider, histogram in sums.items():
        family.add_metric((provider,), _buckets(histogram), histogram.sum)
    return family


def _accounts(counts: AccountCounts) -> Iterator[Metric]:
    states = GaugeMetricFamily("fastproxy_accounts", "Accounts that there are, by state.", labels=("provider", "state"))
    _fill(states, counts.states)
    yield states
    cooldowns = CounterMetricFamily(
        "fastproxy_account_cooldowns", "How often an account began to rest.", labels=("provider",)
    )
    for provider, count in counts.cooldowns.items():
        cooldowns.add_metric((provider,), count)
    yield cooldowns
    refreshes = CounterMetricFamily(
        "fastproxy_account_refreshes", "Renewals of logins that have ended.", labels=("provider", "outcome")
    )
    _fill(refreshes, counts.renewals)
    yield refreshes
    rotations = CounterMetricFamily(
        "fastproxy_account_rotations", "What refusals of accounts led to.", labels=("provider", "step")
    )
    _fill(rotations, counts.steps)
    yield rotations


def _fill(family: CounterMetricFamily | GaugeMetricFamily, counts: Mapping[str, Mapping[str, int]]) -> None:
    for provider, by_name in counts.items():
        for name, count in by_name.items():
            family.add_metric((provider, name), count)


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(name, text, _buckets(histogram), histogram.sum)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """(le, how many at or below it), as the format wants them."""
    bounds = (*histogram.bounds, float("inf"))
    return list(zip(map(floatToGoString, bounds), accumulate(histogram.counts), strict=True))
