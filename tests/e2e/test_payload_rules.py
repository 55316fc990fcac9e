"""Payload rules in a running relay: what arrives upstream, to the byte."""

import pytest

from support import script
from support.callers import CALLERS, CHAT, Caller
from support.relay import StartRelay, config
from support.upstream import Upstream

RULES = """
[aliases]
nick = "lab/lab-1"
[[payload.default]]
models = ["lab-*"]
set = { "metadata.team" = "a" }
[[payload.override]]
models = ["other-*"]
set = { "metadata.team" = "b" }
[[payload.filter]]
models = ["lab-*"]
remove = ["seed"]
"""


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_rule_edits_the_body_of_every_format(upstream: Upstream, start_relay: StartRelay, caller: Caller):
    relay = start_relay(config(upstream.origin, extra=RULES))
    name = upstream.teach(script.whole(caller.answer))
    assert relay.ask(caller.whole_target, caller.whole_body, (("x-lab", name),)).status == 200
    assert upstream.only(name).body == b'{"metadata":{"team":"a"},' + caller.whole_body.removeprefix(b"{")


def test_globs_are_for_the_model_as_its_provider_knows_it(upstream: Upstream, start_relay: StartRelay):
    relay = start_relay(config(upstream.origin, extra=RULES))
    name = upstream.teach(script.whole(CHAT.answer))
    for model in (b"nick", b"other-1", b"third"):
        body = b'{ "model":"%b", "messages":[], "seed" : 1e2, "x":"\\ud83d" }' % model
        assert relay.ask(CHAT.whole_target, body, (("x-lab", name),)).status == 200
    assert [seen.body for seen in upstream.seen(name)] == [
        b'{"metadata":{"team":"a"}, "model":"lab-1", "messages":[],  "x":"\\ud83d" }',
        b'{"metadata":{"team":"b"}, "model":"other-1", "messages":[], "seed" : 1e2, "x":"\\ud83d" }',
        b'{ "model":"third", "messages":[], "seed" : 1e2, "x":"\\ud83d" }',
    ]


def test_counting_tokens_is_not_given_keys_that_only_generating_knows(upstream: Upstream, start_relay: StartRelay):
    relay = start_relay(config(upstream.origin, extra=RULES))
    name = upstream.teach(script.whole(b'{"input_tokens":3}'))
    body = b'{"model":"lab-1","messages":[]}'
    assert relay.ask("/v1/messages/count_tokens", body, (("x-lab", name),)).status == 200
    assert upstream.only(name).body == body
