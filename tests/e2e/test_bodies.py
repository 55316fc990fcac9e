"""Bodies that are not a request: refused with 400 in the caller's envelope, and nothing forwarded."""

import pytest

from support import script
from support.callers import CALLERS, CHAT, Caller, with_model
from support.envelopes import assert_refusal
from support.relay import Relay, StartRelay, config
from support.upstream import Upstream

BROKEN = {
    "empty": b"",
    "not JSON": b"{model",
    "cut short": b'{"model":"lab-1","messages":[',
    "an array": b"[1,2]",
    "a number": b"7",
    "not UTF-8": b'{"model":"lab-1","x":"\xff\xfe"}',
    "NaN": b'{"model":"lab-1","x":NaN}',
    "nested 100 000 deep": b'{"model":"lab-1","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "two values": b'{"model":"lab-1"}{"model":"lab-1"}',
}
NAMES_ITS_MODEL = [caller for caller in CALLERS if caller.format != "gemini"]
NOT_MODELS = [None, 7, "", ["lab-1"], {"name": "lab-1"}, True]
NOT_MODEL_NAMES = ["../../etc/passwd", "a\r\nx: y", "a\0b", "a?key=1", "a#b", "..", "a" * 1000]


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_body_that_is_no_object_is_refused(relay: Relay, upstream: Upstream, caller: Caller, body: bytes):
    name = upstream.teach(script.whole(caller.answer))
    answer = relay.ask(caller.whole_target, body, (("x-lab", name),))
    assert_refusal(caller.format, answer, 400)
    assert upstream.seen(name) == []


@pytest.mark.parametrize("caller", NAMES_ITS_MODEL, ids=lambda caller: caller.format)
@pytest.mark.parametrize("model", NOT_MODELS, ids=repr)
def test_a_model_that_is_no_text_is_refused(relay: Relay, upstream: Upstream, caller: Caller, model: object):
    name = upstream.teach(script.whole(caller.answer))
    assert_refusal(caller.format, relay.ask(caller.whole_target, with_model(caller, model), (("x-lab", name),)), 400)
    assert upstream.seen(name) == []


@pytest.mark.parametrize("caller", NAMES_ITS_MODEL, ids=lambda caller: caller.format)
def test_two_models_are_refused(relay: Relay, upstream: Upstream, caller: Caller):
    name = upstream.teach(script.whole(caller.answer))
    body = caller.whole_body[:-1] + b',"model":"lab-2"}'
    answer = relay.ask(caller.whole_target, body, (("x-lab", name),))
    assert answer.status in {200, 400}
    if answer.status == 200:  # then both sides must have read the same bytes, and the relay the last one as JSON does
        assert upstream.only(name).body == body


@pytest.mark.parametrize("model", NOT_MODEL_NAMES)
def test_a_model_name_that_could_change_an_address_is_refused(relay: Relay, upstream: Upstream, model: str):
    name = upstream.teach(script.whole(CHAT.answer))
    answer = relay.ask(CHAT.whole_target, with_model(CHAT, model), (("x-lab", name),))
    assert answer.status in {400, 404}
    assert upstream.seen(name) == []


PATHS = [
    "/v1beta/models/..:generateContent",
    "/v1beta/models/a/../../b:generateContent",
    "/v1beta/models/%2e%2e:generateContent",
    "/v1beta/models/a%3Fkey=1:generateContent",
    "/v1beta/models/a%23b:generateContent",
    "/v1beta/models/a%0d%0ax:generateContent",
    "/v1beta/models/a%00b:generateContent",
    "/v1beta/models/a%252Fb:generateContent",
    "/v1beta/models//a:generateContent",
    "/v1beta/models/:generateContent",
    "/v1beta/models/a:deleteEverything",
    "/v1beta/models/@evil.example:generateContent",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_could_change_an_address_is_refused(relay: Relay, upstream: Upstream, path: str):
    name = upstream.teach(script.whole(CALLERS[3].answer))
    answer = relay.ask(path, CALLERS[3].whole_body, (("x-lab", name),))
    assert answer.status in {400, 404, 405}
    assert upstream.seen(name) == []


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_an_unknown_model_is_not_found_and_the_nearest_are_named(
    start_relay: StartRelay, upstream: Upstream, caller: Caller
):
    relay = start_relay(
        config(upstream.origin, extra='[aliases]\nlighthouse = "lab/lab-1"\n').replace('["*"]', '["lab-*"]')
    )
    if caller.format == "gemini":
        answer = relay.ask(caller.whole_target.replace("lab-1", "lighthose"), caller.whole_body)
    else:
        answer = relay.ask(caller.whole_target, with_model(caller, "lighthose"))
    assert_refusal(caller.format, answer, 404)
    assert b"lighthouse" in answer.body
