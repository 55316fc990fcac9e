"""How many tokens an answer says it cost, read from its JSON: the oracle for what the relay records.

Each class counted once: input excludes both cache classes, output includes reasoning.
Source: OpenAI, Anthropic and Google API references on usage objects, read 2026-11-21.
"""

from typing import Any

import msgspec

from support import sse
from support.exchange import Exchange

# Where hosts that imitate OpenAI put what it calls prompt_tokens_details.cached_tokens: Moonshot, Mistral, DeepSeek.
_CACHED_ELSEWHERE = ("cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens")


class Tokens(msgspec.Struct, frozen=True):
    """Sums as GET /v1/usage tells them: what is unknown adds nothing."""

    input_tokens: int = 0
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


def told(exchange: Exchange) -> Tokens | None:
    """The tokens the answer tells; None when it tells none."""
    objects = sse.objects(exchange.answer)
    return _READERS[exchange.format]([value for value in objects if isinstance(value, dict)])


def _chat(objects: list[dict[str, Any]]) -> Tokens | None:
    usages = [value.get("usage") or (value.get("x_groq") or {}).get("usage") for value in objects]
    return _openai([usage for usage in usages if usage], "prompt", "completion")


def _responses(objects: list[dict[str, Any]]) -> Tokens | None:
    usages = [(value.get("response") or value).get("usage") for value in objects]
    return _openai([usage for usage in usages if usage], "input", "output")


def _openai(usages: list[dict[str, Any]], asked: str, given: str) -> Tokens | None:
    if not usages:
        return None
    usage = usages[-1]
    input_details = usage.get(f"{asked}_tokens_details") or {}
    output_details = usage.get(f"{given}_tokens_details") or {}
    cached = next(
        (told for told in (input_details.get("cached_tokens"), *map(usage.get, _CACHED_ELSEWHERE)) if told), 0
    )
    written = input_details.get("cache_write_tokens") or 0
    total, reasoning = usage.get("total_tokens"), output_details.get("reasoning_tokens") or 0
    input_tokens, output = usage[f"{asked}_tokens"], usage[f"{given}_tokens"]
    if reasoning and total == input_tokens + output + reasoning:  # xAI counts reasoning beside the completion
        output += reasoning
    return Tokens(input_tokens - cached - written, cached, written, output, reasoning)


def _anthropic(objects: list[dict[str, Any]]) -> Tokens | None:
    usage: dict[str, Any] = {}
    for value in objects:
        piece = value.get("usage") or (value.get("message") or {}).get("usage") or {}
        usage |= {key: field for key, field in piece.items() if field is not None}
    if not usage:
        return None
    details = usage.get("output_tokens_details") or {}
    return Tokens(
        usage.get("input_tokens", 0),
        usage.get("cache_read_input_tokens", 0),
        usage.get("cache_creation_input_tokens", 0),
        usage.get("output_tokens", 0),
        details.get("thinking_tokens", 0),
    )


def _gemini(objects: list[dict[str, Any]]) -> Tokens | None:
    usages = [value.get("usageMetadata") or {} for value in objects]
    usages = [usage for usage in usages if "promptTokenCount" in usage]  # Vertex may send traffic facts and no tokens
    if not usages:
        return None
    usage = usages[-1]
    cached = usage.get("cachedContentTokenCount", 0)
    thoughts = usage.get("thoughtsTokenCount", 0)
    return Tokens(
        usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0) - cached,
        cached,
        0,
        usage.get("candidatesTokenCount", 0) + thoughts,
        thoughts,
    )


_READERS = {"openai-chat": _chat, "openai-responses": _responses, "anthropic": _anthropic, "gemini": _gemini}
