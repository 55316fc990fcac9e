"""The soak's limits: what a healthy run looks like passes, and each thing that may go wrong is a breach."""

from msgspec.structs import replace

from slow.soak.load import Counts
from slow.soak.verdict import verdicts
from slow.soak.watch import MIB, Look, percentile, slope

LAG = ((0.001, 90), (0.25, 99), (2.5, 100), (float("inf"), 100))
REST = Look(50 * MIB, 20, 0, 0, 0, ((0.001, 100), (float("inf"), 100)))
FLAT = [(float(at), 60 * MIB + at % 3 * 4096) for at in range(600)]
ROWS = {"rows": [{"requests": 7, "cancelled": 1}, {"requests": 3, "cancelled": 1}]}


def breaches(
    after: Look = REST, memory: list[tuple[float, int]] = FLAT, wrong: int = 0, records: int = 10
) -> list[str]:
    counts = Counts(records=records, cancelled=2, wrong=wrong)
    return [check.name for check in verdicts(REST, after, memory, counts, ROWS) if not check.held]


def test_a_healthy_run_breaches_nothing():
    assert breaches() == []


def test_every_limit_can_be_passed():
    assert breaches(replace(REST, files=25)) == ["open files at rest"]
    assert breaches(replace(REST, upstream=1)) == ["upstream connections at rest"]
    assert breaches(replace(REST, in_flight=1)) == ["exchanges in flight at rest"]
    assert breaches(replace(REST, lost=1)) == ["usage records lost or late"]
    assert breaches(replace(REST, lag=LAG)) == ["loop lag p99"]
    assert breaches(wrong=1) == ["answers other than they had to be"]
    assert breaches(records=11) == ["usage records"]
    assert breaches(memory=[]) == ["memory after the warm-up"]


def test_a_leak_of_one_mebibyte_a_minute_is_a_breach_in_ten_minutes_and_noise_is_none():
    leak = [(float(at), 60 * MIB + at * MIB // 60) for at in range(480)]
    assert breaches(memory=leak) == ["memory after the warm-up"]
    assert breaches(memory=leak[:60]) == []


def test_a_percentile_is_the_bound_that_holds_it():
    assert percentile(LAG, 0.9) == 0.001
    assert percentile(LAG, 0.99) == 0.25
    assert percentile((), 0.99) == 0.0


def test_the_slope_is_that_of_the_nearest_line():
    assert slope([(0.0, 10), (1.0, 12), (2.0, 14)]) == 2.0
    assert slope([(0.0, 10)]) == 0.0
