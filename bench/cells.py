"""What translation costs: the twelve cells (a client's format over another one of the host), each kind of work a row.

Every kind runs through all cells in turn, with fastproxy passing Chat through and nginx doing the same between them, so
that a cell's ratio to nginx is of one round. Pure but for the runs it is handed.
"""

import statistics
from collections.abc import Mapping, Sequence

import msgspec

from . import wire
from .cases import PACED, PACED_SPREAD_SECONDS, Case
from .dialects import CELLS
from .job import Job
from .relays import PROVIDERS
from .rounds import Series, ratios

PASSTHROUGH = "passthrough"
Cell = tuple[str, str]  # format of the client, format of the host

_ROUNDS = (5, 0)
_ROUNDS_QUICK_TOO = (5, 1)
# Each format once as the client's and once as the host's.
_SAMPLE: tuple[Cell, ...] = (("anthropic", "openai-chat"), ("openai-responses", "gemini"))

KINDS = (
    Case(
        name="translated-paced",
        title="paced event (20 ms), 128 streams",
        unit="event",
        model=PACED,
        connections=128,
        requests=128,
        rounds=_ROUNDS,
        spread_seconds=PACED_SPREAD_SECONDS,
        while_all_flow=True,
        over_nginx=2.0,
    ),
    Case(
        name="translated-short20",
        title="20-event stream, 32 connections",
        unit="request",
        model="bench-20x1-0ms",
        connections=32,
        requests=400,
        rounds=_ROUNDS_QUICK_TOO,
        over_nginx=2.5,
    ),
    Case(
        name="translated-burst20",
        title="20 events in each write, 32 streams",
        unit="event",
        model="bench-10x20-5ms",
        connections=32,
        requests=96,
        rounds=_ROUNDS_QUICK_TOO,
        over_nginx=8.0,
    ),
    Case(
        name="translated-saturated",
        title="8,000 events as fast as they go, 8 streams",
        unit="event",
        model="bench-400x20-0ms",
        connections=8,
        requests=16,
        rounds=_ROUNDS,
        over_nginx=8.0,  # 4.5 us where nginx takes 0.56 us for an event
    ),
    Case(
        name="translated-json1k",
        title="1 KB JSON, 64 connections",
        unit="request",
        model=wire.JSON_MODEL,
        connections=64,
        requests=600,
        rounds=_ROUNDS_QUICK_TOO,
    ),
    Case(
        name="translated-body100k",
        title="100 KB conversation, 16 connections",
        unit="request",
        model=wire.JSON_MODEL,
        connections=16,
        requests=100,
        rounds=_ROUNDS,
        body_bytes=100_000,
    ),
)


def cells(*, quick: bool) -> tuple[Cell, ...]:
    """The cells of a run."""
    return _SAMPLE if quick else CELLS


def title(cell: Cell) -> str:
    """A cell's name in a result."""
    client, host = cell
    return f"{client} over {host}"


def job(kind: Case, cell: Cell, port: int, watched: tuple[int, ...]) -> Job:
    """The kind's work as one cell of the relay at `port` does it."""
    client, host = cell
    return msgspec.structs.replace(kind.job(port, watched), client=client, provider=PROVIDERS[host])


def worst(taken: Mapping[str, Series], to: str) -> tuple[str, Sequence[float]]:
    """The cell that takes most of what `to` takes, and its ratios round by round."""
    found = {name: ratios(taken, name, to) for name in taken if name not in (to, PASSTHROUGH)}
    name = max(found, key=lambda name: statistics.median(found[name]))
    return name, found[name]
