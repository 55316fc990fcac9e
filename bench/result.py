"""What a bench run found: the record that is stored as JSON and told as Markdown."""

from typing import Literal

import msgspec

from .rounds import Series

State = Literal["ok", "over", "inconclusive"]


class Verdict(msgspec.Struct, frozen=True):
    """One gate's answer. measured and limit are in the same `unit`."""

    gate: Literal["B", "C", "D"]
    name: str
    measured: float
    limit: float
    unit: str
    state: State


class Memory(msgspec.Struct, frozen=True):
    """Resident memory of a relay: after a warm-up, and for each idle stream on top."""

    base_bytes: int
    stream_bytes: float


class Result(msgspec.Struct, frozen=True):
    """One run. machine: facts that change figures. cases: case name -> relay name -> series.

    cells: kind of translated work -> cell (also `passthrough` and nginx) -> series.
    equal: ratios of the reference to a second reference, round by round. memory: by relay name.
    """

    machine: dict[str, str]
    quick: bool
    equal: list[float]
    cases: dict[str, dict[str, Series]]
    cells: dict[str, dict[str, Series]]
    memory: dict[str, Memory]
    verdicts: list[Verdict]
