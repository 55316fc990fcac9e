"""Whole requests as Gemini bodies."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from google.genai import types

from fastproxy.errors import Fault
from fastproxy.formats.gemini.decode_request import decode_request
from fastproxy.formats.gemini.encode_contents import PLACEHOLDER
from fastproxy.formats.gemini.encode_request import encode_request
from fastproxy.ir.request import (
    Cache,
    Message,
    Output,
    Request,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from support import recordings

PARAMS = {"model": "gemini-3-pro", "verb": "streamGenerateContent", "version": "v1beta"}
SNAKE = (Path(__file__).parents[2] / "fixtures" / "gemini" / "request-snake-case.json").read_bytes()
HI = Message("user", (TextPart("Hi"),))


def body(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(encode_request(request).body)
    return found


def test_a_whole_request_is_one_that_the_sdk_knows() -> None:
    request = Request(
        "openai-chat",
        "gemini-3-pro",
        (
            Message("system", (TextPart("Be brief."),)),
            HI,
            Message("assistant", (ToolCallPart("a", "f", '{"x": 1}'),)),
            Message("tool", (ToolResultPart("a", (TextPart("1"),)),)),
        ),
        tools=(Tool("f", "d", {"type": "object", "properties": {"x": {"type": "integer"}}}),),
        tool_choice=ToolChoice("required", ("f",)),
        thinking=Thinking("effort", "high", visible=True),
        sampling=Sampling(max_tokens=64),
        output=Output("schema", schema={"type": "object", "properties": {"a": {"type": "string"}}}),
        tier="flex",
    )
    told = body(request)
    assert set(told) == {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier"}
    for content in [*told["contents"], told["systemInstruction"]]:
        types.Content.model_validate(content)
    types.Tool.model_validate(told["tools"][0])
    types.ToolConfig.model_validate(told["toolConfig"])
    types.GenerationConfig.model_validate(told["generationConfig"])
    assert encode_request(request).dropped == ()


def test_a_gemini_request_comes_back_as_it_was() -> None:
    request = decode_request(SNAKE, PARAMS)
    encoded = encode_request(request)
    assert decode_request(encoded.body, PARAMS) == request
    assert encoded.dropped == ()


def test_extras_of_gemini_go_back_to_their_places() -> None:
    told = {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "cachedContent": "cachedContents/x",
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        "tools": [{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}, "includeServerSideToolInvocations": True},
        "generationConfig": {"topK": 4, "mediaResolution": "MEDIA_RESOLUTION_LOW"},
    }
    assert body(decode_request(orjson.dumps(told), PARAMS)) == told


def test_extras_of_other_formats_are_listed_by_their_own_names() -> None:
    request = Request("openai-chat", "m", (HI,), extras={"store": True, "client_metadata": {}})
    encoded = encode_request(request)
    assert encoded.dropped == ("store", "client_metadata")
    assert set(orjson.loads(encoded.body)) == {"contents"}


def test_what_the_hub_knows_and_gemini_does_not_is_listed() -> None:
    request = Request(
        "openai-chat", "m", (HI,), tools=(Tool("f", strict=True, cache=Cache()),), parallel=False, user="u",
        metadata={"a": "b"}, cache_key="k", tier="scale",
    )  # fmt: skip
    assert encode_request(request).dropped == (
        "user", "metadata", "cache_key", "parallel", "tier", "tools.strict", "tools.cache",
    )  # fmt: skip


@pytest.mark.parametrize("tier", [None, "auto"])
def test_the_usual_tier_needs_no_word(tier: str | None) -> None:
    encoded = encode_request(Request("openai-chat", "m", (HI,), tier=tier, parallel=True))
    assert (encoded.dropped, b"serviceTier" in encoded.body) == ((), False)


def test_a_forced_tool_of_another_server_is_refused() -> None:
    with pytest.raises(Fault) as raised:
        encode_request(Request("openai-responses", "m", (HI,), extras={"tool_choice": {"type": "web_search"}}))
    assert (raised.value.kind, raised.value.param) == ("bad_request", "tool_choice")


def without_placeholders(request: Request) -> list[Message]:
    return [
        Message(message.role, tuple(part for part in message.parts if getattr(part, "signature", "") != PLACEHOLDER))
        for message in request.messages
    ]


def recorded() -> list[Any]:
    """Recorded requests that Gemini takes."""
    names = recordings.parameters()
    return [
        name
        for name in names
        if not isinstance(name, str) or (name.startswith("gemini-") and "invalid-role" not in name)
    ]


@pytest.mark.parametrize("name", recorded())
def test_every_recorded_request_comes_back_with_its_messages(name: str) -> None:
    recording = recordings.load(name)
    request = decode_request(recording.body, PARAMS)
    again = decode_request(encode_request(request).body, PARAMS)
    assert without_placeholders(again) == without_placeholders(request)
    assert (again.sampling, again.thinking, again.output) == (request.sampling, request.thinking, request.output)
    assert (again.extras, again.tool_choice) == (request.extras, request.tool_choice)


def test_integers_beyond_64_bits_are_written_as_they_came() -> None:
    big = 123456789012345678901234567890
    schema = {"type": "object", "properties": {"a": {"type": "integer", "maximum": big}}}
    asked = Request(
        "openai-chat",
        "lab-1",
        (Message("user", (TextPart("Hi"),)),),
        tools=(Tool("f", schema=schema),),
        sampling=Sampling(seed=big),
    )
    assert encode_request(asked).body.count(b"%d" % big) == 2
