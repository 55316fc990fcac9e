"""The first bytes tell what base64 holds."""

from base64 import b64encode

import pytest

from fastproxy.formats.media_types import media_type_of


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x0a\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", ""),
        (b"<svg xmlns=", ""),
        (b"BM", ""),
        (b"", ""),
    ],
)
def test_a_beginning_tells_the_type(data: bytes, media_type: str) -> None:
    for filling in (b"", b"\x00", b"\x00\x00" * 50):
        assert media_type_of(b64encode(data + filling).decode()) in {media_type, ""}
    assert media_type_of(b64encode(data + b"\x00" * 50).decode()) == media_type


@pytest.mark.parametrize("text", ["/9j/", "/9j/AA", "/9j/4AAQSkZJRgABAQ=broken"])
def test_a_few_characters_are_enough(text: str) -> None:
    assert media_type_of(text) == "image/jpeg"


@pytest.mark.parametrize("text", ["A", "====", "i-_O", "é" * 20, "https://a.test/x.png"])
def test_what_is_no_base64_tells_nothing(text: str) -> None:
    assert media_type_of(text) == ""
