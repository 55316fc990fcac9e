"""Turns are fair, and a verdict needs more than one bad round."""

import pytest

from bench.cases import CASES
from bench.job import Outcome, Spread
from bench.rounds import over, ratios, steady, take, turns


def test_a_round_is_mirrored():
    assert turns(["a", "b", "c"]) == ["a", "b", "c", "c", "b", "a"]


def test_a_round_counts_both_of_its_turns_as_one_figure():
    spent = iter([1.0, 10.0, 30.0, 3.0, 1.0, 5.0, 5.0, 1.0])
    taken = take(CASES[0], 2, ["a", "b"], lambda _: Outcome(requests=2, cpu_seconds=next(spent)))
    assert taken["a"].cost_us == (1e6, 0.5e6)
    assert ratios(taken, "b", "a") == [10.0, 5.0]


def test_delays_are_medians_over_all_turns():
    delays = iter([Spread(1, 1, 1), Spread(9, 9, 9), Spread(2, 5, 7), Spread(3, 6, 8)])
    taken = take(CASES[0], 2, ["a"], lambda _: Outcome(requests=1, event_delay=next(delays)))
    assert taken["a"].event_delay == Spread(2.5, 5.5, 7.5)
    assert taken["a"].answer_time is None


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ([2, 2, 2, 2, 2, 2, 0.5], True),
        ([2, 2, 2, 2, 2, 0.5, 0.5], False),
        ([0.5, 0.5, 0.5, 9, 9, 9, 0.5], False),
        ([2, 2, 2], False),
    ],
)
def test_a_limit_is_passed_when_the_median_and_nearly_all_of_enough_rounds_are_over_it(figures, verdict):
    assert over(figures, 1.0) is verdict


def test_equal_relays_must_come_out_equal():
    assert steady([0.95, 1.0, 1.3])
    assert not steady([1.1, 1.2, 0.9])
