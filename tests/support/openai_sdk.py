"""The official OpenAI SDK as a strict reader of bytes. No socket: a transport of ours hands it a finished answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

_SAID = [{"role": "user", "content": "?"}]


@contextmanager
def _client(body: bytes, content_type: str, status: int = 200) -> Iterator[OpenAI]:
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(status, content=body, headers={"content-type": content_type})
    )
    with httpx2.Client(transport=transport) as http:
        yield OpenAI(
            api_key="unused",
            base_url="http://relay.invalid/v1",
            http_client=http,
            max_retries=0,
            _strict_response_validation=True,
        )


def chat_chunks(stream: bytes) -> list[ChatCompletionChunk]:
    """Every chunk of a stream. Raises the SDK's own errors, here and below."""
    with _client(stream, "text/event-stream") as client:
        return list(client.chat.completions.create(model="m", messages=_SAID, stream=True))


def chat_stream(stream: bytes) -> ChatCompletion:
    """What the SDK's accumulator makes of a stream."""
    with (
        _client(stream, "text/event-stream") as client,
        client.chat.completions.stream(model="m", messages=_SAID, stream_options={"include_usage": True}) as events,
    ):
        return events.get_final_completion()


def chat_body(body: bytes, status: int = 200) -> ChatCompletion:
    """The SDK's completion of a whole body."""
    with _client(body, "application/json", status) as client:
        return client.chat.completions.create(model="m", messages=_SAID)


def responses_events(stream: bytes) -> list[ResponseStreamEvent]:
    """Every event of a stream."""
    with _client(stream, "text/event-stream") as client:
        return list(client.responses.create(model="m", input="?", stream=True))


def responses_stream(stream: bytes) -> Response:
    """What the SDK's accumulator makes of a stream that completes."""
    with _client(stream, "text/event-stream") as client, client.responses.stream(model="m", input="?") as events:
        return events.get_final_response()


def responses_body(body: bytes, status: int = 200) -> Response:
    """The SDK's response of a whole body."""
    with _client(body, "application/json", status) as client:
        return client.responses.create(model="m", input="?")


def chat_accumulated(stream: bytes) -> ChatCompletion:
    """What the SDK's accumulator has gathered when the stream is over, also where `get_final_completion` would raise.

    It raises by design for an answer cut short by a length or a filter, which are good ends of a stream.
    """
    with (
        _client(stream, "text/event-stream") as client,
        client.chat.completions.stream(model="m", messages=_SAID, stream_options={"include_usage": True}) as events,
    ):
        for _ in events:
            pass
        return events.current_completion_snapshot
