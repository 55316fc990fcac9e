"""The official google-genai client, which refuses unknown fields, through a real relay: streamed, whole, errors."""

import pytest
from google.genai import errors

from support import fixtures
from support.live_sdks import genai_client
from support.relay import Relay
from support.upstream import Upstream

TEXT = "On the north cliff."


def teach(upstream: Upstream, fixture: str) -> str:
    return upstream.teach(fixtures.load(fixture).acts())


def test_a_whole_answer(relay: Relay, upstream: Upstream):
    name = teach(upstream, "gemini-text-whole")
    with genai_client(relay.url, name) as client:
        answer = client.models.generate_content(model="lab-1", contents="Where?")
    assert answer.text == TEXT
    assert answer.usage_metadata.thoughts_token_count == 6
    assert upstream.only(name).request_line.endswith(b"/models/lab-1:generateContent HTTP/1.1")


def test_a_stream(relay: Relay, upstream: Upstream):
    with genai_client(relay.url, teach(upstream, "gemini-text-stream")) as client:
        chunks = list(client.models.generate_content_stream(model="lab-1", contents="Where?"))
    assert "".join(chunk.text for chunk in chunks) == TEXT
    assert chunks[-1].candidates[0].finish_reason == "STOP"


def test_a_tool_call_stream(relay: Relay, upstream: Upstream):
    with genai_client(relay.url, teach(upstream, "gemini-tool-stream")) as client:
        chunks = list(client.models.generate_content_stream(model="lab-1", contents="Where?"))
    part = chunks[0].candidates[0].content.parts[0]
    assert part.function_call.args == {"name": "Café"}
    assert part.thought_signature


def test_an_error_inside_a_stream(relay: Relay, upstream: Upstream):
    with genai_client(relay.url, teach(upstream, "gemini-error-in-stream")) as client:
        stream = client.models.generate_content_stream(model="lab-1", contents="Where?")
        with pytest.raises(errors.ServerError) as caught:
            list(stream)
    assert caught.value.code == 503


def test_a_rate_limit(relay: Relay, upstream: Upstream):
    with (
        genai_client(relay.url, teach(upstream, "gemini-error-429")) as client,
        pytest.raises(errors.ClientError) as caught,
    ):
        client.models.generate_content(model="lab-1", contents="Where?")
    assert caught.value.code == 429
    assert caught.value.status == "RESOURCE_EXHAUSTED"


def test_counting_tokens(relay: Relay, upstream: Upstream):
    with genai_client(relay.url, teach(upstream, "gemini-count-tokens")) as client:
        assert client.models.count_tokens(model="lab-1", contents="Where?").total_tokens == 6
