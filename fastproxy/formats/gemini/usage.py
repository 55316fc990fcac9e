"""Gemini's usageMetadata and ours, both ways, with equal totals.

Their rules differ: the prompt includes what was cached, candidates exclude thoughts, tool prompts stand apart, and
proto3 JSON leaves out every count that is 0.
Source: google-genai 3.4.0 `types.GenerateContentResponseUsageMetadata`; recorded answers; read 2026-11-21.
"""

from typing import Any

from fastproxy.ir.events import Usage

_MOST_TOKENS = 2**53  # a larger count is none: sums of a few must stay integers that JSON libraries can hold
_PROMPT = ("promptTokenCount", "prompt_token_count")
_TOOLS = ("toolUsePromptTokenCount", "tool_use_prompt_token_count")
_CACHED = ("cachedContentTokenCount", "cached_content_token_count")
_OUTPUT = ("candidatesTokenCount", "candidates_token_count")
_THOUGHTS = ("thoughtsTokenCount", "thoughts_token_count")
_COUNTS = frozenset({name for names in (_PROMPT, _TOOLS, _CACHED, _OUTPUT, _THOUGHTS) for name in names})
_UNCOUNTED = [None] * 5
_UNTOLD = (None,) * 4  # none of prompt, cached, written, output
_ALWAYS = frozenset({"promptTokenCount", "candidatesTokenCount", "totalTokenCount"})


def decode(told: dict[str, Any]) -> Usage | None:
    """The tokens of one usageMetadata object; None when it holds no count (Vertex opens with only a trafficType).

    A count left out beside others is 0: each object stands for the whole response so far.
    """
    counts = [_count(told, names) for names in (_PROMPT, _TOOLS, _CACHED, _OUTPUT, _THOUGHTS)]
    if counts == _UNCOUNTED:
        return None
    prompt, tools, cached, output, thoughts = [count or 0 for count in counts]
    return Usage(
        input_tokens=max(prompt - cached, 0) + tools,
        cached_tokens=cached,
        output_tokens=output + thoughts,
        reasoning_tokens=thoughts,
        raw=told,
    )


def counts(told: dict[str, Any]) -> bool:
    """Whether a usageMetadata object names any count."""
    return not _COUNTS.isdisjoint(told)


def encode(usage: Usage) -> dict[str, int]:
    """The usageMetadata object; {} when nothing was told. Cache writes, which Gemini has no word for, are prompt."""
    told = (usage.input_tokens, usage.cached_tokens, usage.cache_written_tokens, usage.output_tokens)
    if told == _UNTOLD:
        return {}
    fresh, cached, written, output = (count or 0 for count in told)
    thoughts = min(usage.reasoning_tokens or 0, output)
    counts = {
        "promptTokenCount": fresh + cached + written,
        "cachedContentTokenCount": cached,
        "candidatesTokenCount": output - thoughts,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": fresh + cached + written + output,
    }
    return {name: count for name, count in counts.items() if count or name in _ALWAYS}


def _count(told: dict[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = told.get(name)
        if type(value) is int and 0 <= value <= _MOST_TOKENS:
            return value
    return None
