"""Sizes of pictures from the first bytes of each kind of file, and what vendors make of them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.base import FormatName
from fastproxy.translate.images import HEAD_CHARS, UNKNOWN_SIZE, decoded, size_of, tokens_of

PNG = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + b"IHDR" + (640).to_bytes(4) + (480).to_bytes(4) + bytes(13)
GIF = b"GIF89a" + (320).to_bytes(2, "little") + (200).to_bytes(2, "little") + bytes(8)
RIFF = b"RIFF" + bytes(4) + b"WEBP"
LOSSY = RIFF + b"VP8 " + bytes(10) + (800).to_bytes(2, "little") + (600).to_bytes(2, "little") + bytes(8)
LOSSLESS = RIFF + b"VP8L" + bytes(4) + b"\x2f" + ((800 - 1) | (600 - 1) << 14).to_bytes(4, "little") + bytes(8)
EXTENDED = RIFF + b"VP8X" + bytes(8) + (799).to_bytes(3, "little") + (599).to_bytes(3, "little") + bytes(8)


def jpeg(before: int = 0, frame: int = 0xC0) -> bytes:
    """A JPEG whose frame header comes after `before` bytes of another segment and a table that looks like one."""
    other = b"\xff\xe1" + (before + 2).to_bytes(2) + bytes(before)
    table = b"\xff\xc4" + (10).to_bytes(2) + bytes(8)
    return (
        b"\xff\xd8"
        + other
        + table
        + bytes((0xFF, frame))
        + b"\x00\x11\x08"
        + (300).to_bytes(2)
        + (400).to_bytes(2)
        + bytes(9)
    )


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (640, 480)),
        (GIF, (320, 200)),
        (LOSSY, (800, 600)),
        (LOSSLESS, (800, 600)),
        (EXTENDED, (800, 600)),
        (jpeg(), (400, 300)),
        (jpeg(60_000), (400, 300)),
        (jpeg(frame=0xC2), (400, 300)),
    ],
)
def test_the_size_is_read_from_the_head(data: bytes, size: tuple[int, int]):
    assert size_of(text(data)) == size
    assert size_of(text(data + bytes(HEAD_CHARS))) == size


@pytest.mark.parametrize(
    "told",
    [
        "",
        "!",
        "no base64 at all",
        text(b"BM" + bytes(40)),
        text(PNG[:20]),
        text(b"\xff\xd8\xff"),
        text(PNG[:16] + bytes(8)),
    ],
)
def test_what_can_not_be_read_is_of_unknown_size(told: str):
    assert size_of(told) == UNKNOWN_SIZE


@given(st.sampled_from([PNG, GIF, LOSSY, LOSSLESS, EXTENDED, jpeg(5)]), st.integers(0, 60), st.binary(max_size=20))
def test_a_damaged_picture_never_fails(data: bytes, at: int, noise: bytes):
    width, height = size_of(text(data[:at] + noise))
    assert width > 0
    assert height > 0


def test_base64_that_is_cut_off_is_decoded_as_far_as_it_goes():
    assert decoded(text(b"abcdef")[:-1]) == b"abc"


@pytest.mark.parametrize(
    ("size", "target", "detail", "tokens"),
    [
        ((1000, 1000), "anthropic", None, 1334),
        ((4000, 3000), "anthropic", None, 1600),
        ((200, 200), "anthropic", None, 54),
        ((1024, 1024), "openai-chat", None, 765),
        ((1024, 1024), "openai-responses", "low", 85),
        ((2048, 4096), "openai-chat", "high", 1105),
        ((384, 384), "gemini", None, 258),
        ((1536, 768), "gemini", None, 516),
    ],
)
def test_each_vendor_has_its_rule(size: tuple[int, int], target: FormatName, detail: str | None, tokens: int):
    assert tokens_of(size, target, detail) == tokens
