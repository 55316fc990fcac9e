"""Counting and summing."""

import msgspec

from fastproxy.usage import tally
from fastproxy.usage.tally import Reading

A = ("anthropic", "generate", "anthropic", "ok", "2xx")
B = ("gemini", "generate", "gemini", "ok", "2xx")


def test_a_value_on_a_bound_belongs_below_it_and_one_beyond_all_to_the_last():
    histogram = tally.empty((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 3.0):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 1]
    assert histogram.sum == 8.0


def test_every_bound_is_above_the_one_before_it():
    for bounds in (tally.FIRST_BYTE_SECONDS, tally.ADDED_SECONDS, tally.LAG_SECONDS):
        assert list(bounds) == sorted(set(bounds))
    assert tally.ADDED_SECONDS[0] == 50e-6


def filled(requests: int) -> Reading:
    reading = tally.nothing("1", 1)
    for labels in (A, B):
        counts = reading.tally(labels)
        counts.requests = requests
        counts.errors = {"timeout": requests}
        counts.input_tokens = counts.cached_tokens = counts.cache_written_tokens = 2 * requests
        counts.output_tokens = counts.reasoning_tokens = 3 * requests
        counts.first_byte.observe(0.2)
    reading.added.observe(0.1)
    reading.lag.observe(0.1)
    reading.in_flight = reading.lost = reading.backlog = requests
    return reading


def test_a_total_adds_every_number_and_changes_none_of_its_parts():
    parts = [filled(1), filled(2)]
    before = msgspec.json.encode(parts)
    whole = tally.total(parts)
    expected = msgspec.to_builtins(filled(3))
    expected["pid"] = 0
    for histogram in (expected["added"], expected["lag"], *(each["first_byte"] for each in expected["tallies"])):
        histogram["counts"] = [2 * count for count in histogram["counts"]]
        histogram["sum"] *= 2
    assert msgspec.to_builtins(whole) == expected
    assert msgspec.json.encode(parts) == before


def test_the_same_labels_are_the_same_tally():
    reading = tally.nothing("1", 1)
    assert reading.tally(A) is reading.tally(A)
    assert reading.tally(A) is not reading.tally(B)


def test_what_happened_to_accounts_is_summed_and_how_they_stand_is_not():
    def reading(number: int) -> Reading:
        made = filled(1)
        counts = {"lab": {"renewed": number}}
        made.accounts = tally.AccountCounts(
            {"lab": {"ready": number}}, {"lab": number}, counts, {"lab": {"rotate": number}}
        )
        return made

    whole = tally.total([reading(2), reading(5), filled(1)]).accounts
    assert whole.states == {"lab": {"ready": 2}}
    assert (whole.cooldowns, whole.renewals, whole.steps) == (
        {"lab": 7},
        {"lab": {"renewed": 7}},
        {"lab": {"rotate": 7}},
    )
