"""What a chunk may say beside its text and still be nothing but a piece of it."""

from typing import Any

import msgspec
import orjson
import pytest

from fastproxy.formats.gemini import pieces, usage

TEXT = {"text": "said"}


def chunk(part: dict[str, Any], candidate: dict[str, Any] | None = None, **more: Any) -> bytes:
    told = {"content": {"parts": [part], "role": "model"}, "index": 0, **(candidate or {})}
    return orjson.dumps({"candidates": [told], "usageMetadata": {"promptTokenCount": 7}, "modelVersion": "m", **more})


@pytest.mark.parametrize("beside", [{}, {"safetyRatings": [{"probability": "LOW"}]}, {"avgLogprobs": -0.1}])
def test_what_google_writes_beside_every_text_says_nothing(beside: dict[str, Any]) -> None:
    read = pieces.read(chunk(TEXT, beside, responseId="r", createTime="2026-11-21T00:00:00Z"))
    assert read.candidates[0].content.parts[0].text == "said"
    assert read.usage_metadata.prompt_token_count == 7


@pytest.mark.parametrize("told", [{"thought": True}, {"thoughtSignature": "s"}, {"functionCall": {"name": "f"}}])
def test_a_part_that_is_more_than_text_does_not_fit(told: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        pieces.read(chunk(TEXT | told))


@pytest.mark.parametrize("key", ["finishReason", "groundingMetadata", "citationMetadata", "index"])
def test_a_candidate_that_tells_more_does_not_fit(key: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        pieces.read(chunk(TEXT, {key: "more"}))


@pytest.mark.parametrize("key", ["error", "promptFeedback", "usageMetadata", "candidates"])
def test_a_chunk_that_tells_more_than_its_candidate_does_not_fit(key: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        pieces.read(chunk(TEXT, **{key: "more"}))


def test_no_count_goes_by_a_name_that_is_not_looked_for() -> None:
    names = [
        name
        for name in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cached_content_token_count")
        if usage.counts({name: 1})
    ]
    assert len(names) == 4
    assert all(pieces.COUNTS in name.encode() for name in names)
