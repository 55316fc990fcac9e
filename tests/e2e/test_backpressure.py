"""Large and endless answers, and clients that stop reading: memory stays flat, and nobody else waits."""

import hashlib
from time import monotonic, sleep

import h11
import pytest

from support import script
from support.callers import CHAT
from support.envelopes import assert_broken_off
from support.process import PeakMemory
from support.relay import TOKEN, Relay
from support.script import AnyAct, AwaitLeave, Pour, Send, chunk, head
from support.upstream import Upstream
from support.wire import Wire, request

MIB = 1 << 20
PIECE = b'"%b",' % (b"a" * 65533)
PIECES = 200 * MIB // len(PIECE)


def ask(name: str) -> bytes:
    headers = [("authorization", f"Bearer {TOKEN}"), ("x-lab", name)]
    return request(CHAT.stream_target, CHAT.stream_body, headers)


def big_json(*, chunked: bool) -> list[AnyAct]:
    start, end = b'{"big":[', b"0]}"
    length = str(len(start) + PIECES * len(PIECE) + len(end))
    if chunked:
        return [
            script.begun(headers=[script.JSON]),
            Send(chunk(start)),
            Pour(chunk(PIECE), PIECES),
            Send(chunk(end) + b"0\r\n\r\n"),
        ]
    return [Send(head(200, [script.JSON, ("content-length", length)]) + start), Pour(PIECE, PIECES), Send(end)]


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with its length"])
def test_an_answer_of_200_mib_passes_byte_for_byte_in_little_memory(relay: Relay, upstream: Upstream, *, chunked: bool):
    name = upstream.teach(big_json(chunked=chunked))
    received = hashlib.sha256()
    complete = False
    with PeakMemory(relay.pid) as memory, relay.wire() as wire:
        wire.send(ask(name))
        for event in wire.events():
            if isinstance(event, h11.Data):
                received.update(event.data)
            complete = isinstance(event, h11.EndOfMessage)
    assert complete
    assert received.digest() == expected_digest()
    assert memory.growth_bytes <= 64 * MIB


def expected_digest() -> bytes:
    digest = hashlib.sha256(b'{"big":[')
    for _ in range(PIECES):
        digest.update(PIECE)
    digest.update(b"0]}")
    return digest.digest()


def test_a_client_that_does_not_read_stops_the_upstream_and_delays_nobody(relay: Relay, upstream: Upstream):
    event = chunk(b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % (b"a" * 60_000))
    name = upstream.teach([script.begun(), Pour(event, 256 * MIB // len(event))])
    with PeakMemory(relay.pid) as memory:
        stalled = [Wire(relay.port, receive_buffer_bytes=4096) for _ in range(3)]
        for wire in stalled:
            wire.send(ask(name))
        upstream.arrived(name)
        slowest = max(probe_seconds(relay, upstream) for _ in range(20))
        for wire in stalled:
            wire.reset()
    assert memory.growth_bytes <= 48 * MIB
    assert slowest <= 1, "a relay that waits for a stalled reader takes seconds"
    left = upstream.left(name)
    assert left.sent_bytes <= 32 * MIB


def probe_seconds(relay: Relay, upstream: Upstream) -> float:
    name = upstream.teach(script.whole(CHAT.answer))
    began = monotonic()
    assert relay.ask(CHAT.whole_target, CHAT.whole_body, (("x-lab", name),)).status == 200
    took = monotonic() - began
    sleep(0.02)
    return took


def test_a_slow_reader_gets_everything(relay: Relay, upstream: Upstream):
    events = [
        b'data: {"choices":[{"index":0,"delta":{"content":"%d%b"}}]}\n\n' % (n, b"a" * 60_000) for n in range(100)
    ]
    sent = b"".join([*events, *CHAT.events])
    name = upstream.teach(script.streamed([*events, *CHAT.events]))
    with Wire(relay.port, receive_buffer_bytes=4096) as wire:
        wire.send(ask(name))
        sleep(0.5)
        answer = wire.answer()
    assert answer.complete
    assert answer.body == sent


def test_an_endless_line_is_cut_off_in_little_memory(relay: Relay, upstream: Upstream):
    line = chunk(b"a" * 65536)
    name = upstream.teach([script.begun(), Send(chunk(CHAT.events[0] + b"data: ")), Pour(line, 96 * 16), AwaitLeave(5)])
    with PeakMemory(relay.pid) as memory, relay.wire() as wire:
        wire.send(ask(name))
        answer = wire.answer()
    assert_broken_off("openai-chat", answer.body, CHAT.events[0])
    assert memory.growth_bytes <= 64 * MIB
    upstream.left(name)


def test_five_hundred_idle_connections_cost_little(relay: Relay):
    with PeakMemory(relay.pid) as memory:
        wires = [relay.wire() for _ in range(500)]
        assert relay.ask("/healthz", method="GET").status == 200
        sleep(0.1)
        for wire in wires:
            wire.close()
    assert memory.growth_bytes <= 50 * MIB
