"""Reasoning in the dialects of Chat hosts, and the way back to each."""

from typing import Any

import orjson
import pytest

from fastproxy.formats.openai_chat.thoughts import (
    Thought,
    as_it_came,
    details_again,
    entry,
    google_signature,
    parts_of,
    string_of,
    thinking_text,
    thoughts,
)
from fastproxy.ir.request import ReasoningPart

SIGNED = {"type": "reasoning.text", "text": "hm", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0}
SEALED = {"type": "reasoning.encrypted", "data": "gAAA", "id": "rs_1", "format": "openai-responses-v1", "index": 0}


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "reasoning_text"])
def test_the_string_has_three_names(key: str) -> None:
    assert string_of({"content": "x", key: "hm"}) == "hm"


def test_two_strings_are_one_thought() -> None:
    assert string_of({"reasoning": "hm", "reasoning_content": "hm"}) == "hm"


@pytest.mark.parametrize(
    "holder", [{}, {"reasoning": None}, {"reasoning": {"effort": "low"}}, {"reasoning_content": 7}]
)
def test_anything_else_is_no_thought(holder: dict[str, Any]) -> None:
    assert string_of(holder) == ""


@pytest.mark.parametrize("details", [None, "x", [7], [{}], [{"type": "reasoning.text"}], [{"type": ["x"]}], {}])
def test_details_that_say_nothing_are_none(details: object) -> None:
    assert thoughts(details) == []


@pytest.mark.parametrize("told", [SIGNED, SEALED])
def test_a_hosts_entry_comes_back_as_it_came(told: dict[str, Any]) -> None:
    (thought,) = thoughts([told])
    kept = as_it_came(ReasoningPart(thought.text, thought.signature))
    assert kept is not None
    assert list(details_again(kept, thought.text)) == [told]


def test_a_summary_beside_its_encrypted_thought_comes_back_as_one() -> None:
    kept = as_it_came(ReasoningPart("in short", orjson.dumps(SEALED).decode()))
    assert kept is not None
    summary = {"type": "reasoning.summary", "summary": "in short", "format": "openai-responses-v1", "index": 0}
    assert list(details_again(kept, "in short")) == [summary, SEALED]


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "EqQB",
        "{half",
        "{}",
        '{"a":1}',
        '{"type":[]}',
        '{"type":{}}',
        '{"type":"x","a":' + "[" * 500 + "]" * 500 + "}",
    ],
)
def test_a_signature_of_another_make_is_none_of_ours(signature: str | None) -> None:
    assert as_it_came(ReasoningPart("", signature)) is None


def test_our_own_entries_cut_the_string_up_again() -> None:
    message = {"reasoning_content": "onetwo!", "reasoning_details": [entry(0, "s1", 3), entry(1, "s2", 3)]}
    assert list(parts_of(message)) == [ReasoningPart("one", "s1"), ReasoningPart("two", "s2"), ReasoningPart("!")]


def test_a_client_that_lost_the_count_gives_the_string_to_the_first_signature() -> None:
    entries = [{key: value for key, value in entry(n, f"s{n}", 3).items() if key != "characters"} for n in range(2)]
    message = {"reasoning_content": "onetwo", "reasoning_details": entries}
    assert list(parts_of(message)) == [ReasoningPart("onetwo", "s0"), ReasoningPart("", "s1")]


def test_a_host_that_tells_a_thought_twice_is_heard_once() -> None:
    (part,) = parts_of({"reasoning": "hm", "reasoning_details": [SIGNED]})
    assert part.text == "hm"
    (part,) = parts_of({"reasoning": "hm", "reasoning_details": [SEALED]})
    assert part.text == "hm"


def test_our_entry_without_data_says_nothing() -> None:
    assert thoughts([entry(0, "", 3)]) == []
    assert thoughts([entry(0, "s", -3)]) == [Thought("", "s")]


@pytest.mark.parametrize("holder", [{}, {"extra_content": 7}, {"extra_content": {"google": {"thought": True}}}])
def test_google_has_a_signature_only_where_there_is_one(holder: dict[str, Any]) -> None:
    assert google_signature(holder) is None


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"thinking": "a"}, "a"),
        ({"thinking": [{"text": "a"}, {"text": "b"}, 7, {"x": 1}]}, "ab"),
        ({"type": "thinking", "thinking": "a", "summary": "b"}, "a"),
        ({"type": "reasoning", "summary": [{"type": "summary_text", "text": "a"}, {"text": "b"}]}, "ab"),
        ({"type": "reasoning", "summary": []}, ""),
        ({}, ""),
    ],
)
def test_the_thinking_parts_of_mistral_and_databricks(part: dict[str, Any], text: str) -> None:
    assert thinking_text(part) == text
