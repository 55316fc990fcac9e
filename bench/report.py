"""A result as Markdown: ratios first, since absolute figures hold for one machine and one hour. Pure."""

import statistics
from collections.abc import Mapping, Sequence

from .cases import CASES
from .cells import KINDS
from .job import Spread
from .result import Result, Verdict
from .rounds import Series, ratios, steady

_HEAD = """# What the relay costs

Written by `make bench`; [README.md](README.md) says how it is measured. Figures are CPU time of the relay process (user
and kernel) and compare only within one run. `reference` is bench/reference.py, a frozen minimal relay.
"""


def markdown(result: Result) -> str:
    """The whole report."""
    parts = [
        _HEAD,
        _table("Machine", ("", ""), [(f"**{key}**", value) for key, value in result.machine.items()]),
        f"Two equal relays against each other: {_band(result.equal)}"
        + ("." if steady(result.equal) else ", so this run can't judge ratios.")
        + "\n",
        _cost_table(result),
        _cell_table(result),
        _delay_table(result),
        _answer_table(result),
        _memory_table(result),
        _verdict_table(result),
    ]
    return "\n".join(parts)


def line(verdict: Verdict) -> str:
    """One gate's answer for a terminal."""
    measured = f"{verdict.measured:.2f} {verdict.unit}".strip()
    return f"{verdict.state:12} {verdict.gate} {verdict.name}: {measured} (limit {verdict.limit:g})"


def _cost_table(result: Result) -> str:
    rows = []
    for case in CASES:
        taken = result.cases.get(case.name)
        if taken is None:
            continue
        rows.append(
            (
                case.title,
                case.unit,
                _cost(taken, "reference"),
                _cost(taken, "nginx"),
                _cost(taken, "fastproxy"),
                _ratio(taken, "reference"),
                _ratio(taken, "nginx"),
            ),
        )
    heads = ("case", "per", "reference, us", "nginx, us", "fastproxy, us", "x reference", "x nginx")
    return _table("CPU time: median (lowest to highest round)", heads, rows)


def _cell_table(result: Result) -> str:
    """One row for each cell, one column for each kind of work: time, and its ratio to nginx in brackets."""
    kinds = [kind for kind in KINDS if kind.name in result.cells]
    if not kinds:
        return ""
    names = list(result.cells[kinds[0].name])
    rows = [(name, *(_cell(result.cells[kind.name], name) for kind in kinds)) for name in reversed(names)]
    heads = ("client over host", *(f"{kind.title}: {kind.unit}" for kind in kinds))
    note = (
        "Rounds of the cells lie between rounds of `passthrough` (fastproxy, Chat over Chat) and of nginx, which\n"
        "passes the same Chat traffic on. In brackets: x nginx, the median of the rounds.\n"
    )
    return _table("Translation, CPU time in us: median", heads, rows) + "\n" + note


def _cell(taken: Mapping[str, Series], name: str) -> str:
    ratio = f" ({statistics.median(ratios(taken, name, 'nginx')):.2f})" if "nginx" in taken and name != "nginx" else ""
    return _cost(taken, name) + ratio


def _delay_table(result: Result) -> str:
    rows = [
        (case.title, name, *_points(series.event_delay))
        for case in CASES
        for name, series in result.cases.get(case.name, {}).items()
        if case.unit == "event"
    ]
    note = "From the upstream's write to the client's read. `direct` shares one core with both, the relays don't.\n"
    return _table("Delay of an event, us", ("case", "relay", "p50", "p99", "p99.9"), rows) + "\n" + note


def _answer_table(result: Result) -> str:
    rows = [
        (case.title, name, *_points(series.answer_time))
        for case in CASES
        for name, series in result.cases.get(case.name, {}).items()
        if case.unit == "request"
    ]
    return _table("Time to the whole answer, us", ("case", "relay", "p50", "p99", "p99.9"), rows)


def _memory_table(result: Result) -> str:
    rows = [
        (name, f"{memory.base_bytes / 2**20:.1f} MiB", f"{memory.stream_bytes / 1024:.1f} KiB")
        for name, memory in result.memory.items()
    ]
    return _table("Memory", ("relay", "at rest", "per idle stream"), rows)


def _verdict_table(result: Result) -> str:
    rows = [
        (verdict.gate, verdict.name, f"{verdict.measured:.2f} {verdict.unit}", f"{verdict.limit:g}", verdict.state)
        for verdict in result.verdicts
    ]
    return _table("Gates", ("gate", "what", "measured", "limit", "verdict"), rows)


def _cost(taken: Mapping[str, Series], name: str) -> str:
    return f"{statistics.median(taken[name].cost_us):.1f}" if name in taken else "-"


def _ratio(taken: Mapping[str, Series], to: str) -> str:
    return _band(ratios(taken, "fastproxy", to)) if to in taken else "-"


def _band(figures: Sequence[float]) -> str:
    return f"{statistics.median(figures):.2f} ({min(figures):.2f} to {max(figures):.2f})"


def _points(spread: Spread | None) -> tuple[str, str, str]:
    if spread is None:
        return ("-", "-", "-")
    return (f"{spread.p50:.0f}", f"{spread.p99:.0f}", f"{spread.p999:.0f}")


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"## {title}", "", f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"
