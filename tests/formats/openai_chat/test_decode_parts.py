"""Each part of a Chat message's content in the hub's words."""

from typing import Any

import pytest

from fastproxy.formats.openai_chat.decode_parts import cache_of, content_parts, located
from fastproxy.ir.request import (
    Cache,
    Inline,
    Link,
    MediaPart,
    OpaquePart,
    Part,
    ReasoningPart,
    RefusalPart,
    Stored,
    TextPart,
)

PDF = "data:application/pdf;base64,JVBERi0="


@pytest.mark.parametrize(
    ("told", "part"),
    [
        ({"type": "text", "text": "hi"}, TextPart("hi")),
        ({"type": "refusal", "refusal": "no"}, RefusalPart("no")),
        (
            {"type": "image_url", "image_url": {"url": "https://h/x.png", "detail": "original"}},
            MediaPart("image", "", Link("https://h/x.png"), detail="original"),
        ),
        (
            {"type": "image_url", "image_url": "data:image/webp;base64,AA=="},
            MediaPart("image", "image/webp", Inline("AA==")),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "mp3"}},
            MediaPart("audio", "audio/mpeg", Inline("UklG")),
        ),
        (
            {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}},
            MediaPart("document", "application/pdf", Inline("JVBERi0="), "a.pdf"),
        ),
        (
            {"type": "file", "file": {"file_data": "JVBERi0=", "filename": "A.PDF"}},
            MediaPart("document", "application/pdf", Inline("JVBERi0="), "A.PDF"),
        ),
        ({"type": "file", "file": {"file_id": "file-1"}}, MediaPart("document", "", Stored("file-1"))),
        (
            {"type": "video_url", "video_url": {"url": "https://h/v.mp4"}},
            MediaPart("video", "", Link("https://h/v.mp4")),
        ),
        (
            {"type": "document_url", "document_url": "https://h/d.pdf", "document_name": "d"},
            MediaPart("document", "", Link("https://h/d.pdf"), "d"),
        ),
        ({"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, ReasoningPart("hm")),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_a_part_with_a_word(told: dict[str, Any], part: Part) -> None:
    assert list(content_parts([told], {})) == [part]


@pytest.mark.parametrize(
    "told",
    [
        {"type": "hologram", "x": 1},
        {"type": "text", "text": 7},
        {"type": "image_url", "image_url": {}},
        {"type": "file", "file": {}},
        {"type": "input_audio", "input_audio": {"format": "wav"}},
    ],
)
def test_a_part_without_one_stays_as_it_came(told: dict[str, Any]) -> None:
    assert list(content_parts([told], {})) == [OpaquePart("openai-chat", told)]


@pytest.mark.parametrize(
    ("holder", "cache"),
    [
        ({"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}, Cache("12h")),
        ({"cache_control": {"type": "ephemeral"}}, Cache()),
        ({"cache_control": None}, None),
        ({}, None),
    ],
)
def test_both_spellings_of_a_cache_hint_are_read(holder: dict[str, Any], cache: Cache | None) -> None:
    assert cache_of(holder) == cache
    assert list(content_parts([{"type": "text", "text": "t"} | holder], {})) == [TextPart("t", cache)]


@pytest.mark.parametrize("url", ["https://h/x", "data:text/plain,hello", "data:image/png;base64"])
def test_only_a_base64_data_url_is_inline(url: str) -> None:
    assert located(url) == ("", Link(url))


def test_a_data_urls_parameters_are_no_part_of_the_type() -> None:
    assert located("data:text/plain;charset=utf-8;base64,aGk=") == ("text/plain", Inline("aGk="))


@pytest.mark.parametrize(("content", "parts"), [("hi", [TextPart("hi")]), (None, []), (["a"], [TextPart("a")])])
def test_content_may_be_a_string_nothing_or_strings(content: object, parts: list[Part]) -> None:
    assert list(content_parts(content, {})) == parts
