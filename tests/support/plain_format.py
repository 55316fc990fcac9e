"""A format whose wire is the hub's own events as JSON: translation is tested with it, whatever the codecs do.

Never a model of a real format: it has no grammar beyond one event per server-sent event, and `[END]` after a good one.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import orjson

from fastproxy.errors import Fault
from fastproxy.formats.base import (
    Encoded,
    EncoderOptions,
    Format,
    FormatName,
    Peek,
    SignaturePlace,
    Spelling,
    TapRules,
)
from fastproxy.ir import events as hub
from fastproxy.ir.events import Event, Failed, Stop
from fastproxy.ir.fold import Response, fold, unfold
from fastproxy.ir.request import Request

_TYPES = {name: getattr(hub, name) for name in [kind.__name__ for kind in Event.__args__]}  # type: ignore[attr-defined]
END = b"data: [END]\n\n"


def line(event: Event) -> bytes:
    """One event as its server-sent event."""
    return b"data: %b\n\n" % _json(event)


def told(stream: bytes) -> list[Event]:
    """The events of a stream, without its end."""
    return [_event(data.removeprefix(b"data: ")) for data in stream.removesuffix(END).split(b"\n\n") if data]


def _json(event: Event) -> bytes:
    return orjson.dumps({"type": type(event).__name__, **msgspec.to_builtins(event)})


def _event(data: bytes) -> Event:
    fields = orjson.loads(data)
    return msgspec.convert(fields, _TYPES[fields.pop("type")])


class _Decoder:
    def __init__(self) -> None:
        self.finished = False

    def read_texts(self, data: list[bytes], first: int, events: list[Event]) -> int:
        return first

    def decode(self, data: bytes) -> list[Event]:
        if self.finished:
            return []
        try:
            event = _event(data)
        except orjson.JSONDecodeError:
            raise Fault("upstream_garbage", "not JSON") from None
        self.finished |= isinstance(event, Stop | Failed)
        return [event]

    def close(self) -> list[Event]:
        return [] if self.finished else [Failed("upstream_garbage", "no end")]


class _Encoder:
    def __init__(self, options: EncoderOptions) -> None:
        self._good = False
        self.failed = False

    def encode(self, event: Event) -> bytes:
        self._good |= isinstance(event, Stop)
        return line(event)

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join(map(self.encode, events))

    def close(self) -> bytes:
        return END if self._good else b""


def _whole(response: Response) -> bytes:
    return b"[%b]" % b",".join(map(_json, unfold(response)))


def _response(body: bytes) -> Response:
    try:
        return fold([_event(orjson.dumps(fields)) for fields in orjson.loads(body)])
    except orjson.JSONDecodeError:
        raise Fault("upstream_garbage", "not JSON") from None


def _decode_fault(status: int, body: bytes) -> Fault:
    error = orjson.loads(body)
    return Fault(
        "rate_limited" if status == 429 else "bad_request",
        error.get("message", "?"),
        status=status,
        reason=error.get("reason", ""),
        retry_after_seconds=error.get("wait"),
    )


def plain_format(
    name: FormatName = "gemini", *, custom_tools: bool = True, spelling: str = r"[A-Za-z0-9_-]{1,64}", **others: Any
) -> Format:
    """The format under one of the names that formats may have."""
    allowed = re.compile(spelling)
    never: Callable[..., Any] = lambda *_: None  # noqa: E731
    fields: dict[str, Any] = {
        "name": name,
        "paths": {},
        "tap": TapRules(b"", b"", allowed_bytes := re.compile(rb"x"), allowed_bytes, allowed_bytes, never),
        "peek": lambda *_: Peek("m", stream=True),
        "rename": never,
        "decode_request": never,
        "encode_request": _encode_request,
        "decoder": _Decoder,
        "encoder": _Encoder,
        "decode_whole": _response,
        "encode_whole": _whole,
        "decode_fault": _decode_fault,
        "encode_fault": never,
        "fault_event": never,
        "require_portable": never,
        "keepalive": b"",
        "spelling": Spelling(allowed, allowed),
        "signatures": SignaturePlace("messages", "parts", ("signature",)),
        "custom_tools": custom_tools,
    }
    return Format(**fields | others)


def _encode_request(request: Request) -> Encoded:
    return Encoded(msgspec.json.encode(request), (), tuple(request.extras))
