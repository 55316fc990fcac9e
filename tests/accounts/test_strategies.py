"""Which of the usable accounts is chosen, by strategy."""

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.cooldown import Window
from fastproxy.accounts.seat import Seat
from fastproxy.accounts.strategies import (
    STRATEGIES,
    Ask,
    least_used,
    priority,
    quota_aware,
    round_robin,
    sticky,
    weighted,
)
from fastproxy.providers.base import Strategy
from support.pooled import NOW, account

HOUR, DAY = 3600.0, 86400.0
ASK = Ask("", "opus-5", NOW)


def seats(*labels: str, weight: int = 1) -> list[Seat]:
    return [Seat(account(label, weight=weight)) for label in labels]


def spread(among: list[Seat], sessions: int = 4000) -> Counter[str]:
    return Counter(sticky(among, Ask(f"session-{n}", "opus-5", NOW)).id for n in range(sessions))


def measured(label: str, *, five_hours: tuple[float, float], week: tuple[float, float], opus: float = 0.0) -> Seat:
    """Pairs are (used fraction, seconds to the reset)."""
    seat = Seat(account(label))
    for name, (used, left), length in (("5h", five_hours, 5 * HOUR), ("7d", week, 7 * DAY)):
        seat.see(Window(seat.id, name, used, NOW + left, length))
    if opus:
        seat.see(Window(seat.id, "7d_opus", opus, NOW + week[1], 7 * DAY, scope="family:opus"))
    return seat


def test_every_strategy_that_can_be_configured_exists():
    assert set(STRATEGIES) == set(get_args(Strategy))


@given(st.sampled_from(get_args(Strategy)), st.integers(1, 8), st.text())
def test_every_strategy_chooses_one_of_the_accounts_and_the_same_one_again(
    strategy: Strategy, count: int, session: str
):
    among = seats(*map(str, range(count)))
    chosen = STRATEGIES[strategy](among, Ask(session, "opus-5", NOW))
    assert chosen in among
    assert STRATEGIES[strategy](among, Ask(session, "opus-5", NOW)) is chosen


def test_sessions_spread_evenly_over_equal_accounts():
    counts = spread(seats(*"abcde"))
    assert all(680 < counts[f"lab:{label}"] < 920 for label in "abcde")


def test_sessions_spread_by_weight():
    counts = spread([Seat(account("light")), Seat(account("heavy", weight=3))])
    assert 0.72 < counts["lab:heavy"] / 4000 < 0.78


def test_an_account_that_goes_moves_its_own_sessions_only():
    five = seats(*"abcde")
    for n in range(500):
        ask = Ask(f"session-{n}", "opus-5", NOW)
        before = sticky(five, ask)
        if before.id != "lab:c":
            assert sticky([seat for seat in five if seat.id != "lab:c"], ask) is before


def test_workers_agree_on_a_session_whatever_their_order_of_accounts():
    for n in range(200):
        ask = Ask(f"session-{n}", "opus-5", NOW)
        assert sticky(seats(*"abcde"), ask).id == sticky(seats(*"ecadb"), ask).id


def test_which_account_a_session_goes_to_is_the_same_in_every_release():
    chosen = [sticky(seats(*"abcde"), Ask(f"session-{n}", "m", NOW)).account.label for n in range(8)]
    assert "".join(chosen) == "ebdddeea"


def test_round_robin_takes_the_one_that_waited_longest():
    a, b, c = seats("a", "b", "c")
    a.turn, b.turn, c.turn = 3, 1, 2
    assert round_robin([a, b, c], ASK) is b


def test_weighted_takes_the_one_that_had_least_for_its_weight():
    a, b = seats("a", "b")
    a.share, b.share = 1.0, 0.5
    assert weighted([a, b], ASK) is b


def test_priority_takes_the_first():
    a, b = seats("a", "b")
    assert priority([a, b], ASK) is a


def test_least_used_looks_at_requests_under_way_then_at_all_by_weight():
    a, b = seats("a", "b")
    heavy = Seat(account("heavy", weight=4))
    a.in_flight, b.in_flight, heavy.in_flight = 2, 1, 3
    assert least_used([a, b, heavy], ASK) is heavy
    a.in_flight = b.in_flight = heavy.in_flight = 0
    a.uses, b.uses, heavy.uses = 10, 9, 37
    assert least_used([a, b, heavy], ASK) is b


def test_what_would_be_lost_soonest_is_spent_first():
    late = measured("late", five_hours=(0.1, HOUR), week=(0.5, 5 * DAY))
    soon = measured("soon", five_hours=(0.1, HOUR), week=(0.5, 1 * DAY))
    assert quota_aware([late, soon], ASK) is soon


def test_at_the_same_reset_the_one_with_more_left_is_spent_first():
    full = measured("full", five_hours=(0.1, HOUR), week=(0.6, DAY))
    empty = measured("empty", five_hours=(0.1, HOUR), week=(0.2, DAY))
    assert quota_aware([full, empty], ASK) is empty


def test_the_short_quota_decides_between_equal_long_ones():
    late = measured("late", five_hours=(0.2, 4 * HOUR), week=(0.5, DAY))
    soon = measured("soon", five_hours=(0.2, 1 * HOUR), week=(0.5, DAY))
    assert quota_aware([late, soon], ASK) is soon


@pytest.mark.parametrize(
    "spent",
    [
        measured("spent", five_hours=(0.95, HOUR), week=(0.1, HOUR)),
        measured("spent", five_hours=(0.1, HOUR), week=(0.95, HOUR)),
        measured("spent", five_hours=(0.1, HOUR), week=(0.1, HOUR), opus=0.95),
    ],
    ids=["5h", "7d", "7d of this model"],
)
def test_an_account_that_might_not_finish_comes_last_even_after_an_unknown_one(spent: Seat):
    unknown = Seat(account("unknown"))
    late = measured("late", five_hours=(0.8, 4 * HOUR), week=(0.8, 6 * DAY))
    assert quota_aware([spent, unknown], ASK) is unknown
    assert quota_aware([spent, unknown, late], ASK) is late
    assert quota_aware([spent], ASK) is spent


def test_another_models_quota_does_not_count():
    spent = measured("spent", five_hours=(0.1, HOUR), week=(0.1, HOUR), opus=0.95)
    late = measured("late", five_hours=(0.8, 4 * HOUR), week=(0.8, 6 * DAY))
    assert quota_aware([late, spent], Ask("", "sonnet-5", NOW)) is spent


def test_a_quota_whose_reset_has_passed_is_whole_again():
    reset = measured("reset", five_hours=(1.0, -1.0), week=(1.0, -1.0))
    late = measured("late", five_hours=(0.1, 4 * HOUR), week=(0.5, 6 * DAY))
    assert quota_aware([late, reset], ASK) is reset


def test_a_quota_without_a_known_reset_or_length_is_compared_by_what_is_left():
    a, b = seats("a", "b")
    a.see(Window("lab:a", "month", 0.6))
    b.see(Window("lab:b", "month", 0.3))
    assert quota_aware([a, b], ASK) is b
