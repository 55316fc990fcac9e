"""Every recorded answer, read by its vendor's own client: through the relay it reads what it reads without one.

The client is run twice, against the replaying upstream itself and through the relay: same objects, or same error.
"""

from collections.abc import Callable
from typing import Any

import anthropic
import openai
import orjson
import pytest
from google.genai import errors, types

from support import recordings
from support.exchange import Exchange, Format
from support.live_sdks import anthropic_client, genai_client, openai_client
from support.relay import Relay
from support.upstream import Upstream

Read = Callable[[str, str, Exchange], list[Any]]


def read_chat(origin: str, script: str, exchange: Exchange) -> list[Any]:
    body = orjson.loads(exchange.request_body)
    with openai_client(origin, script, strict=False) as client:
        answer = client.chat.completions.create(model="", messages=[], stream=exchange.streamed, extra_body=body)
        return dumped(answer)


def read_responses(origin: str, script: str, exchange: Exchange) -> list[Any]:
    body = orjson.loads(exchange.request_body)
    with openai_client(origin, script, strict=False) as client:
        return dumped(client.responses.create(stream=exchange.streamed, extra_body=body))


def read_anthropic(origin: str, script: str, exchange: Exchange) -> list[Any]:
    body = orjson.loads(exchange.request_body)
    with anthropic_client(origin, script, strict=False) as client:
        answer = client.messages.create(model="", max_tokens=1, messages=[], stream=exchange.streamed, extra_body=body)
        return dumped(answer)


def read_gemini(origin: str, script: str, exchange: Exchange) -> list[Any]:
    config = types.GenerateContentConfig(http_options=types.HttpOptions(extra_body=orjson.loads(exchange.body)))
    with genai_client(origin, script) as client:
        ask = client.models.generate_content_stream if exchange.streamed else client.models.generate_content
        return dumped(ask(model="recorded-model", contents="replaced by the recorded ones", config=config))


def dumped(answer: Any) -> list[Any]:
    """The answer's objects as plain values, less what belongs to the connection."""
    objects = [answer] if hasattr(answer, "model_dump") else list(answer)
    return [value.model_dump(mode="json", exclude={"sdk_http_response"}, warnings=False) for value in objects]


READ: dict[Format, Read] = {
    "openai-chat": read_chat,
    "openai-responses": read_responses,
    "anthropic": read_anthropic,
    "gemini": read_gemini,
}
# AttributeError: google-genai 3.4 expects enums as text, and Vertex writes them as integers where it is asked to.
ERRORS = (openai.APIError, anthropic.APIError, errors.APIError, ValueError, AttributeError)
CREATING = ("/chat/completions", "/responses", "/messages", "enerateContent")


def outcome(origin: str, script: str, exchange: Exchange) -> tuple[str, Any]:
    try:
        return "read", READ[exchange.format](origin, script, exchange)
    except ERRORS as error:
        return type(error).__name__, str(error)


def creates(exchange: Exchange) -> bool:
    path = exchange.target.partition("?")[0]
    return path.endswith(CREATING) and not (exchange.format == "gemini" and "stream" in path and not exchange.streamed)


NAMES = [name for name in recordings.parameters() if not isinstance(name, str) or creates(recordings.load(name))]


@pytest.mark.parametrize("name", NAMES)
def test_the_official_client_reads_the_same_as_without_a_relay(relay: Relay, upstream: Upstream, name: str):
    exchange = recordings.load(name)
    script = upstream.teach(exchange.acts())
    through = outcome(relay.url, script, exchange)
    assert through == outcome(upstream.origin, script, exchange)
    direct, relayed = (orjson.loads(seen.body) for seen in reversed(upstream.seen(script)))
    relayed.pop("model", None)
    direct.pop("model", None)
    assert relayed == direct
