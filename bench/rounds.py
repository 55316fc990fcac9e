"""Fair turns, and what their figures say. Pure but for the runs it is handed.

Relays take turns as A B C C B A, so that a machine that grows slower while it is measured favours nobody, and a ratio
is always of two figures of the same round.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

import msgspec

from .cases import Case
from .job import Outcome, Spread

# Of 7 rounds 6 must be over: a neighbour's burst moved single rounds by up to a factor of 2 where this was designed.
OVER_PART = 6 / 7
ENOUGH_ROUNDS = 5
STEADY_WITHIN = 0.08


class Series(msgspec.Struct, frozen=True):
    """What one relay took for one case.

    cost_us: CPU time per unit, one figure a round. The rest: medians over all runs.
    """

    cost_us: tuple[float, ...]
    event_delay: Spread | None
    answer_time: Spread | None
    joined: float


def turns(names: Sequence[str]) -> list[str]:
    """One round: every relay twice, in mirrored order."""
    return [*names, *reversed(names)]


def take(case: Case, rounds: int, names: Sequence[str], run: Callable[[str], Outcome]) -> dict[str, Series]:
    """Each relay's series over `rounds` rounds."""
    taken: dict[str, list[list[Outcome]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            taken[name].append([])
        for name in turns(names):
            taken[name][-1].append(run(name))
    return {name: series(case, outcomes) for name, outcomes in taken.items()}


def series(case: Case, rounds: Sequence[Sequence[Outcome]]) -> Series:
    """The series that these outcomes make; the outcomes of one round count as one."""
    runs = [outcome for outcomes in rounds for outcome in outcomes]
    return Series(
        cost_us=tuple(_cost_us(case, outcomes) for outcomes in rounds),
        event_delay=_median([outcome.event_delay for outcome in runs]),
        answer_time=_median([outcome.answer_time for outcome in runs]),
        joined=statistics.median(outcome.joined for outcome in runs),
    )


def _cost_us(case: Case, outcomes: Sequence[Outcome]) -> float:
    units = sum(outcome.requests if case.unit == "request" else outcome.events for outcome in outcomes)
    return 1e6 * sum(outcome.cpu_seconds for outcome in outcomes) / units


def _median(spreads: Sequence[Spread | None]) -> Spread | None:
    known = [spread for spread in spreads if spread is not None]
    if not known:
        return None
    return Spread(
        statistics.median(spread.p50 for spread in known),
        statistics.median(spread.p99 for spread in known),
        statistics.median(spread.p999 for spread in known),
    )


def ratios(taken: Mapping[str, Series], name: str, to: str) -> list[float]:
    """What `name` took of what `to` took, round by round."""
    return [own / other for own, other in zip(taken[name].cost_us, taken[to].cost_us, strict=True)]


def over(figures: Sequence[float], limit: float) -> bool:
    """Whether the median is over the limit, and nearly every round of enough rounds agrees."""
    agreeing = sum(figure > limit for figure in figures)
    if len(figures) < ENOUGH_ROUNDS:
        return False
    return statistics.median(figures) > limit and agreeing >= math.ceil(len(figures) * OVER_PART)


def steady(figures: Sequence[float]) -> bool:
    """Whether two equal relays came out equal: if not, this machine can't tell anything now."""
    return abs(statistics.median(figures) - 1) <= STEADY_WITHIN
