"""The report says what was measured, also where something could not be."""

from bench.cells import KINDS
from bench.gates import verdicts
from bench.job import Spread
from bench.report import line, markdown
from bench.result import Memory, Result
from bench.rounds import Series


def result(*, nginx: bool, equal: float = 1.0) -> Result:
    delay = Spread(100, 200, 300)
    taken = {name: Series((cost,), delay, delay, 0) for name, cost in (("fastproxy", 30.0), ("reference", 20.0))}
    if nginx:
        taken["nginx"] = Series((10.0,), delay, delay, 0)
    taken["direct"] = Series((0.0,), Spread(50, 60, 70), delay, 0)
    cases = {"json1k": taken, "paced1": taken}
    own = {"passthrough": taken["fastproxy"]} | ({"nginx": taken["nginx"]} if nginx else {})
    cells = {kind.name: {"anthropic over gemini": taken["fastproxy"], **own} for kind in KINDS}
    memory = {"fastproxy": Memory(40 * 2**20, 6144)}
    gates = verdicts(cases, [equal], memory["fastproxy"])
    return Result(
        {"processor": "a, 2 cores"}, quick=False, equal=[equal], cases=cases, cells=cells, memory=memory, verdicts=gates
    )


def test_ratios_stand_beside_the_figures_they_come_from():
    row = next(row for row in markdown(result(nginx=True)).splitlines() if row.startswith("| 1 KB JSON, 64"))
    assert [cell.strip() for cell in row.split("|")][3:-1] == [
        *("20.0", "10.0", "30.0"),
        *("1.50 (1.50 to 1.50)", "3.00 (3.00 to 3.00)"),
    ]


def test_a_machine_without_nginx_is_reported_without_it():
    row = next(row for row in markdown(result(nginx=False)).splitlines() if row.startswith("| 1 KB JSON, 64"))
    assert row.rstrip(" |").endswith("| -")


def test_an_unsteady_machine_is_named():
    assert "can't judge ratios" in markdown(result(nginx=True, equal=1.5))
    assert "can't judge ratios" not in markdown(result(nginx=True))


def test_a_verdict_is_one_line():
    assert line(result(nginx=True).verdicts[0]) == "ok           B json1k CPU: 1.50 x reference (limit 2)"


def test_a_cell_has_a_row_and_stands_beside_nginx_where_there_is_one():
    def row(*, nginx: bool) -> str:
        return next(row for row in markdown(result(nginx=nginx)).splitlines() if row.startswith("| anthropic over"))

    assert row(nginx=True).count("30.0 (3.00)") == len(KINDS)
    assert row(nginx=False).count(" 30.0 ") == len(KINDS)
