"""The official openai client, strict, through a real relay: Chat and Responses, streamed and whole, and its errors."""

from typing import Any

import openai
import orjson
import pytest

from support import fixtures, sse
from support.live_sdks import openai_client
from support.relay import Relay
from support.upstream import Upstream

TEXT = "On the north cliff."
ARGUMENTS = r'{"name":"Caf\u00e9 \"K\"","id":123456789012345678901234567890}'
ASKED = [{"role": "user", "content": "Where is the lighthouse?"}]


def teach(upstream: Upstream, fixture: str) -> str:
    return upstream.teach(fixtures.load(fixture).acts())


def last_response(fixture: str) -> dict[str, Any]:
    """The response object in the last event of a Responses fixture."""
    return dict(sse.objects(fixtures.load(fixture).answer)[-1]["response"])


def assert_says(got: Any, wanted: Any) -> None:
    """Every field of `wanted` is in the SDK's object; the SDK may add some of its own ("parsed")."""
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            assert_says(getattr(got, key), value)
    elif isinstance(wanted, list):
        assert len(got) == len(wanted)
        for one, value in zip(got, wanted, strict=True):
            assert_says(one, value)
    else:
        assert got == wanted


def test_a_whole_chat_answer(relay: Relay, upstream: Upstream):
    with openai_client(relay.url, teach(upstream, "chat-text-whole")) as client:
        answer = client.chat.completions.create(model="lab-1", messages=ASKED)
    assert answer.choices[0].message.content == TEXT
    assert answer.usage.prompt_tokens_details.cached_tokens == 10


def test_a_whole_chat_tool_call(relay: Relay, upstream: Upstream):
    with openai_client(relay.url, teach(upstream, "chat-tool-whole")) as client:
        answer = client.chat.completions.create(model="lab-1", messages=ASKED)
    assert answer.choices[0].message.tool_calls[1].function.arguments == '{"name":"south cliff","id":1.0e5}'


def test_a_chat_stream_event_by_event(relay: Relay, upstream: Upstream):
    name = teach(upstream, "chat-text-stream")
    with openai_client(relay.url, name) as client:
        stream = client.chat.completions.create(
            model="lab-1", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert chunks[-1].usage.total_tokens == 42
    assert orjson.loads(upstream.only(name).body)["stream_options"] == {"include_usage": True}


def test_a_chat_stream_gathered_by_the_sdk(relay: Relay, upstream: Upstream):
    with (
        openai_client(relay.url, teach(upstream, "chat-tool-stream")) as client,
        client.chat.completions.stream(model="lab-1", messages=ASKED) as stream,
    ):
        answer = stream.get_final_completion()
    assert answer.choices[0].message.tool_calls[0].function.arguments == ARGUMENTS


@pytest.mark.parametrize(
    "fixture", ["chat-u2028-stream", "chat-comments-stream", "chat-crlf-stream", "chat-bom-stream"]
)
def test_odd_but_legal_chat_streams(relay: Relay, upstream: Upstream, fixture: str):
    expected = "".join(
        chunk["choices"][0]["delta"].get("content") or ""
        for chunk in sse.objects(fixtures.load(fixture).answer)
        if chunk["choices"]
    )
    with openai_client(relay.url, teach(upstream, fixture)) as client:
        chunks = list(client.chat.completions.create(model="lab-1", messages=ASKED, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == expected


def test_an_error_inside_a_chat_stream(relay: Relay, upstream: Upstream):
    with openai_client(relay.url, teach(upstream, "chat-error-in-stream")) as client:
        stream = client.chat.completions.create(model="lab-1", messages=ASKED, stream=True)
        with pytest.raises(openai.APIError, match="out of memory"):
            list(stream)


def test_a_rate_limit_keeps_its_status_and_headers(relay: Relay, upstream: Upstream):
    with (
        openai_client(relay.url, teach(upstream, "chat-error-429")) as client,
        pytest.raises(openai.RateLimitError) as caught,
    ):
        client.chat.completions.create(model="lab-1", messages=ASKED)
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.request_id == "req_own_429"


def test_a_whole_responses_answer(relay: Relay, upstream: Upstream):
    with openai_client(relay.url, teach(upstream, "responses-text-whole")) as client:
        answer = client.responses.create(model="lab-1", input="Where?")
    assert answer.output_text == TEXT
    assert answer.usage.input_tokens_details.cache_write_tokens == 4


@pytest.mark.parametrize("fixture", ["responses-text-stream", "responses-tool-stream", "responses-reasoning-stream"])
def test_a_responses_stream_gathered_by_the_sdk(relay: Relay, upstream: Upstream, fixture: str):
    with (
        openai_client(relay.url, teach(upstream, fixture)) as client,
        client.responses.stream(model="lab-1", input="Where?") as stream,
    ):
        answer = stream.get_final_response()
    assert_says(answer.output, last_response(fixture)["output"])


def test_a_responses_stream_event_by_event(relay: Relay, upstream: Upstream):
    with openai_client(relay.url, teach(upstream, "responses-text-stream")) as client:
        events = list(client.responses.create(model="lab-1", input="Where?", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"


def test_a_responses_error_body(relay: Relay, upstream: Upstream):
    with (
        openai_client(relay.url, teach(upstream, "responses-error-400")) as client,
        pytest.raises(openai.BadRequestError) as caught,
    ):
        client.responses.create(model="lab-1", input="Where?")
    assert caught.value.code == "decimal_above_max_value"


def test_counting_input_tokens(relay: Relay, upstream: Upstream):
    with openai_client(relay.url, teach(upstream, "responses-input-tokens")) as client:
        assert client.responses.input_tokens.count(model="lab-1", input="Where?").input_tokens == 11


def test_the_model_list(relay: Relay):
    with openai_client(relay.url) as client:
        assert "fastproxy/echo" in [model.id for model in client.models.list()]


def test_an_unknown_token_is_an_authentication_error(relay: Relay):
    with openai_client(relay.url) as client, pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()
