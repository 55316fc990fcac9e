"""The same answer as other hosts would send it: within what real traffic shows, and saying the same.

Every habit here was seen in a recording or is named in the wire format notes (1.1, 3, 7). No randomness: the caller
chooses the habits.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from support import sse
from support.exchange import Format

Event = tuple[str, str]  # name and data
Habit = Callable[[Format, bytes], bytes]

_OPTIONAL: Mapping[Format, frozenset[str]] = {
    "openai-chat": frozenset(("id", "object", "created", "system_fingerprint", "service_tier", "logprobs", "role")),
    "openai-responses": frozenset(
        ("sequence_number", "logprobs", "obfuscation", "created_at", "object", "annotations")
    ),
    "anthropic": frozenset(("stop_sequence", "service_tier", "inference_geo", "role", "cache_creation")),
    "gemini": frozenset(("responseId", "createTime", "modelVersion", "role", "promptTokensDetails", "safetyRatings")),
}
# By a key that marks the object, the optional keys that some hosts write as null there.
_NULLS: Mapping[Format, Mapping[str, tuple[str, ...]]] = {
    "openai-chat": {
        "delta": ("logprobs", "finish_reason", "stop_reason"),
        "message": ("logprobs", "stop_reason"),
        "choices": ("usage", "service_tier", "system_fingerprint", "error"),
        "function": ("custom",),
        "prompt_tokens": ("prompt_tokens_details", "completion_tokens_details"),
    },
    "openai-responses": {
        "output": ("incomplete_details", "error", "usage", "reasoning", "text"),
        "call_id": ("namespace", "status"),
        "summary": ("encrypted_content", "status", "content"),
        "input_tokens": ("input_tokens_details", "output_tokens_details"),
    },
    "anthropic": {
        "stop_reason": ("stop_sequence", "stop_details", "container"),
        "input_tokens": ("cache_creation_input_tokens", "cache_read_input_tokens", "server_tool_use"),
        "text": ("citations",),
        "delta": ("usage", "context_management"),
    },
    "gemini": {
        "parts": ("role",),
        "content": ("finishReason", "citationMetadata", "groundingMetadata", "safetyRatings", "tokenCount"),
        "candidates": ("promptFeedback", "usageMetadata", "createTime"),
        "promptTokenCount": ("cachedContentTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount"),
        "functionCall": ("thoughtSignature", "text", "inlineData"),
    },
}
_NULL_DELTA = ("content", "refusal", "reasoning_content", "tool_calls", "function_call", "audio")
_OF_TOMORROW: Mapping[Format, Event] = {
    "openai-chat": ("", '{"id":"x","object":"chat.completion.chunk.of.tomorrow","choices":[],"x_host":{"a":[1]}}'),
    "openai-responses": ("response.of.tomorrow", '{"type":"response.of.tomorrow","text":"not said","item":{"a":1}}'),
    "anthropic": ("tomorrow", '{"type":"tomorrow","text":"not said","delta":{"type":"later_delta"}}'),
    "gemini": ("", '{"x_host":{"a":[1]}}'),
}


def _rewritten(change: Callable[[Any], Any]) -> Habit:
    """A habit that changes the JSON of every event; arguments in strings keep their bytes."""

    def habit(format_: Format, stream: bytes) -> bytes:
        return framed([(name, _changed(data, change)) for name, data in sse.events(stream)])

    return habit


def _changed(data: str, change: Callable[[Any], Any]) -> str:
    return data if data.strip() == "[DONE]" else orjson.dumps(change(orjson.loads(data))).decode()


def framed(events: list[Event]) -> bytes:
    return b"".join(_framed(name, data) for name, data in events)


def _framed(name: str, data: str, colon: str = ": ", before: str = "") -> bytes:
    head = f"event{colon}{name}\n" if name else ""
    lines = "".join(f"data{colon}{line}\n" for line in data.split("\n"))
    return f"{before}{head}{lines}\n".encode()


def reordered(format_: Format, stream: bytes) -> bytes:
    """Keys the other way round, as hosts that sort or hash them do."""
    return _rewritten(_backwards)(format_, stream)


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: inner if key in _VERBATIM else _backwards(inner) for key, inner in reversed(value.items())}
    return [_backwards(inner) for inner in value] if isinstance(value, list) else value


_VERBATIM = frozenset(("args", "input"))  # objects whose order is the model's own


def without_optional(format_: Format, stream: bytes) -> bytes:
    """Fields left out that hosts leave out: ids, objects, numbers, roles."""
    optional = _OPTIONAL[format_]

    def less(value: Any, depth: int = 0) -> Any:
        if isinstance(value, dict):
            held = {k: less(v, depth + 1) for k, v in value.items() if k not in optional or (k == "id" and depth > 0)}
            return {k: value[k] if k in _VERBATIM else v for k, v in held.items()}
        return [less(inner, depth + 1) for inner in value] if isinstance(value, list) else value

    return _rewritten(less)(format_, stream)


def with_nulls(format_: Format, stream: bytes) -> bytes:
    """Optional fields written as null instead of left out."""
    marks = _NULLS[format_]

    def more(value: Any) -> Any:
        if isinstance(value, list):
            return [more(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        told = {key: inner if key in _VERBATIM else more(inner) for key, inner in value.items()}
        for mark in marks.keys() & told.keys():
            told |= {key: None for key in marks[mark] if key not in told}
        if format_ == "openai-chat" and isinstance(told.get("delta"), dict):
            told["delta"] |= {key: None for key in _NULL_DELTA if key not in told["delta"]}
        return told

    return _rewritten(more)(format_, stream)


def with_events_of_tomorrow(format_: Format, stream: bytes) -> bytes:
    """Events of a kind that does not exist yet, after every one before the last two."""
    events = sse.events(stream)
    before = [told for event in events[:-2] for told in (event, _OF_TOMORROW[format_])]
    return framed([*before, *events[-2:]])


def with_crlf(format_: Format, stream: bytes) -> bytes:
    return framed(sse.events(stream)).replace(b"\n", b"\r\n")


def with_cr(format_: Format, stream: bytes) -> bytes:
    return framed(sse.events(stream)).replace(b"\n", b"\r")


def with_comments(format_: Format, stream: bytes) -> bytes:
    """Comments, ids and waits between the lines, as some gateways put them there."""
    between = ": keepalive\nid: 7\nretry: 10\n"
    return b": hello\n\n" + b"".join(_framed(*event, before=between) for event in sse.events(stream))


def without_names(format_: Format, stream: bytes) -> bytes:
    """No `event:` lines: the data says what it is."""
    return framed([("", data) for _, data in sse.events(stream)])


def with_names(format_: Format, stream: bytes) -> bytes:
    return framed([(name or "message", data) for name, data in sse.events(stream)])


def without_space(format_: Format, stream: bytes) -> bytes:
    """No space after the colons."""
    return b"".join(_framed(*event, colon=":") for event in sse.events(stream))


def with_bom(format_: Format, stream: bytes) -> bytes:
    return b"\xef\xbb\xbf" + framed(sse.events(stream))


def without_last_blank_line(format_: Format, stream: bytes) -> bytes:
    return framed(sse.events(stream)).rstrip(b"\n")


def with_done(format_: Format, stream: bytes) -> bytes:
    """A [DONE] at the end, which OpenRouter puts after Responses streams too."""
    return framed([*(event for event in sse.events(stream) if event[1] != "[DONE]"), ("", "[DONE]")])


IN_JSON: tuple[Habit, ...] = (reordered, without_optional, with_nulls, with_events_of_tomorrow)
IN_FRAMING: tuple[Habit, ...] = (
    with_crlf, with_cr, with_comments, without_names, with_names, without_space, with_bom, without_last_blank_line,
    with_done,
)  # fmt: skip
