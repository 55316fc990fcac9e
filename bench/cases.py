"""What is measured: a table. A case is a fixed amount of work; its limits are what `make bench` fails on."""

from typing import Literal

import msgspec

from . import wire
from .job import Job


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of work.

    unit: what the CPU time is divided by. rounds: full and quick, 0 for not at all.
    spread_seconds, while_all_flow: as in Job.
    over_reference, over_nginx: the most that the relay's CPU time per unit may be of theirs; None where the figure is
    too noisy to fail on (README.md, "What fails").
    """

    name: str
    title: str
    unit: Literal["request", "event"]
    model: str
    connections: int
    requests: int
    rounds: tuple[int, int]
    body_bytes: int = 1000
    spread_seconds: float = 0.0
    while_all_flow: bool = False
    over_reference: float | None = None
    over_nginx: float | None = None

    def job(self, port: int, watched: tuple[int, ...]) -> Job:
        return Job(
            port=port,
            model=self.model,
            body_bytes=self.body_bytes,
            connections=self.connections,
            requests=self.requests,
            spread_seconds=self.spread_seconds,
            while_all_flow=self.while_all_flow,
            watched=watched,
        )


GATED_ROUNDS = (7, 1)
PACED = "bench-40x1-20ms"
# As long as 512 streams take to start in a relay that spends 0.4 ms on each, on top of the events that already flow.
PACED_SPREAD_SECONDS = 0.3

CASES = (
    Case(
        name="json1k",
        title="1 KB JSON, 64 connections",
        unit="request",
        model=wire.JSON_MODEL,
        connections=64,
        requests=2500,
        rounds=GATED_ROUNDS,
        over_reference=2.0,
        over_nginx=7.0,
    ),
    Case(
        name="body100k",
        title="100 KB request, 16 connections",
        unit="request",
        model=wire.JSON_MODEL,
        connections=16,
        requests=600,
        rounds=GATED_ROUNDS,
        body_bytes=100_000,
        over_reference=1.5,
        over_nginx=7.0,
    ),
    Case(
        name="body2m",
        title="2 MB request, 2 connections",
        unit="request",
        model=wire.JSON_MODEL,
        connections=2,
        requests=50,
        rounds=(5, 0),
        body_bytes=2_000_000,
    ),
    Case(
        name="short20",
        title="20-event stream, as fast as it goes, 32 connections",
        unit="request",
        model="bench-20x1-0ms",
        connections=32,
        requests=1200,
        rounds=GATED_ROUNDS,
        over_reference=1.5,
        over_nginx=1.7,
    ),
    Case(
        name="burst20",
        title="20 events in each write, 32 streams",
        unit="event",
        model="bench-10x20-5ms",
        connections=32,
        requests=192,
        rounds=GATED_ROUNDS,
        over_reference=2.0,
    ),
    Case(
        name="paced512",
        title="paced event (20 ms), 512 streams",
        unit="event",
        model=PACED,
        connections=512,
        requests=512,
        rounds=GATED_ROUNDS,
        spread_seconds=PACED_SPREAD_SECONDS,
        while_all_flow=True,
        over_nginx=1.5,
    ),
    Case(
        name="paced64",
        title="paced event (20 ms), 64 streams",
        unit="event",
        model=PACED,
        connections=64,
        requests=64,
        rounds=(3, 0),
        spread_seconds=PACED_SPREAD_SECONDS,
        while_all_flow=True,
    ),
    Case(
        name="paced1",
        title="paced event (20 ms), 1 stream",
        unit="event",
        model="bench-25x1-20ms",
        connections=1,
        requests=1,
        while_all_flow=True,
        rounds=(3, 1),
    ),
    Case(
        name="json1",
        title="1 KB JSON, 1 connection",
        unit="request",
        model=wire.JSON_MODEL,
        connections=1,
        requests=300,
        rounds=(3, 0),
    ),
    Case(
        name="json512",
        title="1 KB JSON, 512 connections",
        unit="request",
        model=wire.JSON_MODEL,
        connections=512,
        requests=2500,
        rounds=(3, 0),
    ),
)
EQUAL_CASE = CASES[0]
IDLE_STREAMS = 500
IDLE_MODEL = "bench-1x1-0ms-idle"
