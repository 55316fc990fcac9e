"""Chat's usage object and our classes: no token lost, none counted twice."""

from typing import Any

import pytest
from hypothesis import given
from openai.types import CompletionUsage

from fastproxy.formats.openai_chat.usage import decode, encode
from fastproxy.ir.events import Usage
from laws.event_lists import usages


def counts(usage: Usage | None) -> tuple[int | None, ...] | None:
    if usage is None:
        return None
    return (
        usage.input_tokens,
        usage.cached_tokens,
        usage.cache_written_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}, (9, None, None, 5, None)),
        (
            {
                "prompt_tokens": 12,
                "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 2, "audio_tokens": 0},
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            (9, 1, 2, 5, 3),
        ),
        ({"prompt_tokens": 9, "prompt_tokens_details": None, "completion_tokens": None}, (9, None, None, None, None)),
        (
            {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": None}},
            (None, None, None, 5, None),
        ),
        ({"prompt_tokens": 0, "completion_tokens": 0}, (0, None, None, 0, None)),
        (
            {
                "prompt_tokens": 9.0,
                "prompt_tokens_details": {"cached_tokens": 4.0},
                "completion_tokens": 5.0,
                "completion_tokens_details": {"reasoning_tokens": 2.5},
            },
            (5, 4, None, 5, None),
        ),
    ],
)
def test_openais_object(told: dict[str, Any], read: tuple[int | None, ...]) -> None:
    assert counts(decode(told)) == read


@pytest.mark.parametrize("name", ["prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens"])
def test_hosts_that_tell_cached_tokens_beside_the_counts(name: str) -> None:
    assert counts(decode({"prompt_tokens": 9, "completion_tokens": 5, name: 4})) == (5, 4, None, 5, None)


def test_openais_own_place_wins_over_the_others() -> None:
    told = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 2}, "cached_tokens": 7}
    assert counts(decode(told)) == (7, 2, None, None, None)


def test_a_host_that_leaves_reasoning_out_of_its_output_is_told_by_its_total() -> None:
    told = {"prompt_tokens": 100, "completion_tokens": 26, "completion_tokens_details": {"reasoning_tokens": 196}}
    assert counts(decode(told | {"total_tokens": 322})) == (100, None, None, 222, 196)
    assert counts(decode(told | {"total_tokens": 126})) == (100, None, None, 26, 196)


def test_more_cached_than_sent_never_makes_a_negative_count() -> None:
    told = {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens": 1}
    assert counts(decode(told)) == (0, 5, None, 1, None)


@pytest.mark.parametrize(
    "other",
    [{}, {"city": "Berlin"}, {"prompt_tokens": "9"}, {"prompt_tokens": True}, {"completion_tokens": 1.5}, {"x": {}}],
)
def test_an_object_of_another_kind_is_no_usage(other: dict[str, Any]) -> None:
    assert decode(other) is None


def test_the_hosts_own_object_stays_at_hand() -> None:
    told = {"prompt_tokens": 9, "completion_tokens": 5, "cost": 0.25}
    read = decode(told)
    assert read is not None
    assert read.raw == told


@given(usages)
def test_what_is_written_conserves_every_class(usage: Usage) -> None:
    written = encode(usage)
    if written is None:
        assert set(counts(usage) or ()) == {None}
        return
    CompletionUsage.model_validate(written, strict=True)
    assert written["total_tokens"] == written["prompt_tokens"] + written["completion_tokens"]
    # A total that includes reasoning twice would be taken for a host's that leaves it out; ours never does.
    assert counts(decode(written)) == tuple(count or 0 for count in counts(usage) or ())


def test_a_count_beyond_all_measure_is_none() -> None:
    for count in (10**30, 1e30, -1, -1.0, float("inf"), float("nan")):
        told: dict[str, Any] = {"prompt_tokens": count, "completion_tokens": 7}
        assert counts(decode(told)) == (None, None, None, 7, None)


def test_counts_that_came_as_fractions_are_written_as_integers() -> None:
    told: dict[str, Any] = {"prompt_tokens": 9.0, "completion_tokens": 5.0}
    read = decode(told)
    assert read is not None
    CompletionUsage.model_validate(encode(read), strict=True)
