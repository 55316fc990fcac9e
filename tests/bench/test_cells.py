"""Every cell is measured, and what is measured is translation."""

from bench.cells import KINDS, PASSTHROUGH, cells, job, title, worst
from bench.dialects import DIALECTS
from bench.relays import PROVIDERS
from bench.rounds import Series


def test_a_full_run_has_all_twelve_cells_and_a_quick_one_every_format_on_one_side():
    assert len(set(cells(quick=False))) == 12
    assert {name for cell in cells(quick=True) for name in cell} == set(DIALECTS)


def test_a_cells_job_is_asked_for_in_one_format_and_answered_in_another():
    asked = {(each.client, each.provider) for each in (job(KINDS[0], cell, 1, ()) for cell in cells(quick=False))}
    assert asked == {(client, PROVIDERS[host]) for client in DIALECTS for host in DIALECTS if client != host}


def test_the_worst_cell_is_none_of_the_others():
    series = {name: Series((cost,), None, None, 0) for name, cost in ((PASSTHROUGH, 9.0), ("a", 2.0), ("nginx", 1.0))}
    assert worst(series, "nginx") == ("a", [2.0])
    assert title(("anthropic", "gemini")) == "anthropic over gemini"
