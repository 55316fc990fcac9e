"""A minimal request in each format, and the beginning of a stream in each: what fault tests are parametrised over."""

import msgspec
import orjson

from support import fixtures
from support.exchange import Format
from support.relay import Relay
from support.wire import Answer


class Caller(msgspec.Struct, frozen=True):
    """How one format asks. events: the whole events of a good stream; the last one or two say that it has ended."""

    format: Format
    whole_target: str
    stream_target: str
    whole_body: bytes
    stream_body: bytes
    events: tuple[bytes, ...]
    answer: bytes

    @property
    def name(self) -> str:
        return self.format


def _caller(format_: Format, family: str) -> Caller:
    whole, stream = fixtures.load(f"{family}-text-whole"), fixtures.load(f"{family}-text-stream")
    end = b"\r\n\r\n" if b"\r\n\r\n" in stream.answer else b"\n\n"
    events = tuple(event + end for event in stream.answer.split(end) if event)
    return Caller(format_, whole.target, stream.target, whole.body, stream.body, events, whole.answer)


CALLERS = (
    _caller("openai-chat", "chat"),
    _caller("openai-responses", "responses"),
    _caller("anthropic", "anthropic"),
    _caller("gemini", "gemini"),
)
CHAT = CALLERS[0]


def with_model(caller: Caller, model: object) -> bytes:
    """The whole request with another model, for formats that name it in the body."""
    return orjson.dumps({**orjson.loads(caller.whole_body), "model": model})


def ask_whole(relay: Relay, caller: Caller, script: str) -> Answer:
    """The caller's request for a whole answer, answered by the upstream's script of that name."""
    return relay.ask(caller.whole_target, caller.whole_body, (("x-lab", script),))


def ask_stream(relay: Relay, caller: Caller, script: str) -> Answer:
    """As `ask_whole`, for a stream."""
    return relay.ask(caller.stream_target, caller.stream_body, (("x-lab", script),))
