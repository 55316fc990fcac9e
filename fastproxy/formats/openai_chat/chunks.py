"""Careful looks into one chunk of a Chat stream: hosts break every rule, so nothing here trusts a type.

Pure functions of what came; it keeps nothing between chunks, and tells no event but the first.
Source: recorded streams of nine hosts; vLLM's errors; for Groq's, which come beside choices and with a [DONE] behind
them, github.com/groq/groq-python, types/chat/chat_completion_chunk.py (XGroq.error); 2026-11-21.
"""

from typing import Any

import msgspec
import orjson

from fastproxy.errors import Fault
from fastproxy.formats.body import without_lone_surrogates
from fastproxy.formats.openai_chat.choices import together
from fastproxy.ir.events import Start

Object = dict[str, Any]

_FAR_FUTURE = 1 << 40  # in epoch seconds; a larger number is no time, and may be too large to be written again


def mended(data: bytes) -> Any:
    """The value of what orjson refuses: half a surrogate pair is the one mistake that can be mended.

    Raises: Fault(upstream_garbage).
    """
    try:
        return orjson.loads(without_lone_surrogates(data))
    except (orjson.JSONDecodeError, Fault):
        raise Fault("upstream_garbage", "the upstream sent an event that is not JSON") from None


def first(choices: object) -> Object | None:
    """The choice with index 0, or without any."""
    if type(choices) is not list:
        return None
    for choice in choices:
        if type(choice) is dict and not choice.get("index"):
            return choice if len(choices) == 1 else together(choice, choices)
    return None


def objects(value: object) -> list[Object]:
    """The objects of a list; [] for anything else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def start(chunk: Object) -> Start:
    """The Start that a chunk amounts to, whatever of it was told."""
    id_, model, created = chunk.get("id"), chunk.get("model"), chunk.get("created")
    return Start(
        id_ if isinstance(id_, str) else "",
        model if isinstance(model, str) else "",
        int(created) if isinstance(created, int | float) and 0 <= created < _FAR_FUTURE else 0,
    )


def error(chunk: Object) -> object:
    """The error that a chunk tells; a falsy value for none. One with choices has it in its place, or in Groq's.

    Without choices it may be the whole of it, without an envelope: vLLM's, and some hosts' `event: error`.
    """
    groq = chunk.get("x_groq")
    if told := chunk.get("error") or (isinstance(groq, dict) and groq.get("error")):
        return told
    is_bare = chunk.get("object") == "error" or isinstance(chunk.get("message"), str)
    return chunk if is_bare and chunk.get("choices") is None else None


def has_object(entry: object) -> bool:
    """Whether a call has its arguments as an object, where Chat has the text of one."""
    function = entry.get("function") if isinstance(entry, dict) else None
    return isinstance(function, dict) and isinstance(function.get("arguments"), dict | list)


def exact_calls(data: bytes) -> list[Any] | None:
    """The calls of a chunk with every integer as large as it came: orjson would make floats of the largest."""
    try:
        choice = first(msgspec.json.decode(data)["choices"]) or {}
    except msgspec.DecodeError:
        return None
    delta = choice.get("delta")
    calls = ((numbered(choice.get("message")) if delta is None else delta) or {}).get("tool_calls")
    return calls if isinstance(calls, list) else None


def numbered(message: Any) -> Any:
    """A whole message, its calls numbered: each entry is a call of its own, even where a host gives two one id."""
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    if not isinstance(calls, list):
        return message
    numbered = [entry | {"index": at} if isinstance(entry, dict) else entry for at, entry in enumerate(calls)]
    return message | {"tool_calls": numbered}
