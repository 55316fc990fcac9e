"""How a translated exchange runs: who leaves is noticed, who reads slowly is waited for, who hears nothing gets a sign.

A host that answers in another way than it was asked (a body for a stream, a stream for a body) makes no difference.
"""

from collections.abc import Callable, Iterator, Mapping
from time import monotonic, sleep

import orjson
import pytest

from fastproxy.clock import wall
from support import cells, script, steps
from support.agents import agent
from support.envelopes import assert_refusal
from support.exchange import FORMATS, Format
from support.four_hosts import CELLS, config, model, question
from support.identity import usage_since
from support.process import PeakMemory
from support.relay import TOKEN, Relay
from support.script import AnyAct, AwaitLeave, Pause, Pour, Send, chunk, head
from support.steps import Step
from support.upstream import Upstream
from support.wire import Answer, Wire, request

every_cell = pytest.mark.parametrize(("client", "host"), CELLS)
every_client = pytest.mark.parametrize("client", FORMATS)

SAID = Step("I think it is north.", "c2lnbmVk", "It is on the north cliff.")
CANCEL_SECONDS = 0.5
MIB = 1 << 20
SILENT = AwaitLeave(10)


def asked(client: Format, host: Format, name: str, *, stream: bool = True) -> bytes:
    target, body = question(client, model(host, name), stream=stream)
    return request(target, body, [("authorization", f"Bearer {TOKEN}")])


def another(client: Format) -> Format:
    """Some format that is not the client's."""
    return FORMATS[FORMATS.index(client) - 1]


PHASES: Mapping[str, tuple[bool, Callable[[Format], list[AnyAct]]]] = {
    "before the head": (True, lambda _: [SILENT]),
    "after the head": (True, lambda _: [script.begun(), SILENT]),
    "between events": (True, lambda host: [script.begun(), Send(chunk(steps.events(host, SAID)[0])), SILENT]),
    "while events come": (True, lambda host: script.paced(steps.events(host, SAID)[:2] * 200, 0.02)),
    "inside a whole answer": (
        False,
        lambda host: [Send(head(200, [script.JSON, ("content-length", "99999")]) + steps.body(host, SAID)), SILENT],
    ),
}


@pytest.mark.parametrize("phase", PHASES)
@every_cell
def test_a_host_is_left_within_500_ms_of_its_client(
    crossing: Relay, upstream: Upstream, client: Format, host: Format, phase: str
):
    stream, acts = PHASES[phase]
    name = upstream.teach(acts(host))
    with crossing.wire() as wire:
        wire.send(asked(client, host, name, stream=stream))
        upstream.arrived(name)
        sleep(0.03)  # what the phase sends must have gone through the relay
        left_at = monotonic()
    seen = upstream.left(name)
    assert seen.left_at is not None
    assert seen.left_at - left_at <= CANCEL_SECONDS


def event_of(host: Format, text: str) -> bytes:
    """An event that says this text, twice over."""
    return next(event for event in steps.events(host, Step(text=text * 2)) if text.encode() in event)


@every_client
def test_a_client_that_does_not_read_stops_the_host(crossing: Relay, upstream: Upstream, client: Format):
    host = another(client)
    start = steps.events(host, Step(text="x"))[0]
    event = chunk(event_of(host, "a" * 60_000))
    name = upstream.teach([script.begun(), Send(chunk(start)), Pour(event, 256 * MIB // len(event))])
    with PeakMemory(crossing.pid) as memory, Wire(crossing.port, receive_buffer_bytes=4096) as wire:
        wire.send(asked(client, host, name))
        upstream.arrived(name)
        sleep(0.5)
        assert crossing.ask("/healthz", method="GET").status == 200
        wire.reset()
        left = upstream.left(name)
    assert memory.growth_bytes <= 32 * MIB
    assert left.sent_bytes <= 24 * MIB


@every_cell
def test_a_slow_reader_gets_all_of_it(crossing: Relay, upstream: Upstream, client: Format, host: Format):
    text = "".join(f"{number} {'a' * 20_000}\n" for number in range(100))
    name = upstream.teach(steps.acts(host, Step(text=text), stream=True))
    with Wire(crossing.port, receive_buffer_bytes=4096) as wire:
        wire.send(asked(client, host, name))
        sleep(0.2)
        answer = wire.answer()
    assert answer.complete
    assert cells.ending(client, answer.body) == "finished"
    events = cells.events_of(client, answer.body)
    assert "".join(event.text for event in events if type(event).__name__ == "Text") == text


@pytest.mark.parametrize("stream", [True, False], ids=["a body for a stream", "a stream for a body"])
@every_cell
def test_a_host_may_answer_in_the_other_way(
    crossing: Relay, upstream: Upstream, client: Format, host: Format, stream: bool
):
    name = upstream.teach(steps.acts(host, SAID, stream=not stream))
    with agent(client, crossing.url) as loop:
        loop.say("Where is the lighthouse?")
        assert loop.ask(model(host, name), stream=stream).text == SAID.text


@every_cell
def test_an_answer_packed_although_nobody_asked_is_refused(
    crossing: Relay, upstream: Upstream, client: Format, host: Format
):
    packed = script.whole(b"\x1f\x8b\x08", headers=[script.JSON, ("content-encoding", "gzip")])
    name = upstream.teach(packed)
    target, body = question(client, model(host, name))
    assert_refusal(client, crossing.ask(target, body), 502)
    assert upstream.only(name).get(b"accept-encoding") == [b"identity"]


# A silence: all cells at once, because each takes its seconds.

SILENCE_SECONDS = 2.6


@pytest.fixture(scope="module")
def after_silence(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[object, bytes]]:
    """What each cell's client got of a stream that paused, from a relay that breaks a silence after one second."""
    text = config(upstream.origin, extra="[limits]\nping_seconds = 1\n")
    with Relay(tmp_path_factory.mktemp("talkative"), text) as relay:
        wires = {}
        for client, host in CELLS:
            *before, last = steps.events(host, SAID)
            sent = [*map(Send, map(chunk, before)), Pause(SILENCE_SECONDS), Send(chunk(last))]
            name = upstream.teach([script.begun(), *sent, Send(b"0\r\n\r\n")])
            wires[client, host] = relay.wire()
            wires[client, host].send(asked(client, host, name))
        yield {cell: wire.answer().body for cell, wire in wires.items()}
        for wire in wires.values():
            wire.close()
        assert relay.complaints() == []


@every_cell
def test_a_silence_is_broken_in_the_clients_own_way(
    after_silence: Mapping[object, bytes], client: Format, host: Format
):
    body = after_silence[client, host]
    assert cells.ending(client, body) == "finished"
    comments = sum(line.startswith(b":") for line in body.splitlines())
    pings = body.count(b"event: ping\n")
    if client == "gemini":
        assert (comments, pings) == (0, 0)
    elif client == "anthropic":
        assert (comments, pings in {1, 2}) == (0, True)
    else:
        assert (comments in {1, 2}, pings) == (True, 0)


HOSTS_OF_GEMINI_CLIENTS = pytest.mark.parametrize("host", [host for host in FORMATS if host != "gemini"])


def as_array(relay: Relay, host: Format, name: str) -> Answer:
    target, body = question("gemini", model(host, name), stream=True)
    return relay.ask(target.removesuffix("?alt=sse"), body)


@HOSTS_OF_GEMINI_CLIENTS
def test_a_gemini_client_that_asks_for_no_events_gets_one_array(crossing: Relay, upstream: Upstream, host: Format):
    answer = as_array(crossing, host, upstream.teach(steps.acts(host, SAID, stream=True)))
    assert (answer.get("content-type") or "").startswith("application/json")
    chunks = orjson.loads(answer.body)
    parts = [part for chunk_ in chunks for part in chunk_["candidates"][0]["content"]["parts"]]
    assert "".join(part["text"] for part in parts if not part.get("thought")) == SAID.text
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


@HOSTS_OF_GEMINI_CLIENTS
def test_an_array_that_breaks_off_is_closed_with_the_error_in_it(crossing: Relay, upstream: Upstream, host: Format):
    begun = [Send(chunk(event)) for event in steps.events(host, SAID)[:4]]
    answer = as_array(crossing, host, upstream.teach([script.begun(), *begun, Pause(0.05), Send(b"0\r\n\r\n")]))
    *before, last = orjson.loads(answer.body)
    assert before
    assert last["error"]["code"] >= 500
    assert b"finishReason" not in answer.body


@pytest.mark.parametrize("host", [host for host in FORMATS if host != "openai-chat"])
def test_a_chat_client_is_told_usage_in_a_stream_only_when_it_asks(crossing: Relay, upstream: Upstream, host: Format):
    name = upstream.teach(steps.acts(host, SAID, stream=True))
    target, body = question("openai-chat", model(host, name), stream=True)
    asks = orjson.loads(body)
    assert b'"usage":{' in crossing.ask(target, body).body
    del asks["stream_options"]
    asked_at = wall()
    assert b'"usage"' not in crossing.ask(target, orjson.dumps(asks)).body
    assert usage_since(crossing, asked_at)["output_tokens"] == steps.OUTPUT


@pytest.mark.parametrize("client", [client for client in FORMATS if client != "openai-chat"])
def test_a_chat_host_is_always_asked_for_usage(crossing: Relay, upstream: Upstream, client: Format):
    name = upstream.teach(steps.acts("openai-chat", SAID, stream=True))
    crossing.ask(*question(client, model("openai-chat", name), stream=True))
    assert orjson.loads(upstream.only(name).body)["stream_options"] == {"include_usage": True}
