"""What the harness asks of the load generator, and what it answers: one JSON line each way."""

import msgspec

from .dialects import CHAT


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A fixed amount of work against one port.

    model: how the upstream is to answer (bench/wire.py). client: the format that the client speaks. provider: the host
    that a relay is asked for by name, "" for the one that has the model. body_bytes: the size of each request's body.
    connections: how many are open at once, each with one request at a time. requests: how many in all.
    spread_seconds: over how long the connections start, so that paced streams don't beat in step.
    watched: processes whose CPU time and memory are taken around the work.
    while_all_flow: take CPU time, events and delays from the moment when every stream has had an event to the moment
    when the first one ends, so that they are of events only, without a stream's start and end.
    until_first_event: hold every stream after its first event and take the memory then (for answers that never end).
    """

    port: int
    model: str
    client: str = CHAT
    provider: str = ""
    body_bytes: int = 1000
    connections: int = 1
    requests: int = 1
    spread_seconds: float = 0.0
    watched: tuple[int, ...] = ()
    while_all_flow: bool = False
    until_first_event: bool = False


class Spread(msgspec.Struct, frozen=True):
    """A distribution's points, in microseconds."""

    p50: float
    p99: float
    p999: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the work took.

    error: why it was broken off; all else is zero then. events: stamped events received. seconds, cpu_seconds: of the
    work and of the watched processes, from the first request sent to the last byte received, or as while_all_flow says.
    joined: events that came in one read with an earlier one of their stream. memory_bytes: of the watched processes,
    before and after. event_delay: from the upstream's write to our read. answer_time: from a request's write to its
    last byte.
    """

    error: str = ""
    requests: int = 0
    events: int = 0
    joined: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_bytes: tuple[int, int] = (0, 0)
    event_delay: Spread | None = None
    answer_time: Spread | None = None


def spread(nanoseconds: list[int]) -> Spread | None:
    """The 50th, 99th and 99.9th percentile (nearest rank) in microseconds; None of nothing. Sorts its argument."""
    if not nanoseconds:
        return None
    nanoseconds.sort()
    last = len(nanoseconds) - 1
    p50, p99, p999 = (nanoseconds[round(last * part)] / 1000 for part in (0.5, 0.99, 0.999))
    return Spread(p50, p99, p999)
