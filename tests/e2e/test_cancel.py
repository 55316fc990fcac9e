"""A client that leaves: its upstream connection is closed within 500 ms, in every phase, and never reused."""

from collections.abc import Callable
from time import monotonic, sleep

import pytest

from fastproxy.clock import wall
from support import script
from support.callers import CALLERS, CHAT, Caller
from support.identity import usage_since
from support.process import descriptors
from support.relay import TOKEN, Relay
from support.script import AnyAct, AwaitLeave, Pause, Send, chunk, head
from support.upstream import Upstream
from support.wire import Wire, request

CANCEL_SECONDS = 0.5
SILENT = AwaitLeave(10)

PHASES: dict[str, Callable[[Caller], list[AnyAct]]] = {
    "before the head": lambda _: [SILENT],
    "in the head": lambda _: [Send(b"HTTP/1.1 200 OK\r\ncontent-"), SILENT],
    "after the stream's head": lambda _: [script.begun(), SILENT],
    "between events": lambda caller: [script.begun(), Send(chunk(caller.events[0])), SILENT],
    "inside an event": lambda caller: [script.begun(), Send(chunk(caller.events[0][:20])), SILENT],
    "while events come": lambda caller: script.paced([caller.events[1]] * 400, 0.02),
    "inside a whole answer": lambda caller: [
        Send(head(200, [script.JSON, ("content-length", "1000000")]) + caller.answer),
        SILENT,
    ],
}
WAYS: dict[str, Callable[[Wire], None]] = {"closing": Wire.close, "resetting": Wire.reset}


def ask(caller: Caller, name: str) -> bytes:
    headers = [("authorization", f"Bearer {TOKEN}"), ("x-lab", name)]
    return request(caller.stream_target, caller.stream_body, headers)


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
@pytest.mark.parametrize("leave", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_the_upstream_is_left_within_500_ms(
    relay: Relay,
    upstream: Upstream,
    phase: Callable[[Caller], list[AnyAct]],
    leave: Callable[[Wire], None],
    caller: Caller,
):
    name = upstream.teach(phase(caller))
    with relay.wire() as wire:
        wire.send(ask(caller, name))
        upstream.arrived(name)
        sleep(0.05)  # what the phase sends must have gone through the relay
        left_at = monotonic()
        leave(wire)
        seen = upstream.left(name)
    assert seen.left_at is not None
    assert seen.left_at - left_at <= CANCEL_SECONDS
    after = upstream.teach(script.whole(caller.answer))
    assert relay.ask(caller.whole_target, caller.whole_body, (("x-lab", after),)).body == caller.answer
    assert upstream.only(after).connection != seen.connection


def test_a_cancelled_exchange_is_recorded_with_what_was_used(relay: Relay, upstream: Upstream):
    caller = CALLERS[2]
    name = upstream.teach([script.begun(), Send(chunk(caller.events[0])), SILENT])
    asked_at = wall()
    with relay.wire() as wire:
        wire.send(ask(caller, name))
        upstream.arrived(name)
        sleep(0.05)
    upstream.left(name)
    row = usage_since(relay, asked_at)
    assert (row["requests"], row["cancelled"], row["input_tokens"]) == (1, 1, 20)


def test_two_hundred_clients_that_leave_at_once_leave_nothing_running(relay: Relay, upstream: Upstream):
    name = upstream.teach([script.begun(), Send(chunk(CHAT.events[0])), AwaitLeave(20)])
    relay.ask("/healthz", method="GET")
    files = descriptors(relay.pid)
    already = upstream.totals().open
    wires = [relay.wire() for _ in range(200)]
    for wire in wires:
        wire.send(ask(CHAT, name))
    deadline = monotonic() + 10
    while upstream.totals().open < already + 200 and monotonic() < deadline:
        sleep(0.02)
    for wire in wires:
        wire.reset()
    asked_at = monotonic()
    assert relay.ask("/healthz", method="GET").status == 200
    assert monotonic() - asked_at < 3
    deadline = monotonic() + 6
    while monotonic() < deadline and upstream.totals().open > already:
        sleep(0.02)
    assert upstream.totals().open <= already
    assert descriptors(relay.pid) <= files + 4


def test_a_client_that_half_closes_is_not_left_hanging(relay: Relay, upstream: Upstream):
    name = upstream.teach([Pause(0.1), *script.whole(CHAT.answer)])
    with relay.wire() as wire:
        wire.send(ask(CHAT, name))
        wire.half_close()
        assert wire.until_closed()[:13] in {b"HTTP/1.1 200 ", b""}
