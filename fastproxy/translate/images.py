"""How large a picture is, from the first bytes of its base64 text, and how many tokens that makes.

Must never decode a whole picture, and never fail: what it can't read is of unknown size.
"""

import binascii
import math
from collections.abc import Callable

from fastproxy.formats.base import FormatName

HEAD_CHARS = 1 << 18  # of base64; a JPEG's size may stand behind a preview of 64 KB and a colour profile
UNKNOWN_SIZE = (1024, 1024)

Size = tuple[int, int]

_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0-15 without DHT, JPG, DAC: ITU T.81, table B.1


def size_of(base64: str) -> Size:
    """Width and height in pixels; `UNKNOWN_SIZE` when the text is no PNG, GIF, JPEG or WebP."""
    head = decoded(base64[:HEAD_CHARS])
    read = next((read for magic, at, read in _READERS if head.startswith(magic, at)), None)
    size = read(head) if read is not None else None
    return size if size is not None and min(size) > 0 else UNKNOWN_SIZE


def decoded(base64: str) -> bytes:
    """The bytes of a base64 text, whole or cut off; b"" when it is none."""
    try:
        return binascii.a2b_base64(base64[: len(base64) // 4 * 4])
    except ValueError:  # of which binascii.Error is one
        return b""


def tokens_of(size: Size, target: FormatName, detail: str | None) -> int:
    """What a picture costs in the prompt, by the rule of the vendor whose format it is."""
    return _RULES[target](size, detail)


def _png(head: bytes) -> Size | None:
    return (int.from_bytes(head[16:20]), int.from_bytes(head[20:24])) if len(head) >= 24 else None


def _gif(head: bytes) -> Size | None:
    return (int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")) if len(head) >= 10 else None


def _webp(head: bytes) -> Size | None:
    """Lossy, lossless and extended files keep it in different places. Source: RFC 9649, sections 2.5 to 2.7."""
    if len(head) < 30:
        return None
    match head[12:16]:
        case b"VP8 ":
            width, height = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case _:
            return None


def _jpeg(head: bytes) -> Size | None:
    """From the frame header, which comes after any number of other segments."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in _JPEG_SIZES:
            return int.from_bytes(head[at + 7 : at + 9]), int.from_bytes(head[at + 5 : at + 7])
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return None


_READERS: tuple[tuple[bytes, int, Callable[[bytes], Size | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, _png),
    (b"GIF8", 0, _gif),
    (b"\xff\xd8", 0, _jpeg),
    (b"WEBP", 8, _webp),
)


def _shrunk(size: Size, longest: int, shortest: int | None = None) -> Size:
    """The size within a square of `longest`, and then with its shorter side at most `shortest`."""
    width, height = size
    factor = min(1.0, longest / max(size))
    if shortest is not None:
        factor = min(factor, shortest / min(size))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _anthropic(size: Size, _detail: str | None) -> int:
    """Width times height by 750, shrunk to 1568 pixels a side. Source: platform.claude.com, vision guide (memory)."""
    width, height = _shrunk(size, 1568)
    return min(1600, math.ceil(width * height / 750))


def _openai(size: Size, detail: str | None) -> int:
    """85 and 170 a tile of 512, shrunk to 2048 and 768; 85 for low detail. Source: the images guide's tile rule."""
    if detail == "low":
        return 85
    width, height = _shrunk(size, 2048, 768)
    return 85 + 170 * math.ceil(width / 512) * math.ceil(height / 512)


def _gemini(size: Size, _detail: str | None) -> int:
    """258 up to 384 pixels a side, else 258 for each tile of 768. Source: ai.google.dev, tokens (memory)."""
    width, height = size
    if max(size) <= 384:
        return 258
    return 258 * math.ceil(width / 768) * math.ceil(height / 768)


_RULES: dict[FormatName, Callable[[Size, str | None], int]] = {
    "anthropic": _anthropic,
    "openai-chat": _openai,
    "openai-responses": _openai,
    "gemini": _gemini,
}
