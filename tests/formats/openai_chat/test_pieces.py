"""What a chunk may say beside its text and still be nothing but a piece of it."""

from typing import Any

import msgspec
import orjson
import pytest

from fastproxy.formats.openai_chat import pieces
from fastproxy.formats.openai_chat.decode_stream import ChatDecoder
from fastproxy.formats.openai_chat.thoughts import REASONING_KEYS


def chunk(delta: dict[str, Any], **more: Any) -> bytes:
    return orjson.dumps({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": None}], **more})


@pytest.mark.parametrize(
    "beside",
    [
        {},
        {"role": "assistant"},
        {"role": "assistant", "reasoning_content": None, "tool_calls": None, "refusal": None},
        {"tool_calls": [], "reasoning": "", "reasoning_details": [], "annotations": []},
    ],
)
def test_what_hosts_write_beside_every_text_says_nothing(beside: dict[str, Any]) -> None:
    read = pieces.read(chunk({"content": "text", **beside}, usage=None, error=None, obfuscation="aB3"))
    assert read.choices[0].delta.content == "text"


@pytest.mark.parametrize("key", sorted({*ChatDecoder._BY_KEY, *REASONING_KEYS} - {"content"}))
def test_nothing_that_the_decoder_would_tell_is_passed_over(key: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        pieces.read(chunk({"content": "text", key: {"said": "more"}}))


@pytest.mark.parametrize(
    "more",
    [{"usage": {"prompt_tokens": 1}}, {"error": {"message": "no"}}, {"x_groq": {"error": "no"}}, {"choices": []}],
)
def test_a_chunk_that_tells_more_than_its_choice_does_not_fit(more: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        pieces.read(chunk({"content": "text"}, **more))
