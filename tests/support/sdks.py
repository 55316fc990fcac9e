"""Official SDKs as readers of bytes: a transport of ours hands them a finished answer. No socket, no network."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from anthropic import Anthropic
from anthropic.types import Message
from google import genai
from google.genai.types import GenerateContentResponse, HttpOptions

from support.no_tls import NOBODY

_ASKED = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "?"}]}


def _transport(body: bytes, content_type: str, status: int = 200) -> httpx2.MockTransport:
    return httpx2.MockTransport(
        lambda request: httpx2.Response(status, content=body, headers={"content-type": content_type})
    )


@contextmanager
def _anthropic(body: bytes, content_type: str, status: int = 200) -> Iterator[Anthropic]:
    with httpx2.Client(transport=_transport(body, content_type, status)) as http:
        yield Anthropic(
            api_key="unused",
            base_url="http://relay.invalid",
            http_client=http,
            max_retries=0,
            _strict_response_validation=True,
        )


@contextmanager
def _gemini(body: bytes, content_type: str, status: int = 200) -> Iterator[genai.Client]:
    with httpx2.Client(transport=_transport(body, content_type, status)) as http:
        unused = {"verify": NOBODY, "ssl": NOBODY}
        options = HttpOptions(base_url="http://relay.invalid", httpx_client=http, async_client_args=unused)
        yield genai.Client(api_key="unused", http_options=options)


def anthropic_stream(stream: bytes) -> Message:
    """What the SDK's accumulator makes of a stream. Raises the SDK's own errors."""
    with _anthropic(stream, "text/event-stream") as client, client.messages.stream(**_ASKED) as events:
        return events.get_final_message()


def anthropic_body(body: bytes, status: int = 200) -> Message:
    """The SDK's message of a whole body. Raises the SDK's own errors."""
    with _anthropic(body, "application/json", status) as client:
        return client.messages.create(**_ASKED)


def gemini_stream(stream: bytes) -> list[GenerateContentResponse]:
    """The SDK's chunks of a stream. Raises the SDK's own errors."""
    with _gemini(stream, "text/event-stream") as client:
        return list(client.models.generate_content_stream(model="m", contents="?"))


def gemini_body(body: bytes, status: int = 200) -> GenerateContentResponse:
    """The SDK's response of a whole body. Raises the SDK's own errors."""
    with _gemini(body, "application/json", status) as client:
        return client.models.generate_content(model="m", contents="?")
