"""A silent upstream behind a healthy connection: the client hears a keepalive, at an event's end only, and Gemini none.

A comment or a ping is fatal to Gemini CLI and google-genai (measured 2026-11-21).
"""

from collections.abc import Callable, Iterator, Mapping

import pytest

from support import script
from support.account_clients import at_once
from support.callers import CALLERS, Caller, ask_stream
from support.relay import Relay, config
from support.script import AnyAct, Pause, Send, chunk
from support.upstream import Upstream
from support.wire import Answer

Answers = Mapping[tuple[str, Callable[[Caller], int]], Answer]
SILENCE_SECONDS = 3.2


@pytest.fixture(scope="module")
def talkative(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay that breaks a silence after one second."""
    text = config(upstream.origin, extra="[limits]\nping_seconds = 1\n")
    with Relay(tmp_path_factory.mktemp("talkative"), text) as running:
        yield running


def silent(caller: Caller, cut: int) -> list[AnyAct]:
    """The caller's stream, with a silence after that many of its bytes."""
    whole = b"".join(caller.events)
    return [script.begun(), Send(chunk(whole[:cut])), Pause(SILENCE_SECONDS), Send(chunk(whole[cut:]) + b"0\r\n\r\n")]


def between(caller: Caller) -> int:
    return len(caller.events[0])


def inside(caller: Caller) -> int:
    return between(caller) + 20


@pytest.fixture(scope="module")
def answers(talkative: Relay, upstream: Upstream) -> Answers:
    """What every caller heard, of a silence in either place: all of them listened to it at the same time."""
    places = [(caller, place) for caller in CALLERS for place in (between, inside)]
    asked = [(caller, upstream.teach(silent(caller, place(caller)))) for caller, place in places]
    heard = at_once(lambda one: ask_stream(talkative, *one), asked)
    return {(caller.format, place): answer for (caller, place), answer in zip(places, heard, strict=True)}


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_silence_between_events_is_broken(answers: Answers, caller: Caller):
    answer = answers[caller.format, between]
    before, after = caller.events[0], b"".join(caller.events[1:])
    assert answer.complete
    assert answer.body.startswith(before)
    assert answer.body.endswith(after)
    said = answer.body[len(before) : len(answer.body) - len(after)]
    if caller.format == "gemini":
        assert said == b""
    elif caller.format == "anthropic":
        assert said.count(b"event: ping\ndata: ") in {1, 2, 3}
        assert said.replace(b" ", b"").replace(b'event:ping\ndata:{"type":"ping"}\n\n', b"") == b""
    else:
        assert said.count(b": ") in {1, 2, 3}
        assert all(line.startswith(b": ") for line in said.split(b"\n\n")[:-1])


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_silence_inside_an_event_is_not_broken(answers: Answers, caller: Caller):
    answer = answers[caller.format, inside]
    assert answer.complete
    assert answer.body == b"".join(caller.events)
