"""Each part as content of a Chat message, and what no message can carry."""

from typing import Any

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.encode_parts import Writing, content_object
from fastproxy.ir.request import Cache, Inline, Link, MediaPart, OpaquePart, Part, Plain, Source, Stored, TextPart


def written(part: Part, *, model: str = "lab-1", format_: str = "anthropic") -> Any:
    return content_object(part, Writing(model, format_))


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (TextPart("hi"), {"type": "text", "text": "hi"}),
        (
            MediaPart("image", "image/png", Inline("AA=="), detail="low"),
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
        ),
        (
            MediaPart("image", "", Link("https://h/x.png")),
            {"type": "image_url", "image_url": {"url": "https://h/x.png"}},
        ),
        (
            MediaPart("document", "application/pdf", Inline("JVBE")),
            {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
        ),
        (
            MediaPart("document", "", Inline("JVBE"), "a.pdf"),
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
        ),
        (MediaPart("document", "text/plain", Plain("words")), {"type": "text", "text": "words"}),
        (MediaPart("document", "text/plain", Plain("words"), "T"), {"type": "text", "text": "T\n\nwords"}),
        (
            MediaPart("audio", "audio/mpeg", Inline("UklG")),
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "mp3"}},
        ),
        (
            MediaPart("audio", "audio/flac", Inline("UklG")),
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "flac"}},
        ),
        (
            MediaPart("video", "", Link("https://h/v.mp4")),
            {"type": "video_url", "video_url": {"url": "https://h/v.mp4"}},
        ),
        (OpaquePart("openai-chat", {"type": "x", "y": 1}), {"type": "x", "y": 1}),
    ],
)
def test_a_part_that_a_message_can_carry(part: Part, told: dict[str, Any]) -> None:
    assert written(part) == told


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("image", Stored("file-1")),
        ("document", Stored("file-1")),
        ("document", Link("https://h/d.pdf")),
        ("audio", Link("https://h/a.wav")),
    ],
)
def test_what_no_message_can_carry_is_refused_by_name(kind: Any, source: Source) -> None:
    with pytest.raises(Fault, match=f"the {kind} 'report' given by") as raised:
        written(MediaPart(kind, "", source, "report"))
    assert raised.value.kind == "bad_request"


def test_a_stored_file_is_known_to_the_host_of_both_openai_formats() -> None:
    part = MediaPart("document", "", Stored("file-1"))
    assert written(part, format_="openai-responses") == {"type": "file", "file": {"file_id": "file-1"}}


def test_a_part_of_another_format_is_dropped_and_listed() -> None:
    writing = Writing("lab-1", "anthropic")
    assert content_object(OpaquePart("anthropic", {"type": "container_upload"}), writing) is None
    assert writing.dropped == ["container_upload"]


@pytest.mark.parametrize(
    ("model", "ttl", "told"),
    [
        ("gpt-5.6-terra", None, {"prompt_cache_breakpoint": {"mode": "explicit"}}),
        ("gpt-6-astra", "1h", {"prompt_cache_breakpoint": {"mode": "explicit"}}),
        ("openai/gpt-5.6", "12h", {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}),
        ("anthropic/claude-5.5-sonnet", "1h", {"cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        ("google/gemini-3-pro", "30m", {"cache_control": {"type": "ephemeral"}}),
    ],
)
def test_a_cache_hint_is_spelled_as_the_models_host_takes_it(model: str, ttl: str | None, told: dict[str, Any]) -> None:
    assert written(TextPart("t", Cache(ttl)), model=model) == {"type": "text", "text": "t", **told}


@pytest.mark.parametrize("model", ["gpt-5", "gpt-4.1", "deepseek-v4", "llama-3"])
def test_no_other_host_is_sent_a_cache_hint(model: str) -> None:
    writing = Writing(model, "anthropic")
    assert content_object(TextPart("t", Cache()), writing) == {"type": "text", "text": "t"}
    assert writing.dropped == ["cache"]
