"""Anthropic's usage object and ours, both ways. Nothing is guessed: what was not told stays None.

Source: anthropic 2.12.0 `types/usage.py`, `types/message_delta_usage.py`; recorded streams; read 2026-11-21.
"""

from typing import Any

from fastproxy.ir.events import Usage

_MOST_TOKENS = 2**53  # a larger count is none: sums of a few must stay integers that JSON libraries can hold
_FIELDS = {
    "input_tokens": "input_tokens",
    "cache_read_input_tokens": "cached_tokens",
    "cache_creation_input_tokens": "cache_written_tokens",
    "output_tokens": "output_tokens",
}


def decode(told: dict[str, Any]) -> Usage | None:
    """The tokens of one usage object; None when it is no such object (a tool's input may be named "usage" too).

    Their rules are ours: input excludes both cache classes, output includes thinking.
    """
    counts = {ours: count for theirs, ours in _FIELDS.items() if (count := _count(told.get(theirs))) is not None}
    if not counts:
        return None
    details = told.get("output_tokens_details")
    thinking = _count(details.get("thinking_tokens")) if isinstance(details, dict) else None
    return Usage(**counts, reasoning_tokens=thinking, raw=told)


def encode(usage: Usage) -> dict[str, Any]:
    """The usage object of a message or a message_delta; the two counts the format demands are 0 when not told."""
    told: dict[str, Any] = {theirs: getattr(usage, ours) for theirs, ours in _FIELDS.items()}
    told["input_tokens"] = usage.input_tokens or 0
    told["output_tokens"] = usage.output_tokens or 0
    if usage.reasoning_tokens is not None:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return {name: count for name, count in told.items() if count is not None}


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None
