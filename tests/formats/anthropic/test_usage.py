"""Anthropic's usage object and ours."""

from typing import Any

import pytest
from hypothesis import given

from fastproxy.formats.anthropic.usage import decode, encode
from fastproxy.ir.events import Usage
from laws.event_lists import usages


def test_their_rules_are_ours_and_nothing_is_added_up() -> None:
    told = {
        "input_tokens": 4,
        "cache_read_input_tokens": 14714,
        "cache_creation_input_tokens": 379,
        "output_tokens": 290,
        "output_tokens_details": {"thinking_tokens": 19},
    }
    assert decode(told) == Usage(4, 14714, 379, 290, 19, told)


def test_what_a_message_delta_does_not_tell_stays_unknown() -> None:
    assert decode({"output_tokens": 201}) == Usage(output_tokens=201, raw={"output_tokens": 201})


@pytest.mark.parametrize(
    "other", [{}, {"input_tokens": "4"}, {"input_tokens": True}, {"output_tokens": -1}, {"tokens": 4}]
)
def test_an_object_that_is_no_usage_is_nothing(other: dict[str, Any]) -> None:
    assert decode(other) is None


@given(usages)
def test_our_counts_survive_the_way_there_and_back(usage: Usage) -> None:
    there = encode(usage)
    back = decode(there)
    assert back is not None
    for name in ("cached_tokens", "cache_written_tokens", "reasoning_tokens"):
        assert getattr(back, name) == getattr(usage, name)
    assert (back.input_tokens, back.output_tokens) == (usage.input_tokens or 0, usage.output_tokens or 0)


def test_a_count_beyond_all_measure_is_none() -> None:
    assert decode({"input_tokens": 10**30, "output_tokens": 7}).output_tokens == 7
    assert decode({"input_tokens": 10**30}) is None
