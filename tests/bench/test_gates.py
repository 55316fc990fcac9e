"""Each gate can fail, and says so only when the machine could tell."""

import pytest

from bench.gates import cell_verdicts, verdicts
from bench.job import Spread
from bench.result import Memory
from bench.rounds import Series

FINE = Memory(40 * 2**20, 6 * 1024)
STEADY = [1.0] * 7


def taken(cost: float, *, delay_us: float = 300.0, joined: float = 0.0) -> dict[str, Series]:
    delay = Spread(delay_us, delay_us, delay_us)
    return {
        "fastproxy": Series((cost,) * 7, delay, None, joined),
        "reference": Series((10.0,) * 7, delay, None, 0),
        "nginx": Series((3.0,) * 7, delay, None, 0),
        "direct": Series((0.0,), Spread(200, 200, 200), None, 0),
    }


def states(
    cases: dict[str, dict[str, Series]], *, equal: list[float] = STEADY, memory: Memory = FINE
) -> dict[str, str]:
    return {f"{each.gate} {each.name} {each.unit}".strip(): each.state for each in verdicts(cases, equal, memory)}


def test_a_relay_within_every_limit_is_ok():
    assert set(states({"json1k": taken(12.0), "paced1": taken(12.0)}).values()) == {"ok"}


def test_too_much_cpu_is_over_against_each_measure_of_its_own():
    found = states({"json1k": taken(25.0), "paced1": taken(12.0)})
    assert found["B json1k CPU x reference"] == found["B json1k CPU x nginx"] == "over"


def test_an_unsteady_machine_makes_a_ratio_inconclusive_and_leaves_the_rest():
    found = states({"json1k": taken(25.0), "paced1": taken(12.0)}, equal=[1.2] * 7, memory=Memory(2**30, 0))
    assert found["B json1k CPU x reference"] == "inconclusive"
    assert found["D memory at rest MiB"] == "over"


def test_rounds_that_disagree_blame_nobody():
    case = taken(25.0)
    case["fastproxy"] = Series((25.0,) * 5 + (12.0,) * 2, None, None, 0)
    assert states({"json1k": case, "paced1": taken(12.0)})["B json1k CPU x reference"] == "inconclusive"


def test_without_nginx_only_the_reference_judges():
    case = taken(25.0)
    del case["nginx"]
    assert "B json1k CPU x nginx" not in states({"json1k": case, "paced1": taken(12.0)})


@pytest.mark.parametrize(
    ("case", "name"),
    [
        (taken(12.0, delay_us=2300.0), "C added delay p50, 1 paced stream us"),
        (taken(12.0, joined=1.0), "C events that came with their predecessor"),
    ],
)
def test_a_held_back_event_is_over(case, name):
    assert states({"paced1": case})[name] == "over"


def test_a_heavy_idle_stream_is_over():
    assert states({"paced1": taken(12.0)}, memory=Memory(0, 21 * 1024))["D memory per stream, 500 idle KiB"] == "over"


def test_the_most_expensive_cell_is_judged_by_its_ratio_to_nginx():
    rounds = {name: Series((cost,) * 7, None, None, 0) for name, cost in (("a", 5.0), ("b", 9.0), ("nginx", 3.0))}
    taken = {"translated-paced": {**rounds, "passthrough": Series((99.0,) * 7, None, None, 0)}}
    (found,) = cell_verdicts(taken, STEADY)
    assert (found.measured, found.limit, found.state) == (3.0, 2.0, "over")
    assert "(b)" in found.name


def test_cells_are_not_judged_without_nginx_nor_on_an_unsteady_machine():
    rounds = {name: Series((cost,) * 7, None, None, 0) for name, cost in (("a", 9.0), ("nginx", 3.0))}
    assert not cell_verdicts({"translated-paced": {"a": rounds["a"]}}, STEADY)
    (found,) = cell_verdicts({"translated-paced": rounds}, [1.2] * 7)
    assert found.state == "inconclusive"
