"""The official anthropic client, strict, through a real relay: streamed and whole, counting, and its errors."""

import anthropic
import orjson
import pytest

from support import fixtures
from support.live_sdks import anthropic_client
from support.relay import Relay
from support.upstream import Upstream

TEXT = "On the north cliff."
ASKED = [{"role": "user", "content": "Where is the lighthouse?"}]


def teach(upstream: Upstream, fixture: str) -> str:
    return upstream.teach(fixtures.load(fixture).acts())


def test_a_whole_answer(relay: Relay, upstream: Upstream):
    name = teach(upstream, "anthropic-text-whole")
    with anthropic_client(relay.url, name) as client:
        answer = client.messages.create(model="lab-1", max_tokens=100, messages=ASKED)
    assert answer.content[0].text == TEXT
    assert answer.usage.cache_read_input_tokens == 8
    assert upstream.only(name).get(b"anthropic-version") != []


def test_a_stream_gathered_by_the_sdk(relay: Relay, upstream: Upstream):
    with (
        anthropic_client(relay.url, teach(upstream, "anthropic-text-stream")) as client,
        client.messages.stream(model="lab-1", max_tokens=100, messages=ASKED) as stream,
    ):
        answer = stream.get_final_message()
    assert answer.content[0].text == TEXT
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens == 12


def test_a_tool_call_stream(relay: Relay, upstream: Upstream):
    with (
        anthropic_client(relay.url, teach(upstream, "anthropic-tool-stream")) as client,
        client.messages.stream(model="lab-1", max_tokens=100, messages=ASKED) as stream,
    ):
        pieces = [event.delta.partial_json for event in stream if event.type == "content_block_delta"]
    assert "".join(pieces) == r'{"name":"Caf\u00e9 \"K\"","id":123456789012345678901234567890}'


def test_a_thinking_stream_keeps_its_signature(relay: Relay, upstream: Upstream):
    with (
        anthropic_client(relay.url, teach(upstream, "anthropic-thinking-stream")) as client,
        client.messages.stream(model="lab-1", max_tokens=100, messages=ASKED) as stream,
    ):
        answer = stream.get_final_message()
    assert [block.type for block in answer.content] == ["thinking", "redacted_thinking", "text"]
    assert answer.content[0].signature == "EqQBCgIYAhIM+/=="


def test_an_error_inside_a_stream(relay: Relay, upstream: Upstream):
    with anthropic_client(relay.url, teach(upstream, "anthropic-error-in-stream")) as client:
        stream = client.messages.create(model="lab-1", max_tokens=100, messages=ASKED, stream=True)
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            list(stream)


def test_overloaded_keeps_its_status(relay: Relay, upstream: Upstream):
    with (
        anthropic_client(relay.url, teach(upstream, "anthropic-error-529")) as client,
        pytest.raises(anthropic.APIStatusError) as caught,
    ):
        client.messages.create(model="lab-1", max_tokens=100, messages=ASKED)
    assert caught.value.status_code == 529
    assert caught.value.request_id == "req_own_529"
    assert caught.value.response.headers["x-should-retry"] == "true"


def test_counting_tokens(relay: Relay, upstream: Upstream):
    with anthropic_client(relay.url, teach(upstream, "anthropic-count-tokens")) as client:
        assert client.messages.count_tokens(model="lab-1", messages=ASKED).input_tokens == 9


def test_beta_headers_arrive(relay: Relay, upstream: Upstream):
    name = teach(upstream, "anthropic-text-whole")
    with anthropic_client(relay.url, name) as client:
        client.beta.messages.create(model="lab-1", max_tokens=100, messages=ASKED, betas=["one-2026", "two-2026"])
    seen = upstream.only(name)
    assert seen.get(b"anthropic-beta") == [b"one-2026,two-2026"]
    assert orjson.loads(seen.body)["model"] == "lab-1"


def test_the_model_list(relay: Relay):
    with anthropic_client(relay.url) as client:
        assert "fastproxy/echo" in [model.id for model in client.models.list()]
