"""Fair turns between two relays; a case that fails or a time that is over costs nobody else anything."""

from time import monotonic

import pytest

from bench.peers import compare
from bench.peers.client import CaseError, Figures, Target
from bench.peers.compare import PASSES, Pair, median_ratio, rows
from bench.peers.work import CASES, Case

OWN, PEER = Target("fastproxy", 1), Target("peer", 2)


@pytest.fixture
def ran(monkeypatch):
    """What was run, as (case, relay); no relay does the case "paced", and the peer is ten times as slow."""
    seen: list[tuple[str, str]] = []

    async def run(case: Case, target: Target, seconds: float) -> Figures:
        seen.append((case.name, target.name))
        assert 0 < seconds <= compare.CASE_SECONDS
        if case.name == "paced":
            raise CaseError("no")
        return Figures(10.0, 5.0) if target is OWN else Figures(100.0, 20.0)

    monkeypatch.setattr(compare, "run", run)
    return seen


def measured(seconds: float, cases: tuple[Case, ...] = CASES) -> dict[str, compare.Row]:
    return rows(cases, OWN, PEER, monotonic() + seconds, lambda _: None)


def test_relays_take_turns_and_the_first_pass_does_not_count(ran):
    taken = measured(60.0, CASES[:1])
    assert [name for _, name in ran[:4]] == ["fastproxy", "peer", "peer", "fastproxy"]
    assert len(ran) == 2 * (PASSES + 1)
    assert taken["json"].pairs == [Pair(Figures(10.0, 5.0), Figures(100.0, 20.0))] * PASSES


def test_a_case_that_fails_is_tried_once_and_the_others_go_on(ran):
    taken = measured(60.0)
    assert (taken["paced"].pairs, taken["paced"].problem) == ([], "no")
    assert sum(case == "paced" for case, _ in ran) == 1
    assert all(len(row.pairs) == PASSES for name, row in taken.items() if name != "paced")


def test_when_time_is_over_nothing_is_begun_and_what_is_missing_is_told(ran):
    taken = measured(compare.LEAST_SECONDS - 1)
    assert ran == []
    assert {row.problem for row in taken.values()} == {compare.NO_TIME}


def test_when_time_runs_out_what_was_measured_stays(ran, monkeypatch):
    now = [0.0]

    async def slow(case: Case, target: Target, seconds: float) -> Figures:
        now[0] += 10.0
        return Figures(1.0, 1.0)

    monkeypatch.setattr(compare, "monotonic", lambda: now[0])
    monkeypatch.setattr(compare, "run", slow)
    taken = rows(CASES[:2], OWN, PEER, 84.0, lambda _: None)
    assert [(len(row.pairs), row.problem) for row in taken.values()] == [(1, ""), (1, "")]
    now[0] = 0.0
    taken = rows(CASES[:2], OWN, PEER, 60.0, lambda _: None)
    assert [(len(row.pairs), row.problem) for row in taken.values()] == [(1, ""), (0, compare.NO_TIME)]


def test_a_ratio_is_of_figures_of_one_pass():
    pairs = [Pair(Figures(own, 1), Figures(peer, 1)) for own, peer in ((1.0, 10.0), (2.0, 40.0), (1.0, 30.0))]
    assert median_ratio(pairs, lambda figures: figures.cost_us) == (20.0, 10.0, 30.0)
