"""Every kind of content block of a request, in the hub's words."""

from typing import Any

import msgspec
import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.decode_parts import PartDecoder
from fastproxy.ir.request import (
    Cache,
    Inline,
    Link,
    MediaPart,
    OpaquePart,
    Part,
    Plain,
    ReasoningPart,
    Stored,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}


def parts(*blocks: Any) -> list[Part]:
    body = orjson.dumps(blocks)
    return list(PartDecoder(body, body, {}).parts(msgspec.json.decode(body, type=list[dict[str, msgspec.Raw]])))


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"type": "text", "text": "a", "cache_control": None}, TextPart("a")),
        (
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "5m"}},
            TextPart("a", Cache("5m")),
        ),
        (IMAGE, MediaPart("image", "image/png", Inline("AAAA"))),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x/y"}},
            MediaPart("image", "", Link("https://x/y")),
        ),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, MediaPart("image", "", Stored("f"))),
        (
            {
                "type": "document",
                "title": "T",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "A"},
            },
            MediaPart("document", "application/pdf", Inline("A"), "T"),
        ),
        (
            {"type": "document", "source": {"type": "text", "data": "words"}, "title": None},
            MediaPart("document", "text/plain", Plain("words")),
        ),
        ({"type": "document", "source": {"type": "url", "url": "u"}}, MediaPart("document", "", Link("u"))),
        ({"type": "document", "source": {"type": "file", "file_id": "f"}}, MediaPart("document", "", Stored("f"))),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}},
            MediaPart("document", "text/plain", Plain("a")),
        ),
        (
            {"type": "search_result", "source": "s", "title": "T", "content": [{"type": "text", "text": "a"}]},
            MediaPart("document", "text/plain", Plain("s\na"), "T"),
        ),
        ({"type": "thinking", "thinking": "t", "signature": "s"}, ReasoningPart("t", "s")),
        ({"type": "thinking", "thinking": "", "signature": "s"}, ReasoningPart("", "s")),
        ({"type": "thinking", "thinking": "t", "signature": ""}, ReasoningPart("t")),
        ({"type": "redacted_thinking", "data": "d"}, ReasoningPart("", "d", "redacted")),
        ({"type": "tool_use", "id": "i", "name": "n", "input": None}, ToolCallPart("i", "n", "{}")),
        ({"type": "tool_use", "id": "i", "name": "n"}, ToolCallPart("i", "n", "{}")),
        ({"type": "tool_result", "tool_use_id": "i"}, ToolResultPart("i", ())),
        (
            {"type": "tool_result", "tool_use_id": "i", "content": "a", "is_error": None},
            ToolResultPart("i", (TextPart("a"),)),
        ),
    ],
)
def test_blocks_that_the_hub_has_a_word_for(block: Any, expected: Part) -> None:
    assert parts(block) == [expected]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        {"type": "container_upload", "file_id": "f"},
        {"type": "a block of tomorrow", "x": [1]},
        {"type": "image", "source": {"type": "telepathy"}},
        {"type": "document", "source": None},
    ],
)
def test_blocks_without_a_word_stay_as_they_are(block: dict[str, Any]) -> None:
    (part,) = parts(block)
    assert isinstance(part, OpaquePart)
    assert (part.format, part.data["type"]) == ("anthropic", block["type"])
    assert part.data == block


def test_a_results_images_documents_and_unknown_blocks_are_kept_in_order() -> None:
    reference = {"type": "tomorrow", "tool_name": "f"}
    (result,) = parts(
        {"type": "tool_result", "tool_use_id": "i", "content": [{"type": "text", "text": "a"}, IMAGE, reference]}
    )
    assert result == ToolResultPart(
        "i", (TextPart("a"), MediaPart("image", "image/png", Inline("AAAA")), OpaquePart("anthropic", reference))
    )


def test_a_document_with_images_becomes_what_it_is_made_of() -> None:
    document = {
        "type": "document",
        "title": "T",
        "context": "C",
        "source": {"type": "content", "content": [{"type": "text", "text": "a"}, IMAGE]},
    }
    assert parts(document) == [
        TextPart("C"),
        TextPart("T"),
        TextPart("a"),
        MediaPart("image", "image/png", Inline("AAAA")),
    ]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "tool_use", "id": 7, "name": "n"},
        {"type": "tool_result", "content": "a"},
        {"type": "tool_result", "tool_use_id": "i", "content": 7},
        {"type": "tool_result", "tool_use_id": "i", "content": ["a"]},
        {"type": "redacted_thinking"},
    ],
)
def test_a_known_block_without_what_it_needs_is_a_bad_request(block: Any) -> None:
    with pytest.raises(Fault) as raised:
        parts(block)
    assert raised.value.kind == "bad_request"


def test_the_tools_that_a_search_has_found_are_named_in_its_result() -> None:
    found = [{"type": "tool_reference", "tool_name": name} for name in ("clock", "map")]
    (result,) = parts({"type": "tool_result", "tool_use_id": "c", "content": found})
    assert isinstance(result, ToolResultPart)
    assert result.text == "clock\nmap\n"


def test_the_summary_of_a_compacted_conversation_is_its_text_and_a_failed_one_says_nothing() -> None:
    block = {"type": "compaction", "content": "Her name is Ann.", "cache_control": {"type": "ephemeral"}}
    assert parts(block) == [TextPart("Her name is Ann.", Cache())]
    assert parts({"type": "compaction", "content": None, "signature": "s"}) == []
    assert parts({"type": "compaction"}) == []
