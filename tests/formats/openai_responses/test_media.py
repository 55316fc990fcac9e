"""Images, files and sounds as parts, both ways."""

from typing import Any

import pytest

from fastproxy.formats.openai_responses.media import (
    cache_object,
    media_object,
    take_audio,
    take_file,
    take_image,
)
from fastproxy.ir.request import Cache, Inline, Link, MediaPart, Plain, Stored

PNG = MediaPart("image", "image/png", Inline("AA=="), detail="high")
PDF = MediaPart("document", "application/pdf", Inline("AA=="), "a.pdf")


@pytest.mark.parametrize(
    ("told", "media"),
    [
        ({"type": "input_image", "detail": "high", "image_url": "data:image/png;base64,AA=="}, PNG),
        (
            {"type": "input_image", "detail": "auto", "image_url": "https://a.example/b"},
            MediaPart("image", "", Link("https://a.example/b"), detail="auto"),
        ),
        ({"type": "input_image", "detail": "low", "file_id": "f"}, MediaPart("image", "", Stored("f"), detail="low")),
    ],
)
def test_images_there_and_back(told: dict[str, Any], media: MediaPart) -> None:
    assert take_image(told) == media
    assert media_object(media) == told


@pytest.mark.parametrize(
    ("told", "media"),
    [
        ({"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}, PDF),
        (
            {"type": "input_file", "file_url": "https://a.example/b"},
            MediaPart("document", "", Link("https://a.example/b")),
        ),
        ({"type": "input_file", "file_id": "f"}, MediaPart("document", "", Stored("f"))),
    ],
)
def test_files_there_and_back(told: dict[str, Any], media: MediaPart) -> None:
    assert take_file(told) == media
    assert media_object(media) == told


@pytest.mark.parametrize(("format_", "type_"), [("wav", "audio/wav"), ("mp3", "audio/mpeg")])
def test_sounds_there_and_back(format_: str, type_: str) -> None:
    told = {"type": "input_audio", "input_audio": {"data": "AA==", "format": format_}}
    assert take_audio(told) == MediaPart("audio", type_, Inline("AA=="))
    assert media_object(MediaPart("audio", type_, Inline("AA=="))) == told


def test_other_spellings_are_taken() -> None:
    assert take_image({"image_url": {"url": "data:image/png;base64,AA=="}}) == MediaPart(
        "image", "image/png", Inline("AA==")
    )
    assert take_image({"image_url": "data:image/png;charset=x;base64,AA=="}) == MediaPart(
        "image", "image/png", Inline("AA==")
    )
    assert take_file({"file_data": "AA=="}) == MediaPart("document", "", Inline("AA=="))
    photo = take_file({"file_data": "data:image/png;base64,AA=="})
    assert photo is not None
    assert photo.kind == "image"


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"image_url": None},
        {"input_audio": {"data": 7}},
    ],
)
def test_a_part_without_content_is_none(part: dict[str, Any]) -> None:
    assert take_image(part) is None
    assert take_file(part) is None
    assert take_audio(part) is None


def test_a_file_always_has_a_name_and_a_picture_a_type() -> None:
    named = media_object(MediaPart("document", "application/pdf", Inline("AA==")))
    assert named is not None
    assert named["filename"] == "document.pdf"
    typed = media_object(MediaPart("image", "", Inline("AA==")))
    assert typed is not None
    assert typed["image_url"] == "data:image/png;base64,AA=="
    assert typed["detail"] == "auto"


def test_a_document_of_plain_text_is_text_under_its_title() -> None:
    told = media_object(MediaPart("document", "text/plain", Plain("Words."), "Title"))
    assert told == {"type": "input_text", "text": "Title\n\nWords."}


@pytest.mark.parametrize(
    "media",
    [
        MediaPart("video", "video/mp4", Inline("AA==")),
        MediaPart("audio", "audio/ogg", Inline("AA==")),
        MediaPart("audio", "audio/wav", Link("https://a.example")),
        MediaPart("image", "image/png", Plain("x")),
    ],
)
def test_what_this_format_has_no_word_for(media: MediaPart) -> None:
    assert media_object(media) is None


@pytest.mark.parametrize(
    ("told", "cache"), [({"mode": "explicit"}, Cache()), ({"mode": "explicit", "ttl": "12h"}, Cache("12h"))]
)
def test_cache_breakpoints_there_and_back(told: dict[str, Any], cache: Cache) -> None:
    image = take_image({"file_id": "f", "prompt_cache_breakpoint": told})
    assert image is not None
    assert image.cache == cache
    assert cache_object(cache) == told
