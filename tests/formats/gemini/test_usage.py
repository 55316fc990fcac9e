"""Gemini's usageMetadata and ours."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.gemini.usage import decode, encode
from fastproxy.ir.events import Usage
from laws.event_lists import usages

_counts = st.integers(0, 10**9)


def total(usage: Usage) -> int:
    counts = (usage.input_tokens, usage.cached_tokens, usage.cache_written_tokens, usage.output_tokens)
    return sum(count or 0 for count in counts)


def test_cached_is_taken_out_of_the_prompt_and_thoughts_are_put_into_the_output() -> None:
    told = {
        "promptTokenCount": 427,
        "cachedContentTokenCount": 27,
        "candidatesTokenCount": 122,
        "thoughtsTokenCount": 447,
        "toolUsePromptTokenCount": 771,
        "totalTokenCount": 1767,
    }
    assert decode(told) == Usage(400 + 771, 27, None, 122 + 447, 447, told)


def test_a_count_left_out_beside_others_is_zero() -> None:
    told = {"promptTokenCount": 15, "totalTokenCount": 15}
    assert decode(told) == Usage(15, 0, None, 0, 0, told)


def test_both_spellings_are_read() -> None:
    told = {"prompt_token_count": 5, "thoughts_token_count": 4, "traffic_type": 1}
    assert decode(told) == Usage(5, 0, None, 4, 4, told)


@pytest.mark.parametrize(
    "other",
    [{}, {"trafficType": "ON_DEMAND"}, {"promptTokenCount": "5"}, {"promptTokenCount": True}, {"promptTokenCount": -1}],
)
def test_an_object_that_tells_no_count_is_nothing(other: dict[str, Any]) -> None:
    assert decode(other) is None


def test_more_cached_than_prompted_never_makes_a_negative_count() -> None:
    usage = decode({"promptTokenCount": 3, "cachedContentTokenCount": 5})
    assert usage is not None
    assert usage.input_tokens == 0


@given(_counts, _counts, _counts, _counts, _counts)
def test_decoding_conserves_the_total(prompt: int, cached: int, tools: int, output: int, thoughts: int) -> None:
    usage = decode(
        {
            "promptTokenCount": prompt + cached,
            "cachedContentTokenCount": cached,
            "toolUsePromptTokenCount": tools,
            "candidatesTokenCount": output,
            "thoughtsTokenCount": thoughts,
        }
    )
    assert usage is not None
    assert total(usage) == prompt + cached + tools + output + thoughts


@given(usages)
def test_encoding_conserves_the_total_and_the_cached_share(usage: Usage) -> None:
    told = encode(usage)
    if not told:
        assert total(usage) == 0
        return
    back = decode(told)
    assert back is not None
    assert told["totalTokenCount"] == total(usage) == total(back)
    assert back.cached_tokens == (usage.cached_tokens or 0)
    assert back.output_tokens == (usage.output_tokens or 0)


def test_a_count_beyond_all_measure_is_none() -> None:
    told = decode({"promptTokenCount": 10**30, "candidatesTokenCount": 7})
    assert told is not None
    assert (told.input_tokens, told.output_tokens) == (0, 7)
