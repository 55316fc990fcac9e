"""Several accounts behind one address: a real relay, a vendor process, and refusals in the shapes that vendors have."""

from collections.abc import Iterator

import orjson
import pytest

from support import accounts
from support.accounts import ask, who
from support.relay import Relay, StartRelay
from support.vendor import Vendor

NAMES = ("ann", "bob", "cid")
LIMIT = {
    "status": 429,
    "headers": {"content-type": "application/json", "retry-after": "3600"},
    "body": '{"type":"error","error":{"type":"rate_limit_error","message":"You have reached your usage limit."}}',
}
RATE = {
    "status": 429,
    "headers": {"content-type": "application/json", "retry-after": "20"},
    "body": '{"type":"error","error":{"type":"rate_limit_error","message":"Too many requests per minute"}}',
}
OVERLOADED = {
    "status": 529,
    "headers": {"content-type": "application/json"},
    "body": '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
}
REVOKED = {
    "status": 401,
    "headers": {"content-type": "application/json"},
    "body": '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}',
}
FORBIDDEN = {
    "status": 403,
    "headers": {"content-type": "application/json"},
    "body": '{"type":"error","error":{"type":"permission_error","message":"not allowed"}}',
}
EARLY_ERROR = {
    "status": 200,
    "headers": {"content-type": "text/event-stream"},
    "body": "event: message_start\n"
    'data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],'
    '"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":0}}}\n\n'
    "event: error\n"
    'data: {"type":"error","error":{"type":"rate_limit_error","message":"You have reached your usage limit."}}\n\n',
}
WRONG = {
    "status": 400,
    "headers": {"content-type": "application/json"},
    "body": '{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: too large"}}',
}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture
def relay(vendor: Vendor, start_relay: StartRelay) -> Relay:
    accounts.open_accounts(vendor, NAMES)
    return start_relay(accounts.config(vendor, NAMES), **accounts.environ(NAMES))


def test_a_session_keeps_its_account_and_sessions_spread(relay: Relay):
    served = {session: who(ask(relay, session)) for session in map(str, range(24))}
    assert set(served.values()) == set(NAMES)
    assert {session: who(ask(relay, session)) for session in served} == served


@pytest.mark.parametrize("refusal", [LIMIT, RATE, OVERLOADED, REVOKED, FORBIDDEN], ids=lambda one: str(one["status"]))
def test_the_client_does_not_notice_that_one_account_was_refused(relay: Relay, vendor: Vendor, refusal: dict):
    home = who(ask(relay, "s"))
    vendor.answers(home, refusal)
    other = who(ask(relay, "s"))
    assert other != home
    assert [one["account"] for one in vendor.seen()] == [home, home, other]


def test_a_spent_account_is_not_asked_again_and_one_in_passing_trouble_is_home_again(relay: Relay, vendor: Vendor):
    spent, passing = (next(s for s in map(str, range(99)) if who(ask(relay, s)) == name) for name in ("ann", "bob"))
    vendor.answers("bob", OVERLOADED)
    assert who(ask(relay, passing)) != "bob"
    assert who(ask(relay, passing)) == "bob"
    vendor.answers("ann", LIMIT)
    assert who(ask(relay, spent)) != "ann"
    assert who(ask(relay, spent)) != "ann"


def test_a_stream_that_fails_before_it_answers_goes_elsewhere(relay: Relay, vendor: Vendor):
    home = who(ask(relay, "s"))
    vendor.answers(home, EARLY_ERROR)
    answer = ask(relay, "s", stream=True)
    assert answer.status == 200
    assert b"usage limit" not in answer.body
    assert answer.body.endswith(b'data: {"type":"message_stop"}\n\n')
    assert answer.body.count(b"message_start") == 2  # its event line and its type: nothing of the first attempt


def test_what_the_request_is_to_blame_for_is_told_at_once(relay: Relay, vendor: Vendor):
    home = who(ask(relay, "s"))
    vendor.answers(home, WRONG)
    answer = ask(relay, "s")
    assert (answer.status, answer.body) == (400, WRONG["body"].encode())
    assert len(vendor.seen()) == 2


def test_when_all_are_spent_the_client_hears_the_vendor_and_then_how_long(relay: Relay, vendor: Vendor):
    for name in NAMES:
        vendor.answers(name, LIMIT, stuck=True)
    first = ask(relay, "s")
    assert (first.status, first.body, first.get("retry-after")) == (429, LIMIT["body"].encode(), "3600")
    asked = len(vendor.seen())
    assert asked == len(NAMES)
    second = ask(relay, "s")
    assert second.status == 429
    assert 3590 <= int(second.get("retry-after") or 0) <= 3600
    assert orjson.loads(second.body)["error"]["type"] == "rate_limit_error"
    assert len(vendor.seen()) == asked


def test_a_pinned_request_fails_rather_than_switch(relay: Relay, vendor: Vendor):
    assert who(ask(relay, headers={"x-fastproxy-account": "lab:bob"})) == "bob"
    assert who(ask(relay, headers={"x-fastproxy-account": "cid"})) == "cid"
    vendor.answers("bob", LIMIT)
    assert ask(relay, headers={"x-fastproxy-account": "lab:bob"}).status == 429
    unknown = ask(relay, headers={"x-fastproxy-account": "dan"})
    assert (unknown.status, orjson.loads(unknown.body)["error"]["type"]) == (400, "invalid_request_error")
    assert b"no account 'dan'" in unknown.body
    assert all(("x-fastproxy-account" not in dict(one["headers"])) for one in vendor.seen())


def test_a_child_session_takes_its_parents_account(relay: Relay):
    for number in range(8):
        parent = who(ask(relay, f"parent-{number}"))
        assert who(ask(relay, f"child-{number}", headers={"x-parent-session-id": f"parent-{number}"})) == parent


def test_a_restarted_relay_remembers_who_is_spent(vendor: Vendor, start_relay: StartRelay):
    accounts.open_accounts(vendor, NAMES)
    for name in NAMES[:2]:
        vendor.answers(name, LIMIT, stuck=True)
    relay = start_relay(accounts.config(vendor, NAMES), **accounts.environ(NAMES))
    assert {who(ask(relay, str(n))) for n in range(6)} == {"cid"}
    relay.stop()
    before = len(vendor.seen())
    again = Relay(relay.directory, accounts.config(vendor, NAMES), accounts.environ(NAMES))
    with again:
        assert {who(ask(again, str(n))) for n in range(12)} == {"cid"}
    assert {one["account"] for one in vendor.seen()[before:]} == {"cid"}


def test_another_account_is_not_sent_what_only_the_former_can_read(relay: Relay, vendor: Vendor):
    def turn(*said: object) -> bytes:
        messages = [{"role": "user", "content": "hi"}, *said]
        return orjson.dumps({"model": "m", "max_tokens": 16, "messages": messages})

    thought = {"type": "thinking", "thinking": "so", "signature": "opaque"}
    history = (
        {"role": "assistant", "content": [thought, {"type": "text", "text": "x"}]},
        {"role": "user", "content": "y"},
    )
    headers = (("x-session-id", "s"),)
    first = relay.ask("/v1/messages", turn(*history), headers)
    home = who(first)
    assert vendor.seen()[-1]["body"].encode() == turn(*history)  # the same bytes
    vendor.answers(home, LIMIT)
    moved = relay.ask("/v1/messages", turn(*history), headers)
    assert who(moved) != home
    assert "opaque" not in vendor.seen()[-1]["body"]
    assert moved.get("x-fastproxy-dropped") == "thinking.signature"
    assert first.get("x-fastproxy-dropped") is None
