"""One peer beside fastproxy, in turns, within a time of its own. It never lets one case that fails fail another.

The turns are A B, B A: a machine that grows slower while it is measured favours nobody, and a ratio is always of two
figures of the same pass.
"""

import asyncio
import statistics
from collections.abc import Callable, Sequence
from time import monotonic

import msgspec

from bench import meter

from .client import CaseError, Figures, Target, family, run
from .work import CASES, Case

PASSES = 4
CASE_SECONDS = 25.0
LEAST_SECONDS = 5.0  # with less left nothing is begun: what is broken off says nothing about a relay
NO_TIME = "no time was left for it"


class Pair(msgspec.Struct, frozen=True):
    """What fastproxy and the peer took in one pass."""

    own: Figures
    peer: Figures


class Row(msgspec.Struct, frozen=True):
    """One case. pairs: pass by pass. problem: why there is none, or no more of them."""

    pairs: list[Pair] = []
    problem: str = ""


class Compared(msgspec.Struct, frozen=True):
    """One peer. rows: by case. memory_bytes: resident at rest, after a little work. problem: why there are no rows."""

    name: str
    version: str
    note: str
    rows: dict[str, Row] = {}
    memory_bytes: int = 0
    problem: str = ""


def rows(
    cases: Sequence[Case], own: Target, peer: Target, deadline_seconds: float, say: Callable[[str], None]
) -> dict[str, Row]:
    """Every case's row; passes are left out where `deadline_seconds` (monotonic) would be over.

    The first pass does not count: engines that compile while they run are slow in it.
    """
    taken = {case.name: Row() for case in cases}
    for number in range(1 + PASSES):
        for case in cases:
            row = taken[case.name]
            if row.problem:
                continue
            left_seconds = deadline_seconds - monotonic()
            if left_seconds < LEAST_SECONDS:
                return {name: row if row.pairs or row.problem else Row([], NO_TIME) for name, row in taken.items()}
            try:
                pair = _pair(case, own, peer, seconds=left_seconds / 2, swapped=number % 2 == 1)
            except CaseError as error:
                taken[case.name] = Row(row.pairs, str(error))
                say(f"{peer.name}, {case.title}: {error}")
                continue
            if number:
                row.pairs.append(pair)
            if number == 1:
                say(f"{peer.name}, {case.title}: {pair.own.cost_us:.0f} : {pair.peer.cost_us:.0f} us")
    return taken


def _pair(case: Case, own: Target, peer: Target, *, seconds: float, swapped: bool) -> Pair:
    """Both relays in turn, so many seconds for each at most. Raises: CaseError."""
    order = (peer, own) if swapped else (own, peer)
    figures = {target.name: asyncio.run(run(case, target, min(seconds, CASE_SECONDS))) for target in order}
    return Pair(figures[own.name], figures[peer.name])


def warm(target: Target) -> None:
    """A little work, so that what a relay only loads when it is first needed is loaded. Raises: CaseError."""
    asyncio.run(run(CASES[0], target, CASE_SECONDS))


def memory_bytes(target: Target) -> int:
    """Resident memory of the relay and its children now."""
    return meter.memory_bytes(family(target.pid))


def median_ratio(pairs: Sequence[Pair], of: Callable[[Figures], float]) -> tuple[float, float, float]:
    """How many times fastproxy's figure the peer's is: median, lowest and highest of all passes."""
    found = [of(pair.peer) / of(pair.own) for pair in pairs]
    return statistics.median(found), min(found), max(found)
