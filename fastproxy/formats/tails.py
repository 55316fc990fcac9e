"""The error that a stream leaves behind its last event when its host breaks off: bare JSON, which is no event.

Frameworks write what they would have answered as a body, though their stream has begun: `{"error": ...}` without a
field's name before it, often over many lines, by Google in an array. No client sees such lines. Looked for once, at the
end of a stream that has not told its own; never a success, and nothing but what the format reads as an error.
"""

import orjson

from fastproxy.errors import LONGEST_WAIT_SECONDS, STATUS, Fault
from fastproxy.formats.base import Format, TapRules
from fastproxy.formats.bounds import is_walkable
from fastproxy.formats.tap import TAIL_BYTES
from fastproxy.framing.sse import BLANK_LINE, behind_fields, unframed
from fastproxy.ir.events import Failed


def error_left(format_: Format, rest: bytes) -> Fault | None:
    """The error that `rest`, whatever stands behind the last event, is as a whole; None where it is none, or half one.

    Its kind, message and reason are those of an error event with the same words; the status is the one that it names,
    else its kind's, and its wait is known where it tells one.
    """
    text = _object(rest)
    if not text or not is_walkable(text):
        return None
    try:
        events = format_.decoder().decode(text)
    except Fault:
        return None
    failed = next((event for event in events if isinstance(event, Failed)), None)
    if failed is None:
        return None
    told = format_.decode_fault(_status(text) or STATUS[failed.kind], text)
    wait = told.retry_after_seconds
    return Fault(
        failed.kind,
        failed.message,
        status=told.status,
        retry_after_seconds=None if wait is None else min(wait, LONGEST_WAIT_SECONDS),
        param=told.param,
        reason=failed.reason,
    )


def error_behind(format_: Format, tail: bytes, rest: bytes) -> Fault | None:
    """The error that stands behind the last event of a stream. rest: what no blank line has ended yet.

    tail: the last bytes before it, at most TAIL_BYTES; where the error has blank lines in it or behind it, they hold
    its beginning.
    """
    gone = _behind_events(tail)
    told = error_left(format_, gone + rest) if unframed(gone) else None
    return error_left(format_, rest) if told is None else told


def ends_in_json(rules: TapRules, tail: bytes, rest: bytes, *, failed: bool) -> bool:
    """Whether what stands behind the last event is JSON, and no event has told an end, be it a bad one.

    tail and rest: as for `error_behind`. failed: whether an error has been seen, which may be that JSON.
    """
    behind = _behind_events(tail)
    if rules.last is not None and rules.last.search(tail.removesuffix(behind)):
        return False
    return bool(unframed(behind + rest)) and not (failed and not unframed(behind))


def _behind_events(tail: bytes) -> bytes:
    behind = behind_fields(tail)
    if len(behind) < len(tail) or len(tail) < TAIL_BYTES:
        return behind
    return BLANK_LINE.split(tail, maxsplit=1)[-1]  # they begin within a line


def _object(rest: bytes) -> bytes:
    """The text of the object, out of the array that may stand around it; b"" for anything else."""
    text = unframed(rest)
    if text.startswith(b"[") and text.endswith(b"]"):
        text = unframed(text[1:-1])  # of several elements it leaves no JSON
    return text if text.startswith(b"{") and text.endswith(b"}") else b""


def _status(text: bytes) -> int:
    """The HTTP status that the error names; 0 where it names none."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:  # half a surrogate pair: the decoder has mended it
        return 0
    error = told["error"] if isinstance(told.get("error"), dict) else told
    named = (error.get(name) for name in ("status_code", "code", "status"))
    return next((value for value in named if isinstance(value, int) and 400 <= value < 600), 0)
