"""A silent upstream behind a healthy connection: the client hears a keepalive, at an event's end only, and Gemini none.

A comment or a ping is fatal to Gemini CLI and google-genai (measured 2026-11-21).
"""

from collections.abc import Iterator

import pytest

from support import script
from support.callers import CALLERS, Caller
from support.relay import Relay, config
from support.script import Pause, Send, chunk
from support.upstream import Upstream

SILENCE_SECONDS = 3.2


@pytest.fixture(scope="module")
def talkative(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay that breaks a silence after one second."""
    text = config(upstream.origin, extra="[limits]\nping_seconds = 1\n")
    with Relay(tmp_path_factory.mktemp("talkative"), text) as running:
        yield running


def ask(relay: Relay, upstream: Upstream, caller: Caller, before: bytes, after: bytes) -> bytes:
    acts = [script.begun(), Send(chunk(before)), Pause(SILENCE_SECONDS), Send(chunk(after) + b"0\r\n\r\n")]
    answer = relay.ask(caller.stream_target, caller.stream_body, (("x-lab", upstream.teach(acts)),))
    assert answer.complete
    return answer.body


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_silence_between_events_is_broken(talkative: Relay, upstream: Upstream, caller: Caller):
    before, after = caller.events[0], b"".join(caller.events[1:])
    body = ask(talkative, upstream, caller, before, after)
    assert body.startswith(before)
    assert body.endswith(after)
    between = body[len(before) : len(body) - len(after)]
    if caller.format == "gemini":
        assert between == b""
    elif caller.format == "anthropic":
        assert between.count(b"event: ping\ndata: ") in {1, 2, 3}
        assert between.replace(b" ", b"").replace(b'event:ping\ndata:{"type":"ping"}\n\n', b"") == b""
    else:
        assert between.count(b": ") in {1, 2, 3}
        assert all(line.startswith(b": ") for line in between.split(b"\n\n")[:-1])


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_silence_inside_an_event_is_not_broken(talkative: Relay, upstream: Upstream, caller: Caller):
    whole = b"".join(caller.events)
    cut = len(caller.events[0]) + 20
    assert ask(talkative, upstream, caller, whole[:cut], whole[cut:]) == whole
