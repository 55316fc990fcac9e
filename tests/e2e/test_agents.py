"""Agents' loops through every cell: their official SDK on one side, a host that speaks another format on the other.

The host checks what a vendor would: each result paired with its call, arguments as the model wrote them, its own
signature in its place and nobody else's, images where they belong. It never sees an envelope of ours.
"""

from base64 import b64encode
from itertools import combinations

import msgspec
import pytest

from support import steps
from support.agents import Agent, Reply, Result, agent
from support.arrived import Piece, pieces
from support.exchange import FORMATS, Format
from support.four_hosts import CELLS, MODELS, model
from support.live_sdks import genai_client
from support.relay import TOKEN, UPSTREAM_KEY, Relay
from support.steps import Call, Step
from support.upstream import Upstream

EXACT = r'{"name":"Caf\u00e9 \"K\"", "id":123456789012345678901234567890,"x":1.0}'
IMAGE = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
PLACEHOLDER = "skip_thought_signature_validator"
SPELLS_AGAIN = frozenset(("anthropic", "gemini"))  # their SDKs decode arguments, and write them anew

both_ways = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
every_cell = pytest.mark.parametrize(("client", "host"), CELLS)


def signature(text: str) -> str:
    """Base64, as all vendors' are."""
    return b64encode(f"signed: {text}".encode()).decode()


def thinking(host: Format, number: int, *calls: Call, text: str = "") -> Step:
    thought = f"Thought {number} of {host}."
    return Step(thought, signature(thought), text, calls)


def call(number: int, arguments: str = EXACT, letter: str = "a") -> Call:
    return Call(f"call_{number}{letter}", "find_place", arguments)


def teach(upstream: Upstream, host: Format, said: list[Step], *, stream: bool) -> str:
    return upstream.teach(*(steps.acts(host, step, stream=stream) for step in said))


def heard(upstream: Upstream, host: Format, script: str) -> list[list[Piece]]:
    """What each request said, in order. The credentials are ours, and no envelope came through."""
    seen = upstream.seen(script)
    for request in seen:
        told = request.head + request.body
        assert TOKEN.encode() not in told
        assert UPSTREAM_KEY.encode() in request.head
        assert b"fpSeal01" not in request.body
        assert b'"' + MODELS[host].encode() not in request.body or host == "gemini"
    return [pieces(host, request.body) for request in seen]


def assert_reply(reply: Reply, step: Step, *, ids: bool = True) -> None:
    """The agent was told what the model said. ids: Gemini's own hosts give calls none."""
    assert reply.text == step.text
    assert [(told.name, loads(told.arguments)) for told in reply.calls] == [
        (made.name, loads(made.arguments)) for made in step.calls
    ]
    if ids:
        assert len({told.id for told in reply.calls} | {""}) == len(step.calls) + 1, "every call needs an id of its own"


def loads(arguments: str) -> object:
    return msgspec.json.decode(arguments)


def assert_calls(client: Format, arrived: list[Piece], expected: list[Call]) -> None:
    """All calls so far, each with the arguments that the model wrote, each followed by its own result."""
    made = [piece for piece in arrived if piece.kind == "call"]
    assert [piece.name for piece in made] == [one.name for one in expected]
    spelled = loads if client in SPELLS_AGAIN else str
    assert [spelled(piece.text) for piece in made] == [spelled(one.arguments) for one in expected]
    results = [piece for piece in arrived if piece.kind in ("result", "error")]
    assert [piece.id for piece in results] == [piece.id for piece in made]


def own_signatures(arrived: list[Piece]) -> list[str]:
    return [chars(piece.text) for piece in arrived if piece.kind == "signature" and piece.text != PLACEHOLDER]


def chars(text: str) -> str:
    """A signature in one alphabet: google-genai writes base64 in its own."""
    return text.translate(str.maketrans("-_", "+/"))


def assert_signed(host: Format, arrived: list[Piece], said: list[Step]) -> None:
    """Every signature of the host's own is back, right before what it is the proof of, and no other one is."""
    assert own_signatures(arrived) == [step.signature for step in said if step.signature]
    for at, piece in enumerate(arrived):
        step = next((step for step in said if step.signature and step.signature == chars(piece.text)), None)
        if step is None:
            continue
        after = [later.kind for later in arrived[at + 1 :]]
        if step.calls and not step.text:
            assert after[0] == "call"
        elif host != "gemini":
            assert after[0] == "assistant"


@both_ways
@every_cell
def test_a_loop_of_one_tool(crossing: Relay, upstream: Upstream, client: Format, host: Format, stream: bool):
    said = [thinking(host, 0, call(0)), thinking(host, 1, call(1), text="One more."), thinking(host, 2, text="North.")]
    script = teach(upstream, host, said, stream=stream)
    with agent(client, crossing.url) as loop:
        loop.say("Where is the lighthouse?")
        for number, step in enumerate(said):
            reply = loop.ask(model(host, script), stream=stream)
            assert_reply(reply, step)
            loop.give([Result(told, f"result {number}", image=IMAGE) for told in reply.calls])
    requests = heard(upstream, host, script)
    assert len(requests) == len(said)
    for number, arrived in enumerate(requests):
        assert_calls(client, arrived, [one for step in said[:number] for one in step.calls])
        assert_signed(host, arrived, said[:number])
        texts = [piece.text.partition("[image")[0] for piece in arrived if piece.kind == "result"]
        assert texts == [f"result {n}" for n in range(number)]
        assert [piece.text for piece in arrived if piece.kind == "image"] == [IMAGE] * number
        assert "".join(piece.text for piece in arrived if piece.kind == "assistant") == "One more." * (number == 2)
        assert any("You keep a lighthouse." in piece.text for piece in arrived if piece.kind == "system")


@both_ways
@pytest.mark.parametrize("host", [host for host in FORMATS if host != "openai-chat"])
def test_a_chat_agent_that_keeps_no_reasoning_is_helped_by_the_relay(
    crossing: Relay, upstream: Upstream, host: Format, stream: bool
):
    said = [thinking(host, 10, call(10)), thinking(host, 11, call(11)), thinking(host, 12, text="North.")]
    script = teach(upstream, host, said, stream=stream)
    with agent("openai-chat", crossing.url) as loop:
        loop.say("Where is the lighthouse?")
        for step in said:
            reply = loop.ask(model(host, script), stream=stream)
            assert_reply(reply, step)
            for told in ("reasoning_details", "reasoning_content"):
                loop.history[-1].pop(told, None)
            loop.give([Result(made, "found") for made in reply.calls])
    for number, arrived in enumerate(heard(upstream, host, script)):
        assert_signed(host, arrived, said[:number])


@both_ways
@pytest.mark.parametrize("host", [host for host in FORMATS if host != "gemini"])
def test_google_genais_own_chat_takes_every_answer_for_a_valid_one(
    crossing: Relay, upstream: Upstream, host: Format, stream: bool
):
    """It leaves a turn out of its history for good when one chunk of it has no parts."""
    said = [thinking(host, 20, text="North."), thinking(host, 21, text="On the cliff.")]
    script = teach(upstream, host, said, stream=stream)
    with genai_client(crossing.url) as client:
        chat = client.chats.create(model=model(host, script))
        for _ in said:
            if stream:
                list(chat.send_message_stream("Where?"))
            else:
                chat.send_message("Where?")
    *_, last = heard(upstream, host, script)
    assert_signed(host, last, said[:1])
    assert "".join(piece.text for piece in last if piece.kind == "assistant") == "North."


# Ten turns between two hosts: who answers each, and how. "two" is two calls of one function, of which one fails.
TURNS = ("a two", "a one", "a text", "b two", "b text", "a one", "a text", "b one", "b text", "a text")
TRIPS = [(client, a, b) for client in FORMATS for a, b in combinations(FORMATS, 2)]


def said_in(turn: str, host: Format, number: int) -> Step:
    if turn.endswith("text"):
        return thinking(host, number, text=f"Text {number}.")
    calls = [call(number)] if turn.endswith("one") else [call(number), call(number, '{"name":"Pier"}', "b")]
    return thinking(host, number, *calls)


def answered(agent_: Agent, reply: Reply, number: int) -> None:
    """The results of the calls, the second of which failed; or something new to ask."""
    if reply.calls:
        results = [Result(told, f"result {number}.{n}", failed=n == 1) for n, told in enumerate(reply.calls)]
        agent_.give(results)
    else:
        agent_.say(f"And then, {number}?")


@both_ways
@pytest.mark.parametrize(("client", "first", "second"), TRIPS)
def test_ten_turns_between_two_hosts(
    crossing: Relay, upstream: Upstream, client: Format, first: Format, second: Format, stream: bool
):
    hosts = [first if turn.startswith("a") else second for turn in TURNS]
    said = [said_in(turn, host, number) for number, (turn, host) in enumerate(zip(TURNS, hosts, strict=True))]
    scripts = {
        host: teach(upstream, host, [step for step, of in zip(said, hosts, strict=True) if of == host], stream=stream)
        for host in (first, second)
    }
    with agent(client, crossing.url) as talk:
        talk.say("Where is the lighthouse?")
        for number, (host, step) in enumerate(zip(hosts, said, strict=True)):
            reply = talk.ask(model(host, scripts[host]), stream=stream)
            assert_reply(reply, step, ids=not client == host == "gemini")
            answered(talk, reply, number)
    for host in (first, second):
        requests = heard(upstream, host, scripts[host])
        turns = [number for number, of in enumerate(hosts) if of == host]
        assert len(requests) == len(turns)
        for number, arrived in zip(turns, requests, strict=True):
            assert_calls(client, arrived, [one for step in said[:number] for one in step.calls])
            mine = [step for step, of in zip(said[:number], hosts, strict=False) if of == host]
            assert_signed(host, arrived, mine)
            assert_results(arrived, said[:number])


def assert_results(arrived: list[Piece], said: list[Step]) -> None:
    """Every result in order, and exactly the second of two as an error."""
    results = [piece for piece in arrived if piece.kind in ("result", "error")]
    expected = [(f"result {turn}.{n}", n == 1) for turn, step in enumerate(said) for n in range(len(step.calls))]
    assert [(piece.text, piece.kind == "error") for piece in results] == expected
