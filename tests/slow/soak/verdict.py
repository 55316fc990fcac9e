"""Whether a soak went well: figures beside their limits. Pure."""

from collections.abc import Sequence
from typing import Any

import msgspec

from slow.soak.load import Counts
from slow.soak.watch import MIB, Look, Point, percentile, slope

SLOPE_MIB_PER_MINUTE = 0.5  # 350 bytes per errand
WANDER_MIB = 4.0  # a healthy heap settles over the first 9000 errands: 57 to 61 MiB, then level (2026-11-21)
FILES = 4
LAG_SECONDS = 0.1


class Check(msgspec.Struct, frozen=True):
    """One figure. limit: as people read it; where `ok` is None, the figure must be the limit."""

    name: str
    figure: str
    limit: str
    ok: bool | None = None

    @property
    def held(self) -> bool:
        return self.figure == self.limit if self.ok is None else self.ok

    def line(self) -> str:
        return f"{'ok    ' if self.held else 'BREACH'}  {self.name}: {self.figure} (limit: {self.limit})"


def verdicts(before: Look, after: Look, memory: Sequence[Point], counts: Counts, rows: Any) -> list[Check]:
    """Every check. before, after: the relay at rest. rows: the answer of GET /v1/usage over everything."""
    recorded = sum(row["requests"] for row in rows["rows"])
    cancelled = sum(row["cancelled"] for row in rows["rows"])
    lag_seconds = percentile(after.lag, 0.99)
    return [
        Check("answers other than they had to be", str(counts.wrong), "0"),
        _memory(memory),
        _at_most("open files at rest", after.files, before.files + FILES),
        _at_most("upstream connections at rest", after.upstream, before.upstream),
        _at_most("exchanges in flight at rest", after.in_flight, 0),
        Check("loop lag p99", f"{lag_seconds * 1000:g} ms", f"{LAG_SECONDS * 1000:g} ms", lag_seconds <= LAG_SECONDS),
        Check("usage records", str(recorded), str(counts.records)),
        Check("of them cancelled", str(cancelled), str(counts.cancelled)),
        _at_most("usage records lost or late", after.lost, 0),
    ]


def _memory(points: Sequence[Point]) -> Check:
    per_minute = slope(points) * 60 / MIB
    minutes = (points[-1][0] - points[0][0]) / 60 if points else 0.0
    held = bool(points) and (per_minute <= SLOPE_MIB_PER_MINUTE or per_minute * minutes <= WANDER_MIB)
    figure = f"{per_minute:+.2f} MiB a minute over {minutes:.1f} minutes"
    return Check("memory after the warm-up", figure, f"{SLOPE_MIB_PER_MINUTE} or {WANDER_MIB} MiB in all", held)


def _at_most(name: str, figure: int, limit: int) -> Check:
    return Check(name, str(figure), f"at most {limit}", figure <= limit)
