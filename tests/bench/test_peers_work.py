"""The requests of the comparison: whole, the same conversation for every relay, and found by the upstream."""

import h11
import orjson
import pytest

from bench import wire
from bench.peers.work import CASES, WARM_MODEL, Case, request


def parsed(data: bytes) -> tuple[h11.Request, dict[str, object]]:
    server = h11.Connection(h11.SERVER)
    server.receive_data(data)
    head = server.next_event()
    assert isinstance(head, h11.Request)
    body = server.next_event()
    assert isinstance(body, h11.Data)
    assert isinstance(server.next_event(), h11.EndOfMessage)
    assert server.trailing_data == (b"", False)
    fields: dict[str, object] = orjson.loads(body.data)
    return head, fields


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.mark.parametrize("warm", [False, True])
def test_a_request_is_one_whole_message_that_the_upstream_understands(case, warm):
    model = WARM_MODEL if warm else case.model
    data = request(case, model, 1, {})
    head, fields = parsed(data)
    assert head.target == (b"/v1/messages" if case.translated else b"/v1/chat/completions")
    assert wire.asked(data) == (case.client, model)
    assert fields.get("stream", False) is (wire.plan(model) is not None)


def test_more_headers_arrive_beside_the_usual_ones(case):
    plain, _ = parsed(request(case, case.model, 1, {}))
    more, _ = parsed(request(case, case.model, 1, {"x-one": "1", "x-two": "2"}))
    assert set(more.headers) - set(plain.headers) == {(b"x-one", b"1"), (b"x-two", b"2")}
    assert set(plain.headers) <= set(more.headers)


def test_no_relay_is_asked_to_compress(case):
    head, _ = parsed(request(case, case.model, 1, {}))
    assert dict(head.headers)[b"accept-encoding"] == b"identity"


def test_a_translated_request_says_the_same_in_the_other_format():
    chat, messages = (next(case for case in CASES if case.name == name) for name in ("stream", "translated-stream"))
    _, one = parsed(request(chat, chat.model, 1, {}))
    head, other = parsed(request(messages, messages.model, 1, {}))
    assert b"anthropic-version" in dict(head.headers)
    assert one["messages"] == other["messages"]
    assert other["max_tokens"] == 1024
    assert "stream_options" not in other


def test_the_work_per_event_is_taken_from_streams_that_flow_together():
    for case in CASES:
        plan = wire.plan(case.model)
        if case.unit == "event":
            assert plan is not None
            assert plan.gap_seconds > 0
            assert case.requests == case.connections
