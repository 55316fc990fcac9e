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
from fastproxy.formats.body import Raws, without_lone_surrogates
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


_NO_INPUT = (msgspec.Raw(b"{}"), msgspec.Raw(b"null"))
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
        told = _decoded(raws)
        arguments = verbatim(bytes(raws["input"]), body, mended) if "input" in raws and "input" not in told else ""
        events += [*blocks.start(index, told, arguments), *blocks.end(index)]
    return events, blocks.calls


def _decoded(raws: Raws) -> dict[str, Any]:
    """The values of a block; an `input` that says something is left out. Raises: Fault(upstream_garbage).

    The text of an input is what counts, also where no decoder takes it: 1e400 is legal JSON.
    """
    told = {key: raw for key, raw in raws.items() if key != "input" or raw in _NO_INPUT}
    try:
        return {key: msgspec.json.decode(raw) for key, raw in told.items()}
    except msgspec.DecodeError:
        raise Fault("upstream_garbage", "the upstream's answer has a number that can't be read") from None
