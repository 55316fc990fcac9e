"""The hub's parts as content blocks of a request."""

from base64 import b64encode
from typing import Any

import msgspec
import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.encode_parts import PartEncoder, hint
from fastproxy.ir.request import (
    Cache,
    Inline,
    Link,
    MediaPart,
    OpaquePart,
    Part,
    Plain,
    ReasoningPart,
    RefusalPart,
    Stored,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)


def encode(*parts: Part, role: str = "user", format_: str = "openai-chat") -> tuple[Any, list[str]]:
    dropped: list[str] = []
    blocks = list(PartEncoder(format_, dropped).blocks(parts, role))
    return orjson.loads(msgspec.json.encode(blocks)), dropped


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            TextPart("a", Cache("1h")),
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ),
        (RefusalPart("No."), {"type": "text", "text": "No."}),
        (ReasoningPart("t", "s"), {"type": "thinking", "thinking": "t", "signature": "s"}),
        (ReasoningPart("", "s"), {"type": "thinking", "thinking": "", "signature": "s"}),
        (ReasoningPart("", "d", "redacted"), {"type": "redacted_thinking", "data": "d"}),
        (ToolCallPart("i", "n", ""), {"type": "tool_use", "id": "i", "name": "n", "input": {}}),
        (
            ToolCallPart("i", "n", '{"cut": "o'),
            {"type": "tool_use", "id": "i", "name": "n", "input": {"_invalid_json": '{"cut": "o'}},
        ),
        (
            ToolCallPart("i", "n", "[1]"),
            {"type": "tool_use", "id": "i", "name": "n", "input": {"_invalid_json": "[1]"}},
        ),
        (
            MediaPart("image", "image/png", Inline("AAAA")),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
        ),
        (MediaPart("image", "", Link("https://x")), {"type": "image", "source": {"type": "url", "url": "https://x"}}),
        (
            MediaPart("document", "application/pdf", Inline("A"), "T"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "A"},
                "title": "T",
            },
        ),
        (
            MediaPart("document", "", Inline("JVBERi0x")),
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x"}},
        ),
        (
            MediaPart("document", "text/csv", Inline(b64encode("a,é".encode()).decode())),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a,é"}},
        ),
        (
            MediaPart("document", "text/plain", Plain("words")),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        ),
        (
            ToolResultPart("i", (TextPart("a"), MediaPart("image", "", Link("u"))), is_error=True, cache=Cache()),
            {
                "type": "tool_result",
                "tool_use_id": "i",
                "content": [{"type": "text", "text": "a"}, {"type": "image", "source": {"type": "url", "url": "u"}}],
                "is_error": True,
                "cache_control": {"type": "ephemeral"},
            },
        ),
        (ToolResultPart("i", (TextPart(""),)), {"type": "tool_result", "tool_use_id": "i", "content": []}),
    ],
)
def test_every_part_that_has_a_block(part: Part, block: Any) -> None:
    assert encode(part) == ([block], [])


def test_arguments_are_spliced_in_byte_for_byte() -> None:
    arguments = '{"n": 1.0, "big":123456789012345678901234567890, "e":"\\u00e9\\ud83d"}'
    (block,) = PartEncoder("gemini", []).blocks((ToolCallPart("i", "n", arguments),), "assistant")
    assert arguments.encode() in msgspec.json.encode(block)


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_texts_of_white_space_are_left_out_because_the_api_refuses_them(text: str) -> None:
    assert encode(TextPart(text), RefusalPart(text)) == ([], [])


def test_an_error_without_a_word_gets_one_because_the_api_refuses_it() -> None:
    ((result,), _) = encode(ToolResultPart("i", (), is_error=True))
    assert result["content"][0]["type"] == "text"


@pytest.mark.parametrize(
    ("part", "role", "dropped"),
    [
        (ReasoningPart("t"), "assistant", ["reasoning"]),
        (OpaquePart("openai-responses", {"type": "web_search_call"}), "assistant", ["web_search_call"]),
        (OpaquePart("gemini", {"executableCode": {}}), "assistant", ["executableCode"]),
        (MediaPart("image", "image/png", Inline("A")), "assistant", ["assistant.image"]),
    ],
)
def test_what_has_no_block_is_listed(part: Part, role: str, dropped: list[str]) -> None:
    assert encode(part, role=role) == ([], dropped)


@pytest.mark.parametrize(
    ("media_type", "data", "told"),
    [
        ("image/jpg", "AAAA", "image/jpeg"),
        ("IMAGE/PNG", "AAAA", "image/png"),
        ("image/png", "/9j/4AAQ", "image/jpeg"),
        ("image/svg+xml", "iVBORw0KGgo=", "image/png"),
        ("", "R0lGODlhAQAB", "image/gif"),
        ("image/webp", "UklGRgAAAABXRUJQ", "image/webp"),
    ],
)
def test_a_picture_is_called_what_its_first_bytes_say_it_is(media_type: str, data: str, told: str) -> None:
    source = {"type": "base64", "media_type": told, "data": data}
    assert encode(MediaPart("image", media_type, Inline(data))) == ([{"type": "image", "source": source}], [])


@pytest.mark.parametrize(
    ("media_type", "data"), [("image/svg+xml", "PHN2Zz4="), ("", "Qk0A"), ("image/png", "JVBERi0x")]
)
def test_a_picture_of_a_kind_that_the_api_refuses_is_left_out_and_listed(media_type: str, data: str) -> None:
    picture = MediaPart("image", media_type, Inline(data))
    assert encode(picture, TextPart("a")) == ([{"type": "text", "text": "a"}], ["user.image"])
    (result,), dropped = encode(ToolResultPart("i", (picture,)))
    assert (result["content"], dropped) == ([], ["tool.image"])


def test_the_detail_of_an_image_is_listed_and_the_image_kept() -> None:
    blocks, dropped = encode(
        MediaPart("image", "", Link("u"), detail="high"), MediaPart("image", "", Link("v"), detail="auto")
    )
    assert (len(blocks), dropped) == (2, ["detail"])


def test_blocks_of_this_format_go_as_they_came_and_are_not_changed() -> None:
    data = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    (block,) = PartEncoder("anthropic", []).blocks((OpaquePart("anthropic", data),), "assistant")
    assert block == data
    assert block is not data


def test_files_stay_with_the_vendor_that_has_them() -> None:
    part = MediaPart("image", "", Stored("file_1"))
    (block,) = encode(part, format_="anthropic")[0]
    assert block["source"] == {"type": "file", "file_id": "file_1"}


@pytest.mark.parametrize(
    "part",
    [
        MediaPart("image", "", Stored("file_1")),
        MediaPart("audio", "audio/wav", Inline("A")),
        MediaPart("video", "video/mp4", Link("u")),
        MediaPart("document", "application/msword", Inline("A")),
        MediaPart("document", "text/plain", Inline("/w==")),
        ToolResultPart("i", (MediaPart("audio", "audio/wav", Inline("A")),)),
    ],
)
def test_what_can_not_be_left_out_is_refused(part: Part) -> None:
    with pytest.raises(Fault) as raised:
        encode(part)
    assert raised.value.kind == "bad_request"
    assert raised.value.param


@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        (None, {}),
        (Cache(), {"cache_control": {"type": "ephemeral"}}),
        (Cache("5m"), {"cache_control": {"type": "ephemeral", "ttl": "5m"}}),
        (Cache("30m"), {"cache_control": {"type": "ephemeral"}}),
    ],
)
def test_cache_hints_name_only_lifetimes_that_exist_here(cache: Cache | None, expected: Any) -> None:
    lost: list[str] = []
    assert hint(cache, lost) == expected
    assert lost == (["cache.ttl"] if cache == Cache("30m") else [])
