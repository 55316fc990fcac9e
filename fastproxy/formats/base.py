"""What every format brings: a record of plain functions and per-response objects.

A format never knows who serves it (providers do), never touches a socket, never reads a clock.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol

import msgspec

from fastproxy.errors import Fault, Header
from fastproxy.ir.events import Event, Usage
from fastproxy.ir.fold import Response
from fastproxy.ir.request import Request

FormatName = Literal["openai-chat", "openai-responses", "anthropic", "gemini"]
Action = Literal["generate", "count_tokens", "compact", "input_tokens"]


class Peek(msgspec.Struct, frozen=True, gc=False):
    """What routing needs to know of a request, and nothing else.

    model: as the client wrote it. stream: whether it asked for a stream. session: the key that ties requests of one
    conversation together, where the body has one. wants_usage: False only where a client must ask for usage and didn't.
    """

    model: str
    stream: bool
    session: str | None = None
    wants_usage: bool = True


class TapRules(msgspec.Struct, frozen=True):
    """Where a format's bytes tell usage, the served model, the end of a good stream, and an error in a stream.

    usage_key and model_key: JSON keys with their quotes. Quotes inside JSON strings are escaped, so text that a model
    writes can't fake one.
    finished: matches once the stream has said that it ended well. failed: matches an in-band error near its end.
    output: matches the first sign of an answer in a stream (text, a call, a reason to stop); nothing before it has one.
    last: matches the end of a stream that closes with a mark of its own; looked for once, when nothing else has told.
    sequence_key: of a running number that an error event must go on from, where a format has one.
    usage: the format's usage object to our classes; None when the object is not one (a tool's input named "usage").
    """

    usage_key: bytes
    model_key: bytes
    finished: re.Pattern[bytes]
    failed: re.Pattern[bytes]
    output: re.Pattern[bytes]
    usage: Callable[[dict[str, object]], Usage | None]
    sequence_key: bytes = b""
    last: re.Pattern[bytes] | None = None


class Verbs(msgspec.Struct, frozen=True):
    """How a stream is asked for where no field of the body does: by the last word of the path, and in the query.

    whole, stream: the words. events: the parameter that asks for events; a stream without it is one JSON array.
    """

    whole: str
    stream: str
    events: bytes


def _nothing(element: bytes, key: str) -> None:  # noqa: ARG001 - whatever it was
    return None


class SignaturePlace(msgspec.Struct, frozen=True):
    """Where a request's body holds signatures, and what becomes of what holds one.

    turns: the array of turns. inner: the array in each of them, "" where the turns are the elements. keys: of an
    element that may hold a signature. needs_inner: whether a turn can't be without the inner array.
    bare: an element and the key of its signature -> what is left of it without; None for nothing.
    withheld: a signature -> the element of a thought whose text was withheld, where that is of a kind of its own.
    """

    turns: str
    inner: str
    keys: tuple[str, ...]
    needs_inner: bool = True
    bare: Callable[[bytes, str], bytes | None] = _nothing
    withheld: Callable[[str], bytes] | None = None


class EncoderOptions(msgspec.Struct, frozen=True):
    """How this client wants its answer written. include_usage: Chat's stream_options; array: Gemini without alt=sse."""

    include_usage: bool = True
    array: bool = False


class StreamEncoder(Protocol):
    """Events in, one format's stream out. One per response; state is *which block is open*."""

    @property
    def failed(self) -> bool:
        """Whether the stream has ended in an error, which some formats find in an answer that its host calls good."""

    def encode(self, event: Event) -> bytes:
        """The bytes this event becomes; b"" when it says nothing in this format, or has to wait."""

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes that these events become, one after the other."""

    def close(self) -> bytes:
        """The end of the stream. Without a Stop seen: the format's error event, never a success marker."""


class StreamDecoder(Protocol):
    """One format's stream in, events out. One per response. Liberal in what it takes: hosts break every rule.

    `finished` becomes true with the format's own terminal event, and a stream that ends without it has failed.
    """

    finished: bool

    def read_texts(self, data: list[bytes], first: int, events: list[Event]) -> int:
        """Read `data` from place `first` on, as far as it is pieces of the open text and nothing else: see `shapes`.

        Put what they tell into `events`. The place of the first that is for `decode`: `first` where no text is open.
        """

    def decode(self, data: bytes) -> list[Event]:
        """The events that the data of one server-sent event (or one element of an array) tells; [] for none.

        Nothing follows a Stop or a Failed. Raises: Fault(upstream_garbage) for what is not JSON.
        """

    def close(self) -> list[Event]:
        """What is left to tell when the body has ended: a Stop that waited for usage, or a Failed if none is due."""


class Gatherer(Protocol):
    """One format's stream in, the whole answer that it amounts to out, in the host's own bytes. One per response."""

    def take(self, data: bytes) -> None:
        """The data of one event, which has been found sound. Raises: Fault(upstream_garbage)."""

    def whole(self) -> bytes:
        """The answer. Raises: Fault(upstream_garbage) for a stream that has not told it."""


class Encoded(msgspec.Struct, frozen=True):
    """An upstream request's body. headers: what the format demands beside it (anthropic-version).

    dropped: what the client said and this format has no word for, by the client's own name where it has one.
    """

    body: bytes
    headers: tuple[Header, ...] = ()
    dropped: tuple[str, ...] = ()


class Spelling(msgspec.Struct, frozen=True):
    """What a format allows in the name of a tool and in the id of a call. Each pattern matches one allowed text."""

    name: re.Pattern[str]
    id: re.Pattern[str]


class Counting(msgspec.Struct, frozen=True):
    """A format's own way to count the tokens of a request.

    action: the endpoint's. decode: body, path parameters -> Request. encode: Request -> upstream body.
    read: upstream's answer -> tokens; raises Fault(upstream_garbage). write: tokens -> answer.
    """

    action: Action
    decode: Callable[[bytes, Mapping[str, str]], Request]
    encode: Callable[[Request], Encoded]
    read: Callable[[bytes], int]
    write: Callable[[int], bytes]


def _any_schema(schema: dict[str, Any]) -> bool:  # noqa: ARG001 - whatever it describes
    return True


class Format(msgspec.Struct, frozen=True):
    """One API format: who asks in it is decoded from it, who answers in it too; its encoders are the other way round.

    paths: action -> path below a base URL, "{model}" filled in by shaping, "{version}" with the client's own segment.
    peek: body (and path parameters) -> Peek; raises Fault(bad_request) for a body that is not one JSON object.
    rename: body, new model -> body with only the model replaced, every other byte kept.
    decode_request: body, parameters -> Request; raises Fault(bad_request). encode_request: the other way.
    decoder / encoder: of a stream. decode_whole: body -> folded Response; raises Fault(upstream_garbage).
    encode_whole: Response -> body; raises Fault for a response that did not end well.
    decode_fault: status and body of an upstream's refusal -> Fault with that status. encode_fault: a Fault (and our
    request id) -> error body. fault_event: a Fault and the last bytes of the stream -> the mid-stream error event,
    which begins with a blank line where those bytes did not end an event.
    require_portable: raises Fault for a request that can't be translated, because it leans on what its own host alone
    keeps or gives (a stored conversation or prompt, an encrypted summary, several answers at once).
    spelling: of tool names and ids. custom_tools: whether tools may take free text. streams_free_text: whether a call
    of such a tool has a place in a stream; a call of a function stands for it where not. counting: None where it can't.
    signatures: where requests hold them. verbs: None where the body asks for a stream.
    proven_thoughts: whether its hosts refuse a thought that comes back without a signature of theirs.
    prefills: whether words of the assistant at the end of a conversation are the beginning of the answer.
    answers_values: whether a schema may describe any value as the answer; elsewhere it must be an object's.
    json_mode: whether a setting asks for any JSON object as the answer, and if it demands that the prompt ("word"), or
    what comes behind the system's first words ("input"), has the word JSON.
    holds: whether a schema is within what a setting can hold an answer to.
    keepalive: bytes that may stand between two events, b"" where nothing may.
    gatherer: of a stream whose client asked for none; None where no host streams unasked.
    """

    name: FormatName
    paths: Mapping[Action, str]
    tap: TapRules
    peek: Callable[[bytes, Mapping[str, str]], Peek]
    rename: Callable[[bytes, str], bytes]
    decode_request: Callable[[bytes, Mapping[str, str]], Request]
    encode_request: Callable[[Request], Encoded]
    decoder: Callable[[], StreamDecoder]
    encoder: Callable[[EncoderOptions], StreamEncoder]
    decode_whole: Callable[[bytes], Response]
    encode_whole: Callable[[Response], bytes]
    decode_fault: Callable[[int, bytes], Fault]
    encode_fault: Callable[[Fault, str], bytes]
    fault_event: Callable[[Fault, bytes], bytes]
    require_portable: Callable[[Request], None]
    keepalive: bytes
    spelling: Spelling
    signatures: SignaturePlace
    verbs: Verbs | None = None
    custom_tools: bool = False
    streams_free_text: bool = True
    proven_thoughts: bool = False
    prefills: bool = False
    answers_values: bool = False
    json_mode: Literal["", "plain", "word", "input"] = ""
    holds: Callable[[dict[str, Any]], bool] = _any_schema
    counting: Counting | None = None
    gatherer: Callable[[], Gatherer] | None = None
