"""What `make bench` fails on. Pure: figures in, verdicts out.

B: CPU time per unit, as a ratio to the frozen reference and (where it is installed) to nginx.
C: a paced stream is neither delayed nor bunched. D: memory at rest and per idle stream.
"""

import statistics
from collections.abc import Mapping, Sequence

from .cases import CASES, IDLE_STREAMS, Case
from .cells import KINDS, worst
from .result import Memory, State, Verdict
from .rounds import Series, over, ratios, steady

ADDED_DELAY_US = 2000.0
JOINED_EVENTS = 0.0
STREAM_KB = 20.0
BASE_MB = 60.0
PACED_CASE = "paced1"
_PRODUCT = "fastproxy"


def verdicts(
    cases: Mapping[str, Mapping[str, Series]],
    equal: Sequence[float],
    memory: Memory,
) -> list[Verdict]:
    """Every gate's answer to these figures. equal: ratios of two equal relays, which say whether B can be judged."""
    judged = steady(equal)
    found = [
        verdict
        for case in CASES
        if case.name in cases
        for verdict in _ratio_verdicts(case, cases[case.name], judged=judged)
    ]
    return [*found, *_latency_verdicts(cases[PACED_CASE]), *_memory_verdicts(memory)]


def cell_verdicts(taken: Mapping[str, Mapping[str, Series]], equal: Sequence[float]) -> list[Verdict]:
    """For every kind of translated work, whether its most expensive cell stays within its ratio to nginx."""
    found: list[Verdict] = []
    for kind in KINDS:
        if kind.over_nginx is None or "nginx" not in taken.get(kind.name, {}):
            continue
        cell, figures = worst(taken[kind.name], "nginx")
        state = _ratio_state(figures, kind.over_nginx, judged=steady(equal))
        name = f"{kind.name} CPU, at most ({cell})"
        found.append(Verdict("B", name, statistics.median(figures), kind.over_nginx, "x nginx", state))
    return found


def _ratio_verdicts(case: Case, taken: Mapping[str, Series], *, judged: bool) -> list[Verdict]:
    found: list[Verdict] = []
    for other, limit in (("reference", case.over_reference), ("nginx", case.over_nginx)):
        if limit is None or other not in taken:
            continue
        figures = ratios(taken, _PRODUCT, other)
        measured = statistics.median(figures)
        found.append(
            Verdict("B", f"{case.name} CPU", measured, limit, f"x {other}", _ratio_state(figures, limit, judged=judged))
        )
    return found


def _ratio_state(figures: Sequence[float], limit: float, *, judged: bool) -> State:
    """Inconclusive: over the limit, but the rounds or two equal relays don't agree enough to blame the relay."""
    if statistics.median(figures) <= limit:
        return "ok"
    return "over" if judged and over(figures, limit) else "inconclusive"


def _latency_verdicts(taken: Mapping[str, Series]) -> list[Verdict]:
    added = added_delay_us(taken, _PRODUCT)
    joined = taken[_PRODUCT].joined
    return [
        Verdict("C", "added delay p50, 1 paced stream", added, ADDED_DELAY_US, "us", _state(added, ADDED_DELAY_US)),
        Verdict(
            "C", "events that came with their predecessor", joined, JOINED_EVENTS, "", _state(joined, JOINED_EVENTS)
        ),
    ]


def added_delay_us(taken: Mapping[str, Series], name: str) -> float:
    """How much later than directly an event comes through a relay, at the median. Raises: KeyError without streams."""
    own, direct = taken[name].event_delay, taken["direct"].event_delay
    if own is None or direct is None:
        raise KeyError(name)
    return own.p50 - direct.p50


def _memory_verdicts(memory: Memory) -> list[Verdict]:
    base_mb, stream_kb = memory.base_bytes / 2**20, memory.stream_bytes / 1024
    return [
        Verdict("D", "memory at rest", base_mb, BASE_MB, "MiB", _state(base_mb, BASE_MB)),
        Verdict(
            "D", f"memory per stream, {IDLE_STREAMS} idle", stream_kb, STREAM_KB, "KiB", _state(stream_kb, STREAM_KB)
        ),
    ]


def _state(measured: float, limit: float) -> State:
    return "over" if measured > limit else "ok"
