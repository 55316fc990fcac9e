"""OpenAI's usage object and our token classes, both ways. It counts nothing itself and invents no number.

OpenAI's input count includes what was read from and written to the cache; ours counts each class once. Both output
counts include reasoning. `Names` holds all that differs between Chat and Responses.
Source: openai 3.54.0, types/completion_usage.py and types/responses/response_usage.py; recorded traffic, 2026-11-21.
"""

from operator import attrgetter
from typing import Any

import msgspec

from fastproxy.ir.events import Usage


class Names(msgspec.Struct, frozen=True):
    """Where one of the two formats keeps each count."""

    input: str
    output: str
    input_details: str
    output_details: str


CHAT = Names("prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details")

_MOST_TOKENS = 2**53  # a larger count is none: sums of a few must stay integers that JSON libraries can hold
# Hosts that tell cached tokens beside the counts, in order: DeepSeek, Moonshot and Hugging Face, Mistral.
_CACHED_BESIDE_IN_ORDER = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")
_CACHED_BESIDE = frozenset(_CACHED_BESIDE_IN_ORDER)
_ALL = (CHAT.input, CHAT.output, "total_tokens")
_COUNTS = attrgetter("input_tokens", "cached_tokens", "cache_written_tokens", "output_tokens", "reasoning_tokens")
_UNTOLD = _COUNTS(Usage())


def decode(told: dict[str, object]) -> Usage | None:
    """A Chat usage object in our classes; None when it has neither count (a tool's input named "usage")."""
    return read(told, CHAT)


def counts(told: object) -> bool:
    """Whether a usage object counts anything: hosts that don't count at the end of a stream tell zeros there."""
    return isinstance(told, dict) and any(map(told.get, _ALL))


def encode(tokens: Usage) -> dict[str, Any] | None:
    """A Chat usage object that conserves every total; None when nothing was told."""
    return write(tokens, CHAT)


def read(told: dict[str, object], names: Names) -> Usage | None:
    """`told` in our classes. Missing, null and fractional fields count as not told."""
    whole_input, output = _count(told, names.input), _count(told, names.output)
    if whole_input is None and output is None:
        return None
    cached = written = reasoning = None
    if input_details := _details(told, names.input_details):
        cached = _count(input_details, "cached_tokens")
        written = _count(input_details, "cache_write_tokens")
    if cached is None and not _CACHED_BESIDE.isdisjoint(told):
        cached = next((_count(told, name) for name in _CACHED_BESIDE_IN_ORDER if name in told), None)
    if output_details := _details(told, names.output_details):
        reasoning = _count(output_details, "reasoning_tokens")
    return Usage(
        input_tokens=None if whole_input is None else max(0, whole_input - (cached or 0) - (written or 0)),
        cached_tokens=cached,
        cache_written_tokens=written,
        output_tokens=_with_reasoning(whole_input, output, reasoning, _count(told, "total_tokens")),
        reasoning_tokens=reasoning,
        raw=told,
    )


def write(tokens: Usage, names: Names) -> dict[str, Any] | None:
    """The format's object. Its counts are mandatory integers, so a class that was not told becomes 0."""
    if _COUNTS(tokens) == _UNTOLD:
        return None
    whole_input = (tokens.input_tokens or 0) + (tokens.cached_tokens or 0) + (tokens.cache_written_tokens or 0)
    output = tokens.output_tokens or 0
    return {
        names.input: whole_input,
        names.input_details: {
            "cached_tokens": tokens.cached_tokens or 0,
            "cache_write_tokens": tokens.cache_written_tokens or 0,
        },
        names.output: output,
        names.output_details: {"reasoning_tokens": tokens.reasoning_tokens or 0},
        "total_tokens": whole_input + output,
    }


def _with_reasoning(
    whole_input: int | None,
    output: int | None,
    reasoning: int | None,
    total: int | None,
) -> int | None:
    """The output, reasoning included. xAI leaves it out, as its total gives away: 291 + 26 + 196 = 513."""
    if output is None or not reasoning or total != (whole_input or 0) + output + reasoning:
        return output
    return output + reasoning


def _details(told: dict[str, object], name: str) -> dict[str, object]:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def _count(told: dict[str, object], name: str) -> int | None:
    value = told.get(name)
    if type(value) is float and value.is_integer():  # of hosts whose JSON library knows no other numbers
        value = int(value)
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None  # a bool is no count
