"""Bytes that an upstream sends where no request of ours is due: they never become the answer to the next request.

aiohttp 3.14.5 hands such bytes to whoever takes the connection next (aio-libs/aiohttp#13656): another account's answer.
"""

from time import sleep

import pytest

from support import script
from support.callers import CHAT
from support.relay import Relay
from support.script import AnyAct, Close, Pause, Reset, Send
from support.upstream import Upstream

STRAY = script.whole(b'{"stray":true}')[0]


def ask(relay: Relay, name: str) -> bytes:
    answer = relay.ask(CHAT.whole_target, CHAT.whole_body, (("x-lab", name),))
    assert answer.status == 200
    return answer.body


STRAYS: dict[str, list[AnyAct]] = {
    "a whole answer, at once": [STRAY],
    "a whole answer, later": [Pause(0.05), STRAY],
    "half an answer, later": [Pause(0.05), Send(b"HTTP/1.1 200 OK\r\ncontent-le")],
    "garbage, later": [Pause(0.05), Send(b"\0\0\0\0")],
    "an empty line, later": [Pause(0.05), Send(b"\r\n")],
}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS)
def test_stray_bytes_are_nobodys_answer(relay: Relay, upstream: Upstream, stray: list[AnyAct]):
    first = upstream.teach([*script.whole(b'{"n":1}'), *stray])
    assert ask(relay, first) == b'{"n":1}'
    sleep(0.15)
    for n in range(2, 6):
        assert ask(relay, upstream.teach(script.whole(b'{"n":%d}' % n))) == b'{"n":%d}' % n


def test_stray_bytes_after_a_chunked_answer_are_nobodys_answer(relay: Relay, upstream: Upstream):
    acts = script.streamed([b'{"n":1}'], headers=[script.JSON])
    first = upstream.teach([*acts[:-1], Send(b"0\r\n\r\n" + STRAY.data)])
    assert ask(relay, first) == b'{"n":1}'
    assert ask(relay, upstream.teach(script.whole(b'{"n":2}'))) == b'{"n":2}'


@pytest.mark.parametrize("ending", [Close(), Reset()], ids=["closed", "reset"])
def test_a_pooled_connection_that_died_is_replaced_once(relay: Relay, upstream: Upstream, ending: AnyAct):
    first = upstream.teach([*script.whole(b'{"n":1}')])
    second = upstream.teach([ending], script.whole(b'{"n":2}'))
    assert ask(relay, first) == b'{"n":1}'
    assert ask(relay, second) == b'{"n":2}'
    assert len(upstream.seen(second)) == 2


def test_a_fresh_connection_that_dies_is_not_tried_again(relay: Relay, upstream: Upstream):
    name = upstream.teach([Close()])
    first = upstream.teach([*script.whole(b'{"n":1}'), Pause(0.02), Close()])
    ask(relay, first)
    sleep(0.1)
    assert relay.ask(CHAT.whole_target, CHAT.whole_body, (("x-lab", name),)).status == 502
    assert len(upstream.seen(name)) <= 2


def test_an_upstream_that_closes_every_connection_is_served_from(relay: Relay, upstream: Upstream):
    name = upstream.teach(script.until_close(b'{"n":1}'))
    for _ in range(5):
        assert ask(relay, name) == b'{"n":1}'
