"""The comparison as Markdown: ratios first, since absolute figures hold for one machine and one hour. Pure.

It never tells whose machine it was: paths in what a peer said are cut to their last part.
"""

import re
import statistics
from collections.abc import Callable, Sequence

import msgspec

from .client import Figures
from .compare import Compared, Pair, Row, median_ratio
from .work import CASES, Case

COMMAND = "make bench-peers"
_PATH = re.compile(r"(?<![\w:/.])/(?:[\w.@+~-]+/)+")
_SHOWN_CHARACTERS = 240
_HEAD = f"""# The relay beside others

Written by `{COMMAND}` on %s.

In turns with fastproxy, each peer got the same requests on the same core, before the bench's upstream (an OpenAI Chat
host on 127.0.0.1); clients and upstream had the other core. `1 : 50` reads: where fastproxy takes 1, the peer takes 50.
A ratio is the median of up to four passes, its lowest and highest beside it; a first pass that warms both sides up does
not count. No peer was tuned, and each does more than this work asks of it: this is what a relay costs, not what it is
worth.
"""
_DELAY_NOTE = """An event's delay is from the upstream's write to the client's read, an answer's from the request to its
end; with several connections at once, its wait for the others is in it.
"""


class Result(msgspec.Struct, frozen=True):
    """One run. day: ISO date. machine: facts that change figures. own_memory_bytes: fastproxy's, at rest."""

    day: str
    machine: dict[str, str]
    own_version: str
    own_memory_bytes: int
    compared: list[Compared]
    network: str


def markdown(result: Result) -> str:
    """The whole report."""
    parts = [
        _HEAD % result.day,
        _versions(result),
        _ratios("CPU time, fastproxy : peer", "per", _unit, result.compared, _cost),
        _ratios("Median delay, fastproxy : peer", "of", _delay_of, result.compared, _delay),
        _DELAY_NOTE,
        _memory(result),
        _figures(result.compared),
        *_problems(result.compared),
    ]
    return "\n".join(parts)


def lines(result: Result) -> list[str]:
    """The ratios for a terminal."""
    found = []
    for peer in result.compared:
        if peer.problem:
            found.append(f"{peer.name}: {told(peer.problem)}")
        for case in CASES:
            row = peer.rows.get(case.name, Row())
            if row.pairs:
                cost, delay = _band(row.pairs, _cost), _band(row.pairs, _delay)
                found.append(f"{peer.name}, {case.title}: CPU per {case.unit} {cost}; delay of {case.delay} {delay}")
    return found


def told(problem: str) -> str:
    """A problem as one short line without the machine's paths."""
    return _PATH.sub("", " ".join(problem.split()))[-_SHOWN_CHARACTERS:].replace("|", "/")


def _versions(result: Result) -> str:
    rows = [("fastproxy", result.own_version, "one process, a client token, usage records")]
    rows += [(peer.name, peer.version, peer.note) for peer in result.compared]
    machine = ", ".join(f"{key} {value}" for key, value in result.machine.items())
    return _table("Versions", ("relay", "version", "as it was run"), rows) + f"\n{machine}; {result.network}.\n"


def _ratios(
    title: str,
    head: str,
    what: Callable[[Case], str],
    compared: Sequence[Compared],
    of: Callable[[Figures], float],
) -> str:
    measured = [peer for peer in compared if peer.rows]
    rows = [(case.title, what(case), *(_ratio(peer.rows.get(case.name), of) for peer in measured)) for case in CASES]
    return _table(title, ("case", head, *(peer.name for peer in measured)), rows)


def _memory(result: Result) -> str:
    own = result.own_memory_bytes
    rows = [("fastproxy", _mebibytes(own), "")]
    rows += [
        (peer.name, _mebibytes(peer.memory_bytes), f"1 : {peer.memory_bytes / own:.1f}")
        for peer in result.compared
        if peer.memory_bytes
    ]
    return _table("Memory at rest", ("relay", "resident", "fastproxy : peer"), rows)


def _figures(compared: Sequence[Compared]) -> str:
    rows = [
        (case.title, peer.name, *_medians(peer.rows[case.name].pairs))
        for case in CASES
        for peer in compared
        if peer.rows.get(case.name, Row()).pairs
    ]
    heads = ("case", "peer", "CPU fastproxy", "CPU peer", "delay fastproxy", "delay peer")
    return _table("The figures behind them, median us", heads, rows)


def _problems(compared: Sequence[Compared]) -> list[str]:
    found = [(peer.name, "all", told(peer.problem)) for peer in compared if peer.problem]
    found += [
        (peer.name, case.title, told(peer.rows[case.name].problem))
        for peer in compared
        for case in CASES
        if peer.rows.get(case.name, Row()).problem
    ]
    return [_table("What could not be measured", ("peer", "case", "why"), found)] if found else []


def _ratio(row: Row | None, of: Callable[[Figures], float]) -> str:
    return _band(row.pairs, of) if row is not None and row.pairs else "-"


def _band(pairs: Sequence[Pair], of: Callable[[Figures], float]) -> str:
    median, lowest, highest = median_ratio(pairs, of)
    return f"1 : {median:.1f} ({lowest:.1f} to {highest:.1f})"


def _medians(pairs: Sequence[Pair]) -> tuple[str, ...]:
    series = ([of(figures) for figures in side] for of in (_cost, _delay) for side in _sides(pairs))
    return tuple(f"{statistics.median(values):.0f}" for values in series)


def _sides(pairs: Sequence[Pair]) -> tuple[list[Figures], list[Figures]]:
    return [pair.own for pair in pairs], [pair.peer for pair in pairs]


def _cost(figures: Figures) -> float:
    return figures.cost_us


def _delay(figures: Figures) -> float:
    return figures.delay_us


def _unit(case: Case) -> str:
    return case.unit


def _delay_of(case: Case) -> str:
    return case.delay


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = [f"## {title}", "", f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
