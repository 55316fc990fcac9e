"""The work that every relay gets, and the bytes of its requests. Pure.

The load is light: the slowest peer must carry it without a queue, or its delays would only say that it had one.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
import orjson

from bench import wire

BODY_BYTES = 1000
WARM_MODEL = "bench-1x1-50ms"  # so long that every connection is busy at once, and the relay has as many upstream
_MESSAGES_HEAD = (
    "POST /v1/messages HTTP/1.1\r\n"
    "Host: 127.0.0.1:{port}\r\n"
    "Accept-Encoding: identity\r\n"
    "Connection: keep-alive\r\n"
    "authorization: Bearer {token}\r\n"
    "anthropic-version: 2023-06-01\r\n"
    "accept: application/json\r\n"
    "content-type: application/json\r\n"
    "user-agent: Anthropic/Python 0.116.0\r\n"
    "x-stainless-lang: python\r\n"
    "x-stainless-package-version: 0.116.0\r\n"
    "x-stainless-os: Linux\r\n"
    "x-stainless-arch: x64\r\n"
    "x-stainless-runtime: CPython\r\n"
    "x-stainless-runtime-version: 3.11.7\r\n"
    "x-stainless-async: false\r\n"
    "x-stainless-retry-count: 0\r\n"
    "x-stainless-timeout: 600\r\n"
    "Content-Length: {length}\r\n"
    "\r\n"
)

Format = Literal["openai-chat", "anthropic"]
# How a streamed answer ends when it is whole.
STREAM_END: dict[Format, bytes] = {"openai-chat": b"data: [DONE]", "anthropic": b"message_stop"}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of work for one relay.

    client: the format of the request; the upstream is an OpenAI Chat host. unit: what the CPU time is divided by; per
    event it is taken only while every stream flows. delay: what the median delay is of.
    """

    name: str
    title: str
    client: Format
    unit: Literal["request", "event"]
    model: str
    connections: int
    requests: int

    @property
    def translated(self) -> bool:
        return self.client != "openai-chat"

    @property
    def delay(self) -> str:
        return "whole answer" if self.unit == "request" else "one event"


CASES = (
    Case(
        name="json",
        title="1 KB JSON, 1 connection",
        client="openai-chat",
        unit="request",
        model=wire.JSON_MODEL,
        connections=1,
        requests=100,
    ),
    Case(
        name="json16",
        title="1 KB JSON, 16 connections",
        client="openai-chat",
        unit="request",
        model=wire.JSON_MODEL,
        connections=16,
        requests=160,
    ),
    Case(
        name="stream",
        title="20-event stream, 4 connections",
        client="openai-chat",
        unit="request",
        model="bench-20x1-0ms",
        connections=4,
        requests=60,
    ),
    Case(
        name="paced",
        title="paced event (20 ms), 4 streams",
        client="openai-chat",
        unit="event",
        model="bench-60x1-20ms",
        connections=4,
        requests=4,
    ),
    Case(
        name="translated-stream",
        title="20-event stream, /v1/messages to Chat, 4 connections",
        client="anthropic",
        unit="request",
        model="bench-20x1-0ms",
        connections=4,
        requests=60,
    ),
    Case(
        name="translated-paced",
        title="paced event (20 ms), /v1/messages to Chat, 4 streams",
        client="anthropic",
        unit="event",
        model="bench-60x1-20ms",
        connections=4,
        requests=4,
    ),
)


def request(case: Case, model: str, port: int, headers: Mapping[str, str]) -> bytes:
    """One whole request of the case for `model`, with these headers besides."""
    chat = wire.request(model, port=port, body_bytes=BODY_BYTES)
    head, _, body = chat.partition(b"\r\n\r\n")
    if case.client == "anthropic":
        body = _messages_body(body)
        whole = _MESSAGES_HEAD.format(port=port, token=wire.TOKEN, length=len(body)).encode()
        head = whole.removesuffix(b"\r\n\r\n")
    else:
        # What one relay would compress and another not is no part of the comparison.
        head = head.replace(b"Accept-Encoding: gzip, deflate", b"Accept-Encoding: identity")
    lines = "".join(f"\r\n{name}: {value}" for name, value in headers.items())
    return head + lines.encode() + b"\r\n\r\n" + body


def _messages_body(chat: bytes) -> bytes:
    fields = orjson.loads(chat)
    del fields["stream_options"]
    return orjson.dumps({"max_tokens": 1024, **fields})
