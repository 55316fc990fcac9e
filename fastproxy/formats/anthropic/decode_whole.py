"""One Anthropic message to a folded response: what `decode_stream` makes of the same answer streamed, folded.

Never re-serialises a call's input: it is cut out of the body as it stands there.
Source: anthropic 2.12.0 `types/message.py`; recorded answers; read 2026-11-21.
"""

from typing import Any

import msgspec

from fastproxy.errors import Fault
from fastproxy.formats.anthropic import usage
from fastproxy.formats.anthropic.blocks import Blocks
from fastproxy.formats.anthropic.faults import decode_failed
from fastproxy.formats.anthropic.stops import decode_stop
from fastproxy.formats.anthropic.verbatim import verbatim
from fastproxy.formats.body import without_lone_surrogates
from fastproxy.ir.events import Event, Start, Usage
from fastproxy.ir.fold import Response, fold


class _Message(msgspec.Struct):
    id: str | None = ""
    model: str | None = ""
    content: list[dict[str, msgspec.Raw]] | str | None = None
    stop_reason: Any = None
    stop_sequence: Any = None
    usage: Any = None
    error: Any = msgspec.UNSET


_MESSAGE = msgspec.json.Decoder(_Message)


def decode_whole(body: bytes) -> Response:
    """The response. Raises: Fault of the upstream's own error, or Fault(upstream_garbage) for what is no message."""
    try:
        mended = without_lone_surrogates(body)
        message = _MESSAGE.decode(mended)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, Fault):
        raise Fault("upstream_garbage", "the upstream's answer is not an Anthropic message") from None
    if message.error is not msgspec.UNSET and message.error is not None:
        failed = decode_failed({"error": message.error})
        raise Fault(failed.kind, failed.message, reason=failed.reason)
    if message.content is None:
        raise Fault("upstream_garbage", "the upstream's answer has no content")
    events, calls = _content(message.content, body, mended)
    told = usage.decode(message.usage) if isinstance(message.usage, dict) else None
    stop = decode_stop(message.stop_reason, message.stop_sequence, has_calls=calls > 0)
    return fold([Start(message.id or "", message.model or "", 0), *events, told or Usage(), stop])


def _content(content: list[dict[str, msgspec.Raw]] | str, body: bytes, mended: bytes) -> tuple[list[Event], int]:
    blocks = Blocks()
    if isinstance(content, str):
        return [*blocks.start(0, {"type": "text", "text": content}, ""), *blocks.end(0)], 0
    events: list[Event] = []
    for index, raws in enumerate(content):
        told = {key: msgspec.json.decode(raw) for key, raw in raws.items()}
        arguments = verbatim(bytes(raws["input"]), body, mended) if told.get("input") else ""
        events += [*blocks.start(index, told, arguments), *blocks.end(index)]
    return events, blocks.calls
