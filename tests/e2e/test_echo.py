"""A fresh machine: no configuration, no key. The built-in model answers the official clients in all four formats."""

import re
from collections.abc import Callable

import orjson
import pytest

from support import sse
from support.live_sdks import anthropic_client, genai_client, openai_client
from support.relay import Relay, StartRelay
from support.wire import request

MODEL = "fastproxy/echo"
SAID = "The lighthouse is north."
ASKED = [{"role": "user", "content": SAID}]


def chat_whole(relay: Relay) -> str:
    with openai_client(relay.url) as client:
        answer = client.chat.completions.create(model=MODEL, messages=ASKED)
    assert answer.usage.completion_tokens > 0
    return answer.choices[0].message.content


def chat_stream(relay: Relay) -> str:
    with openai_client(relay.url) as client, client.chat.completions.stream(model=MODEL, messages=ASKED) as stream:
        return stream.get_final_completion().choices[0].message.content


def responses_whole(relay: Relay) -> str:
    with openai_client(relay.url) as client:
        return client.responses.create(model=MODEL, input=SAID).output_text


def responses_stream(relay: Relay) -> str:
    with openai_client(relay.url) as client, client.responses.stream(model=MODEL, input=SAID) as stream:
        return stream.get_final_response().output_text


def anthropic_whole(relay: Relay) -> str:
    with anthropic_client(relay.url) as client:
        return client.messages.create(model=MODEL, max_tokens=100, messages=ASKED).content[0].text


def anthropic_stream(relay: Relay) -> str:
    with (
        anthropic_client(relay.url) as client,
        client.messages.stream(model=MODEL, max_tokens=100, messages=ASKED) as stream,
    ):
        return stream.get_final_text()


def gemini_whole(relay: Relay) -> str:
    with genai_client(relay.url) as client:
        return client.models.generate_content(model=MODEL, contents=SAID).text


def gemini_stream(relay: Relay) -> str:
    with genai_client(relay.url) as client:
        return "".join(chunk.text or "" for chunk in client.models.generate_content_stream(model=MODEL, contents=SAID))


WAYS = [
    chat_whole,
    chat_stream,
    responses_whole,
    responses_stream,
    anthropic_whole,
    anthropic_stream,
    gemini_whole,
    gemini_stream,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_official_client_is_answered(relay: Relay, way: Callable[[Relay], str]):
    assert SAID in way(relay)


def test_a_tool_call_on_request(relay: Relay):
    tool = {
        "name": "find_place",
        "input_schema": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    }
    with anthropic_client(relay.url) as client:
        answer = client.messages.create(
            model=MODEL, max_tokens=100, messages=ASKED, tools=[tool], tool_choice={"type": "any"}
        )
    call = answer.content[-1]
    assert call.name == "find_place"
    assert isinstance(call.input["name"], str)
    assert answer.stop_reason == "tool_use"


def test_gemini_without_sse_is_one_json_array(relay: Relay):
    body = b'{"contents":[{"role":"user","parts":[{"text":"hello there"}]}]}'
    answer = relay.ask(f"/v1beta/models/{MODEL}:streamGenerateContent", body)
    assert answer.status == 200
    assert answer.body.lstrip().startswith(b"[")
    texts = [part["text"] for chunk in sse.objects(answer.body) for part in chunk["candidates"][0]["content"]["parts"]]
    assert "hello there" in "".join(texts)


COUNTS = [
    ("/v1/messages/count_tokens", {"model": MODEL, "messages": ASKED}, "input_tokens"),
    ("/v1/responses/input_tokens", {"model": MODEL, "input": SAID}, "input_tokens"),
    (f"/v1beta/models/{MODEL}:countTokens", {"contents": [{"parts": [{"text": SAID}]}]}, "totalTokens"),
]


@pytest.mark.parametrize(("path", "body", "name"), COUNTS, ids=["anthropic", "openai-responses", "gemini"])
def test_tokens_are_counted_in_every_format_that_has_a_way_to_ask(
    relay: Relay, path: str, body: dict[str, object], name: str
):
    answer = relay.ask(path, orjson.dumps(body))
    assert answer.status == 200
    assert 4 <= orjson.loads(answer.body)[name] <= 20
    headers = {name.lower(): value for name, value in answer.headers}
    assert headers[b"x-fastproxy-estimated"] in {b"o200k", b"characters"}
    assert headers[b"x-fastproxy-route"] == b"fastproxy/echo"


def test_a_relay_without_configuration_says_how_to_use_it_and_works(start_relay: StartRelay):
    relay = start_relay(None, FASTPROXY_LISTEN="127.0.0.1:0")
    token = re.search(r"fp-[0-9A-Za-z_-]{20,}", relay.output)
    assert token is not None, relay.output
    assert "curl" in relay.output
    body = b'{"model":"fastproxy/echo","messages":[{"role":"user","content":"hello"}]}'
    with relay.wire() as wire:
        wire.send(request("/v1/chat/completions", body, [("authorization", f"Bearer {token[0]}")]))
        answer = wire.answer()
    assert answer.status == 200
    assert b"hello" in answer.body
