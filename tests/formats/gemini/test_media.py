"""Media both ways."""

import base64
from typing import Any

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini import fields
from fastproxy.formats.gemini.media import media_part, written
from fastproxy.ir.request import Inline, Link, MediaPart, Plain, Stored


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (MediaPart("image", "image/png", Inline("AA")), {"inlineData": {"mimeType": "image/png", "data": "AA"}}),
        (MediaPart("image", "", Inline("/9j/AA")), {"inlineData": {"mimeType": "image/jpeg", "data": "/9j/AA"}}),
        (MediaPart("audio", "", Inline("UklGRgAAAABXQVZF")),
         {"inlineData": {"mimeType": "audio/wav", "data": "UklGRgAAAABXQVZF"}}),
        (MediaPart("document", "", Inline("AA"), name="a.TXT"),
         {"inlineData": {"mimeType": "text/plain", "data": "AA"}}),
        (MediaPart("document", "", Inline("AA")), {"inlineData": {"mimeType": "application/pdf", "data": "AA"}}),
        (MediaPart("image", "", Link("https://a.test/x.webp?y=1.png")),
         {"fileData": {"mimeType": "image/webp", "fileUri": "https://a.test/x.webp?y=1.png"}}),
        (MediaPart("audio", "audio/wav", Inline("AA")), {"inlineData": {"mimeType": "audio/wav", "data": "AA"}}),
        (MediaPart("document", "", Stored("files/x")), {"fileData": {"fileUri": "files/x"}}),
    ],
)  # fmt: skip
def test_every_source_has_a_place_and_a_type(part: MediaPart, expected: dict[str, Any]) -> None:
    assert written(part, "gemini") == expected


def test_plain_text_is_a_document_of_its_own() -> None:
    told = written(MediaPart("document", "text/plain", Plain("Grüße")), "anthropic")["inlineData"]
    assert (told["mimeType"], base64.b64decode(told["data"]).decode()) == ("text/plain", "Grüße")


def test_a_file_of_another_upstream_is_refused() -> None:
    with pytest.raises(Fault):
        written(MediaPart("image", "", Stored("file-1")), "openai-chat")


def test_a_part_is_what_its_data_are_whatever_else_it_says() -> None:
    assert media_part(fields.opened(b'{"text":"x"}', "x")) is None
    part = media_part(fields.opened(b'{"fileData":{"fileUri":"https://youtu.be/x"},"video_metadata":{"fps":1}}', "x"))
    assert part is not None
    assert part.kind == "video"
