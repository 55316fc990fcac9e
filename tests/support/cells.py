"""One cell of the table "any format to any format": upstream bytes in, through the real pipes, client bytes out.

Besides the way itself: who judges it. `grammar` is the automaton of a format; `accumulated` and `whole` are what the
format's official SDK, strict, makes of a stream and of a body, written so that equal answers give equal values.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

import msgspec
import orjson

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions
from fastproxy.framing.sse import EventReader
from fastproxy.ir.events import Event
from fastproxy.ir.fold import Response, fold
from fastproxy.pipe import Ending, Pipe
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient
from fastproxy.translate.response import Crossing, pipe_for_translation
from fastproxy.translate.seal import Mint
from laws import grammar_anthropic, grammar_gemini, grammar_openai
from support import openai_sdk, sdks
from support.exchange import FORMATS, Exchange, Format

EVENT_BYTES = BODY_BYTES = 1 << 24
MODEL = "model-of-the-client"
CELLS = [(source, target) for source in FORMATS for target in FORMATS if source != target]


class Came(msgspec.Struct, frozen=True):
    """What reached the client: bytes, or the fault that became an error answer because nothing had been sent."""

    body: bytes
    ending: Ending
    fault: Fault | None = None


def pipe(source: Format, target: Format, *, streamed: bool, stream: bool, array: bool = False) -> Pipe:
    """The pipe of one answer. streamed: the upstream streams; stream: the client wants one."""
    client = ForClient(
        model=MODEL,
        response_id="own-1",
        created_at=1_760_000_000,
        mint=Mint(source, "lab", "account-1"),
        spelling=BY_NAME[target].spelling,
        memory=Memory(),
    )
    options = EncoderOptions(include_usage=True, array=array)
    crossing = Crossing(BY_NAME[source], BY_NAME[target], client, options, EVENT_BYTES, BODY_BYTES)
    return pipe_for_translation(crossing, streamed=streamed, stream=stream)


def through(way: Pipe, data: bytes, at: Iterable[int] = ()) -> Came:
    """What the client gets when `data` arrives cut at these offsets: the relay's own use of a pipe."""
    sent = b""
    try:
        for piece in pieces(data, at):
            sent += way.feed(piece)
        sent += way.close()
    except Fault as fault:
        if not sent:
            return Came(b"", way.ending, fault)
        sent += way.abort(fault) or b""
    return Came(sent, way.ending)


def pieces(data: bytes, at: Iterable[int]) -> Iterator[bytes]:
    for start, end in pairwise([0, *at, len(data)]):
        if start < end:
            yield data[start:end]


def crossed(exchange: Exchange, target: Format, *, stream: bool, at: Iterable[int] = ()) -> Came:
    """A recorded answer on its way to a client of `target`."""
    return through(pipe(exchange.format, target, streamed=exchange.streamed, stream=stream), exchange.answer, at)


def events_of(format_: Format, stream: bytes) -> list[Event]:
    """What a format's decoder makes of a stream, all of it in one read."""
    decoder, reader = BY_NAME[format_].decoder(), EventReader(EVENT_BYTES)
    events = [event for data in [*reader.feed(stream), *reader.close()] for event in decoder.decode(data)]
    return [*events, *decoder.close()]


def response_of(exchange: Exchange) -> Response:
    """The hub's reading of a recorded answer."""
    if exchange.streamed:
        return fold(events_of(exchange.format, exchange.answer))
    return BY_NAME[exchange.format].decode_whole(exchange.answer)


def written(format_: Format, events: Iterable[Event], *, array: bool = False) -> bytes:
    """The stream that a format's encoder makes of events."""
    encoder = BY_NAME[format_].encoder(EncoderOptions(array=array))
    return b"".join([*map(encoder.encode, events), encoder.close()])


@lru_cache(maxsize=64)  # whatever is cut within one event of the upstream often is the same to the client
def ending(format_: Format, stream: bytes) -> str:
    """How it ends: "finished", "error" or "cut". Raises: AssertionError where the stream leaves the grammar."""
    return _GRAMMARS[format_](stream)[0]


_GRAMMARS: Mapping[Format, Callable[[bytes], tuple[str, Any]]] = {
    "openai-chat": grammar_openai.read_chat,
    "openai-responses": grammar_openai.read_responses,
    "anthropic": grammar_anthropic.read,
    "gemini": grammar_gemini.read,
}


def accumulated(format_: Format, stream: bytes) -> dict[str, Any]:
    """What the official SDK has gathered when the stream is over. Raises: the SDK's own errors."""
    return _without_nulls(_ACCUMULATED[format_](stream))


def whole(format_: Format, body: bytes) -> dict[str, Any]:
    """What the official SDK reads in a body. Raises: the SDK's own errors."""
    return _without_nulls(_WHOLE[format_](body))


def _without_nulls(value: Any) -> Any:
    """An accumulator leaves out what a body says is null, or the other way round: clients see no difference."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _chat(completion: Any) -> dict[str, Any]:
    """Less what the accumulator adds (parsed, index); a message of calls says null where a stream began with ""."""
    value: dict[str, Any] = completion.to_dict(mode="json")
    value.pop("object")  # the accumulator keeps its own word
    for choice in value["choices"]:
        message = choice["message"]
        message["content"] = message.get("content") or ""
        message.pop("parsed", None)
        choice.pop("logprobs", None)
        for call in message.get("tool_calls") or ():
            call.pop("index", None)
            call.get("function", {}).pop("parsed_arguments", None)
    return value


def _chat_accumulated(stream: bytes) -> dict[str, Any]:
    return _chat(openai_sdk.chat_accumulated(stream))


def _responses_accumulated(stream: bytes) -> dict[str, Any]:
    """The last event's response; the accumulator, which takes only completed ones, must have gathered the same text."""
    last: Any = openai_sdk.responses_events(stream)[-1]
    value: dict[str, Any] = last.response.to_dict(mode="json")
    if value["status"] == "completed":
        assert openai_sdk.responses_stream(stream).output_text == last.response.output_text
    return value


def _plain(model: Any) -> dict[str, Any]:
    value: dict[str, Any] = model.to_dict(mode="json")
    return value


def _gemini(chunks: list[Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"parts": []}
    for chunk in chunks:
        value = chunk.model_dump(mode="json", exclude_none=True, exclude={"sdk_http_response"})
        told |= {key: value[key] for key in ("usage_metadata", "model_version", "response_id") if key in value}
        for candidate in value.get("candidates", []):
            told["parts"] += (candidate.get("content") or {}).get("parts") or []
            told |= {key: candidate[key] for key in ("finish_reason", "grounding_metadata") if key in candidate}
    return told | {"parts": grammar_gemini.joined(told["parts"])}


_ACCUMULATED: Mapping[Format, Callable[[bytes], dict[str, Any]]] = {
    "openai-chat": _chat_accumulated,
    "openai-responses": _responses_accumulated,
    "anthropic": lambda stream: _plain(sdks.anthropic_stream(stream)),
    "gemini": lambda stream: _gemini(sdks.gemini_stream(stream)),
}
_WHOLE: Mapping[Format, Callable[[bytes], dict[str, Any]]] = {
    "openai-chat": lambda body: _chat(openai_sdk.chat_body(body)),
    "openai-responses": lambda body: _plain(openai_sdk.responses_body(body)),
    "anthropic": lambda body: _plain(sdks.anthropic_body(body)),
    "gemini": lambda body: _gemini([sdks.gemini_body(body)]),
}


def has_json(text: bytes) -> bool:
    """Whether `text` is JSON that the SDKs can hold: they, too, stop at lone surrogates."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
