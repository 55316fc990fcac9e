"""The work that every relay gets, and the bytes of its requests. Pure.

It is little, so that the slowest peer is done with each case in a few seconds. Paced events are so few that it keeps up
with them: their delay is never the length of a queue.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from bench import wire
from bench.dialects import CHAT

BODY_BYTES = 1000
MESSAGES = "anthropic"
WARM_MODEL = "bench-1x1-50ms"  # so long that every connection is busy at once, and the relay has as many upstream
# How a streamed answer ends when it is whole.
STREAM_END = {CHAT: b"data: [DONE]", MESSAGES: b"message_stop"}
_HEADERS: dict[str, dict[str, str]] = {CHAT: {}, MESSAGES: {"anthropic-version": "2023-06-01"}}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of work for one relay.

    client: the format of the request; the upstream is an OpenAI Chat host. unit: what the CPU time is divided by; per
    event it is taken only while every stream flows. delay: what the median delay is of.
    """

    name: str
    title: str
    client: str
    unit: Literal["request", "event"]
    model: str
    connections: int
    requests: int

    @property
    def translated(self) -> bool:
        return self.client != CHAT

    @property
    def delay(self) -> str:
        return "whole answer" if self.unit == "request" else "one event"


CASES = (
    Case(
        name="json",
        title="1 KB JSON, 1 connection",
        client=CHAT,
        unit="request",
        model=wire.JSON_MODEL,
        connections=1,
        requests=60,
    ),
    Case(
        name="json16",
        title="1 KB JSON, 16 connections",
        client=CHAT,
        unit="request",
        model=wire.JSON_MODEL,
        connections=16,
        requests=96,
    ),
    Case(
        name="stream",
        title="20-event stream, 4 connections",
        client=CHAT,
        unit="request",
        model="bench-20x1-0ms",
        connections=4,
        requests=32,
    ),
    Case(
        name="paced",
        title="paced event (20 ms), 4 streams",
        client=CHAT,
        unit="event",
        model="bench-60x1-20ms",
        connections=4,
        requests=4,
    ),
    Case(
        name="translated-stream",
        title="20-event stream, /v1/messages to Chat, 4 connections",
        client=MESSAGES,
        unit="request",
        model="bench-20x1-0ms",
        connections=4,
        requests=32,
    ),
    Case(
        name="translated-paced",
        title="paced event (20 ms), /v1/messages to Chat, 4 streams",
        client=MESSAGES,
        unit="event",
        model="bench-60x1-20ms",
        connections=4,
        requests=4,
    ),
)


def request(case: Case, model: str, port: int, headers: Mapping[str, str]) -> bytes:
    """One whole request of the case for `model`, with these headers besides."""
    whole = wire.request(model, port=port, body_bytes=BODY_BYTES, client=case.client)
    head, _, body = whole.partition(b"\r\n\r\n")
    # What one relay would compress and another not is no part of the comparison.
    head = head.replace(b"Accept-Encoding: gzip, deflate", b"Accept-Encoding: identity")
    lines = "".join(f"\r\n{name}: {value}" for name, value in {**_HEADERS[case.client], **headers}.items())
    return head + lines.encode() + b"\r\n\r\n" + body
