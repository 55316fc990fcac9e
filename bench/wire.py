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

from .dialects import CHAT, DIALECTS, Turn, of_path

TOKEN = "bench-token"
UPSTREAM_KEY = "bench-upstream-key"
JSON_MODEL = "bench-json1k"
STAMP_DIGITS = 19

_LINE = re.compile(r"POST ([^ ]+) HTTP/1.1")
_MODEL = re.compile(rb'"model":"([^"]*)"')
_MODEL_IN_PATH = re.compile(r"/models/([^:]*):")
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


def asked(request: bytes) -> tuple[str, str]:
    """The format and the model that a request asks for. Raises: ValueError for one that is none of ours."""
    line = _LINE.match(request[:1000].decode("latin-1"))
    if line is None:
        raise ValueError("no such request")
    in_path = _MODEL_IN_PATH.search(line[1])
    return of_path(line[1]), in_path[1] if in_path else _model_of(request)


def _model_of(body: bytes) -> str:
    match = _MODEL.search(body, max(body.rfind(b'"model":"'), 0))
    return match[1].decode() if match else ""


def request(model: str, *, port: int, body_bytes: int, client: str = CHAT) -> bytes:
    """One whole request in the client's format. The body is `body_bytes` long, or up to 300 bytes longer.

    model: also as `provider/model`, which a relay takes apart.
    """
    dialect = DIALECTS[client]
    streamed = plan(model.rpartition("/")[2]) is not None
    turns: list[Turn] = []
    size = empty_bytes = len(orjson.dumps(dialect.body((), model, streamed)))
    for turn in _conversation():
        if turns and size >= body_bytes:
            break
        turns.append(turn)
        size += len(orjson.dumps(dialect.body((turn,), model, streamed))) - empty_bytes + 1
    body = orjson.dumps(dialect.body(turns, model, streamed))
    verb = "streamGenerateContent?alt=sse" if streamed else "generateContent"
    path = dialect.path.format(model=model, verb=verb)
    head = _REQUEST_HEAD.format(path=path, port=port, token=TOKEN, length=len(body))
    return head.encode() + body


def _conversation() -> Iterator[Turn]:
    number = 0
    while True:
        role = "assistant" if number % 2 else "user"
        text = f'Turn {number}: the parser said "unexpected end of input"\nin line {number * 7}, and then '
        yield role, text + "nothing else happened for a while. " * 4
        number += 1


def json_answer(host: str = CHAT) -> bytes:
    """Head and body of the 1 KB JSON answer of a host of that format."""
    body = DIALECTS[host].whole
    return _RESPONSE_HEAD % (b"application/json", b"Content-Length: %d" % len(body)) + body


def stream_head(host: str = CHAT) -> bytes:
    """The head of every streamed answer, and the events before the first stamped one."""
    opening = DIALECTS[host].opening
    return _STREAM_HEAD + _chunk(opening) if opening else _STREAM_HEAD


def stream_write(events: int, now_nanoseconds: int, *, last: bool, host: str = CHAT) -> bytes:
    """`events` stamped events, each its own HTTP chunk; the last write ends the stream as format and HTTP demand."""
    dialect = DIALECTS[host]
    written = _chunk(dialect.event % now_nanoseconds) * events
    return written + _chunk(dialect.closing) + b"0\r\n\r\n" if last else written


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
