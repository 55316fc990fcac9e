"""The bytes of the bench: what a client sends and what the upstream answers. Pure, built once, never on the clock.

Heads and bodies have the shape and the length of real traffic (openai-python 3.54 and api.openai.com, read 2026-11-21):
short heads would flatter every parser. The model's name in a request says how the upstream is to answer:

    bench-json1k            one JSON body of about 1 KB
    bench-20x1-0ms          20 writes of one event each, as fast as they go
    bench-50x1-20ms         50 writes of one event, 20 ms apart
    bench-10x20-5ms         10 writes of 20 events, 5 ms apart
    bench-1x1-0ms-idle      one event, then silence
"""

import re
from collections.abc import Iterator

import msgspec
import orjson

TOKEN = "bench-token"
UPSTREAM_KEY = "bench-upstream-key"
PATH = "/v1/chat/completions"
JSON_MODEL = "bench-json1k"
STAMP = b'"content":"@'
STAMP_DIGITS = 19

_MODEL = re.compile(rb'"model":"([^"]*)"')
_PLAN = re.compile(r"bench-(\d+)x(\d+)-(\d+)ms(-idle)?")
_REQUEST_HEAD = (
    "POST {path} HTTP/1.1\r\n"
    "Host: 127.0.0.1:{port}\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\n"
    "authorization: Bearer {token}\r\n"
    "accept: application/json\r\n"
    "content-type: application/json\r\n"
    "user-agent: OpenAI/Python 3.54.0\r\n"
    "x-stainless-lang: python\r\n"
    "x-stainless-package-version: 3.54.0\r\n"
    "x-stainless-os: Linux\r\n"
    "x-stainless-arch: x64\r\n"
    "x-stainless-runtime: CPython\r\n"
    "x-stainless-runtime-version: 3.11.7\r\n"
    "x-stainless-async: false\r\n"
    "x-stainless-retry-count: 0\r\n"
    "x-stainless-read-timeout: 600\r\n"
    "Content-Length: {length}\r\n"
    "\r\n"
)
_RESPONSE_HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"Date: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
    b"Content-Type: %b\r\n"
    b"%b\r\n"
    b"Connection: keep-alive\r\n"
    b"access-control-expose-headers: X-Request-ID\r\n"
    b"openai-organization: bench\r\n"
    b"openai-processing-ms: 512\r\n"
    b"openai-project: proj_bench\r\n"
    b"openai-version: 2020-10-01\r\n"
    b"x-envoy-upstream-service-time: 520\r\n"
    b"x-ratelimit-limit-requests: 10000\r\n"
    b"x-ratelimit-limit-tokens: 30000000\r\n"
    b"x-ratelimit-remaining-requests: 9999\r\n"
    b"x-ratelimit-remaining-tokens: 29999800\r\n"
    b"x-ratelimit-reset-requests: 6ms\r\n"
    b"x-ratelimit-reset-tokens: 0s\r\n"
    b"x-request-id: req_0123456789abcdef0123456789abcdef\r\n"
    b"cf-cache-status: DYNAMIC\r\n"
    b"strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
    b"x-content-type-options: nosniff\r\n"
    b"Server: bench\r\n"
    b"\r\n"
)
_STREAM_HEAD = _RESPONSE_HEAD % (b"text/event-stream; charset=utf-8", b"Transfer-Encoding: chunked")
_CHUNK = (
    b'data: {"id":"chatcmpl-BenchBenchBenchBenchBenchBe","object":"chat.completion.chunk","created":1795262400,'
    b'"model":"bench","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[%b],"usage":%b}\n\n'
)
_EVENT = _CHUNK % (
    b'{"index":0,"delta":{"content":"@%019d"},"logprobs":null,"finish_reason":null}',
    b"null",
)
_USAGE = (
    b'{"prompt_tokens":200,"completion_tokens":20,"total_tokens":220,"prompt_tokens_details":{"cached_tokens":128,'
    b'"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,'
    b'"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
)
_LAST_EVENTS = (
    _CHUNK % (b'{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}', b"null")
    + _CHUNK % (b"", _USAGE)
    + b"data: [DONE]\n\n"
)
_STREAM_END = b"%x\r\n%b\r\n0\r\n\r\n" % (len(_LAST_EVENTS), _LAST_EVENTS)


class Plan(msgspec.Struct, frozen=True):
    """How a stream is written: `writes` writes of `events` events each, `gap_seconds` apart; idle: it never ends."""

    writes: int
    events: int
    gap_seconds: float
    idle: bool

    @property
    def total(self) -> int:
        """The number of stamped events in the whole stream."""
        return self.writes * self.events


def plan(model: str) -> Plan | None:
    """The plan that a model's name asks for; None where it asks for one JSON body. Raises: ValueError."""
    if model == JSON_MODEL:
        return None
    match = _PLAN.fullmatch(model)
    if match is None:
        raise ValueError(f"no such bench model: {model!r}")
    writes, events, gap_ms, idle = match.groups()
    return Plan(int(writes), int(events), int(gap_ms) / 1000, idle is not None)


def model_of(body: bytes) -> str:
    """The model that a request of ours names; "" where it names none."""
    match = _MODEL.search(body, max(body.rfind(b'"model":"'), 0))
    return match[1].decode() if match else ""


def request(model: str, *, port: int, body_bytes: int) -> bytes:
    """One whole request, its keys in the SDK's order. The body is `body_bytes` long, or up to 300 bytes longer."""
    streamed = plan(model) is not None
    tail: dict[str, object] = {"model": model}
    if streamed:
        tail |= {"stream": True, "stream_options": {"include_usage": True}}
    messages: list[dict[str, str]] = []
    size = len(orjson.dumps({"messages": messages, **tail}))
    for message in _conversation():
        if messages and size >= body_bytes:
            break
        messages.append(message)
        size += len(orjson.dumps(message)) + 1
    body = orjson.dumps({"messages": messages, **tail})
    head = _REQUEST_HEAD.format(path=PATH, port=port, token=TOKEN, length=len(body))
    return head.encode() + body


def _conversation() -> Iterator[dict[str, str]]:
    number = 0
    while True:
        role = "assistant" if number % 2 else "user"
        text = f'Turn {number}: the parser said "unexpected end of input"\nin line {number * 7}, and then '
        yield {"role": role, "content": text + "nothing else happened for a while. " * 4}
        number += 1


def json_answer() -> bytes:
    """Head and body of the 1 KB JSON answer."""
    message: dict[str, object] = {
        "role": "assistant",
        "content": "All of it was said before. " * 18,
        "refusal": None,
        "annotations": [],
    }
    body = orjson.dumps(
        {
            "id": "chatcmpl-BenchBenchBenchBenchBenchBe",
            "object": "chat.completion",
            "created": 1795262400,
            "model": "bench",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": orjson.Fragment(_USAGE),
            "service_tier": "default",
            "system_fingerprint": "fp_0123456789",
        },
    )
    return _RESPONSE_HEAD % (b"application/json", b"Content-Length: %d" % len(body)) + body


def stream_head() -> bytes:
    """The head of every streamed answer."""
    return _STREAM_HEAD


def stream_write(events: int, now_nanoseconds: int, *, last: bool) -> bytes:
    """`events` stamped events, each its own HTTP chunk; the last write also ends the stream as Chat and HTTP demand."""
    event = _EVENT % now_nanoseconds
    written = b"%x\r\n%b\r\n" % (len(event), event) * events
    return written + _STREAM_END if last else written
