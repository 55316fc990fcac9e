"""What the relay looks like from outside at one moment, and over time. Reads; it never asks for more than metrics."""

import re
from collections.abc import Sequence

import msgspec

from support.process import descriptors, resident_bytes
from support.relay import Relay
from support.upstream import Upstream

MIB = 1 << 20
_IN_FLIGHT = re.compile(rb"^fastproxy_in_flight ([0-9.]+)", re.MULTILINE)
_LOST = re.compile(rb"^fastproxy_usage_(?:lost_total|backlog) ([0-9.]+)", re.MULTILINE)
_LAG = re.compile(rb'^fastproxy_event_loop_lag_seconds_bucket\{le="([^"]+)"\} ([0-9.]+)', re.MULTILINE)

Point = tuple[float, int]  # seconds, bytes


class Look(msgspec.Struct, frozen=True):
    """files: open descriptors of the relay. upstream: connections that the upstream has open.

    lag: (upper bound in seconds, observations at or below it), since the relay started. lost: records given up or late.
    """

    memory_bytes: int
    files: int
    in_flight: int
    upstream: int
    lost: int
    lag: tuple[tuple[float, int], ...]


def look(relay: Relay, upstream: Upstream) -> Look:
    """Blocks for some milliseconds: for a thread."""
    files = descriptors(relay.pid)
    text = relay.admin("/metrics").body
    in_flight = _IN_FLIGHT.search(text)
    assert in_flight is not None, text
    return Look(
        resident_bytes(relay.pid),
        files,
        int(float(in_flight[1])),
        upstream.totals().open,
        sum(int(float(value)) for value in _LOST.findall(text)),
        tuple((float(bound), int(float(number))) for bound, number in _LAG.findall(text)),
    )


def percentile(lag: Sequence[tuple[float, int]], share: float) -> float:
    """The bound, in seconds, at or below which this share of the observations lies; 0.0 when there are none."""
    if not lag or not lag[-1][1]:
        return 0.0
    due = share * lag[-1][1]
    return next(bound for bound, number in lag if number >= due)


def slope(points: Sequence[Point]) -> float:
    """Bytes per second of the straight line that lies nearest; 0.0 for fewer than two moments."""
    if len(points) < 2:
        return 0.0
    middle = sum(at for at, _ in points) / len(points)
    mean = sum(value for _, value in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    return sum((at - middle) * (value - mean) for at, value in points) / spread if spread else 0.0
