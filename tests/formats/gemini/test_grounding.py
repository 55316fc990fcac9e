"""Sources of text, both ways."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.gemini.grounding import LOOKED_CHARACTERS, TOLD_AGAIN_CHARACTERS, Found, Said, Sources, found
from fastproxy.ir.events import Citation

WEB = {"web": {"uri": "https://a.test", "title": "A"}}


def saying(*pieces: str) -> Said:
    said = Said()
    said.pieces += pieces
    return said


def grounded(segment: dict[str, Any], said: str) -> Found:
    support = {"segment": segment, "groundingChunkIndices": [0]}
    (one,) = found({"groundingMetadata": {"groundingChunks": [WEB], "groundingSupports": [support]}}, saying(said))
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
    told = found(
        {"groundingMetadata": {"groundingChunks": [WEB, {"maps": {"uri": "m", "text": "t"}}, {}, 7]}}, saying("")
    )
    assert told == [Found("https://a.test", "A", ""), Found("m", "", "t")]


def test_recitations_are_sources_too() -> None:
    told = found(
        {"citationMetadata": {"citationSources": [{"uri": "u", "startIndex": 0, "endIndex": 2}]}}, saying("ab")
    )
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
    assert found(odd, saying("text")) == []


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
    assert found({"groundingMetadata": sources.metadata()}, saying(*blocks)) == expected


def test_no_sources_are_no_metadata() -> None:
    assert Sources().metadata() == {}


def test_sources_without_end_are_told_and_their_places_only_while_that_is_cheap() -> None:
    said, text = saying("ä" * 1_000_000), "ä" * 1_000_000
    support = {"segment": {"startIndex": 0, "endIndex": 2}, "groundingChunkIndices": [0]}
    metadata = {"groundingChunks": [WEB], "groundingSupports": [support] * (LOOKED_CHARACTERS // len(text) + 2)}
    told = found({"groundingMetadata": metadata}, said)
    assert [(one.url, one.start) for one in told] == [("https://a.test", 0), ("https://a.test", None)]
    sources = Sources()
    sources.say(text)
    for number in range(LOOKED_CHARACTERS // len(text) + 5):
        sources.cite(Citation(0, f"https://{number}.test", start=0, end=1))
    written = sources.metadata()
    assert len(written["groundingChunks"]) == LOOKED_CHARACTERS // len(text) + 5
    assert len(written["groundingSupports"]) == LOOKED_CHARACTERS // len(text) + 1


def places_of(chunk: dict[str, Any], supports: int, indices: int = 1) -> list[Found]:
    """What one source becomes that stands for very many places."""
    told = [
        {"segment": {"startIndex": n, "endIndex": n + 1}, "groundingChunkIndices": [0] * indices}
        for n in range(supports)
    ]
    return found({"groundingMetadata": {"groundingChunks": [chunk], "groundingSupports": told}}, saying("a" * 2000))


@pytest.mark.parametrize("key", ["uri", "title", "text"])
def test_a_long_source_is_not_told_again_for_each_of_very_many_places(key: str) -> None:
    long = "x" * 300_000
    told = places_of({"retrievedContext": {key: long}}, 1000)
    assert told[0] in [Found(long, "", "", 0, 1), Found("", long, "", 0, 1), Found("", "", long, 0, 1)]
    assert sum(len(one.url + one.title + one.cited) for one in told) <= len(long) + TOLD_AGAIN_CHARACTERS


def test_a_source_has_all_its_places_where_they_are_not_too_many() -> None:
    told = places_of({"retrievedContext": {"uri": "u", "text": "x" * 2000}}, 300)
    assert told == [Found("u", "", "x" * 2000, n, n + 1) for n in range(300)]


def test_one_place_named_again_and_again_is_one() -> None:
    assert places_of(WEB, 1, 100_000) == [Found("https://a.test", "A", "", 0, 1)]


def test_what_was_told_again_is_counted_for_all_of_an_answer() -> None:
    said = saying("a" * 2000)
    chunk = {"web": {"uri": "u" * (TOLD_AGAIN_CHARACTERS // 4)}}
    supports = [{"segment": {"endIndex": n}, "groundingChunkIndices": [0]} for n in (1, 2, 3)]
    metadata = {"groundingMetadata": {"groundingChunks": [chunk], "groundingSupports": supports}}
    assert [len(found(metadata, said)) for _ in range(4)] == [3, 2, 1, 1]
