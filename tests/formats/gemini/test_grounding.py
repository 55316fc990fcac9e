"""Sources of text, both ways."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.gemini.grounding import Found, Sources, found
from fastproxy.ir.events import Citation

WEB = {"web": {"uri": "https://a.test", "title": "A"}}


def grounded(segment: dict[str, Any], said: str) -> Found:
    support = {"segment": segment, "groundingChunkIndices": [0]}
    (one,) = found({"groundingMetadata": {"groundingChunks": [WEB], "groundingSupports": [support]}}, said)
    return one


@pytest.mark.parametrize(
    ("segment", "place"),
    [
        ({"startIndex": 3, "endIndex": 5, "text": "ab"}, (2, 4)),
        ({"endIndex": 2, "text": "Ä"}, (0, 1)),
        ({"startIndex": 99, "endIndex": 101, "text": "ab"}, (2, 4)),  # a wrong place: the words are looked for
        ({"startIndex": 0, "endIndex": 2, "text": "nowhere"}, (None, None)),
        ({"startIndex": 0, "endIndex": 999}, (None, None)),
        ({"startIndex": "x"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_bytes_become_characters_and_a_wrong_place_none(segment: dict[str, Any], place: tuple[Any, Any]) -> None:
    one = grounded(segment, "Ä ab")
    assert (one.start, one.end) == place


def test_every_source_is_told_also_one_that_supports_nothing() -> None:
    told = found({"groundingMetadata": {"groundingChunks": [WEB, {"maps": {"uri": "m", "text": "t"}}, {}, 7]}}, "")
    assert told == [Found("https://a.test", "A", ""), Found("m", "", "t")]


def test_recitations_are_sources_too() -> None:
    told = found({"citationMetadata": {"citationSources": [{"uri": "u", "startIndex": 0, "endIndex": 2}]}}, "ab")
    assert told == [Found("u", "", "", 0, 2)]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"groundingMetadata": None},
        {"groundingMetadata": {"groundingChunks": None}},
        {"groundingMetadata": {"groundingSupports": [{"groundingChunkIndices": [4, "x"]}]}},
    ],
)
def test_odd_metadata_tells_nothing(odd: dict[str, Any]) -> None:
    assert found(odd, "text") == []


@given(st.lists(st.text(max_size=6), min_size=1, max_size=4), st.data())
def test_what_is_written_is_read_back_at_the_same_characters(blocks: list[str], data: st.DataObject) -> None:
    sources, expected, before = Sources(), [], 0
    for number, text in enumerate(blocks):
        sources.say(text)
        if text:
            start = data.draw(st.integers(0, len(text) - 1))
            end = data.draw(st.integers(start + 1, len(text)))
            url = f"https://{number}.test"
            sources.cite(Citation(number, url, "", start, end))
            expected.append(Found(url, "", "", before + start, before + end))
        sources.close_block()
        before += len(text)
    assert found({"groundingMetadata": sources.metadata()}, "".join(blocks)) == expected


def test_no_sources_are_no_metadata() -> None:
    assert Sources().metadata() == {}
