"""A Gemini request in the hub's words."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini.decode_request import decode_request
from fastproxy.ir.request import (
    Inline,
    Link,
    MediaPart,
    Message,
    OpaquePart,
    Output,
    Part,
    ReasoningPart,
    Sampling,
    Stored,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)

PARAMS = {"model": "lab-1", "verb": "streamGenerateContent", "version": "v1beta"}
SNAKE = (Path(__file__).parents[2] / "fixtures" / "gemini" / "request-snake-case.json").read_bytes()
# The same request in camelCase: every key but those inside arguments and schemas.
CAMEL = re.sub(
    rb'"([a-z]+(?:_[a-z]+)+)":',
    lambda match: match[0] if match[1] == b"lamp_id" else re.sub(rb"_(.)", lambda letter: letter[1].upper(), match[0]),
    SNAKE,
)


def with_fields(**fields: Any) -> bytes:
    return orjson.dumps({"contents": [], **fields})


def with_parts(*parts: Any) -> bytes:
    return with_fields(contents=[{"role": "user", "parts": list(parts)}])


@pytest.mark.parametrize("body", [SNAKE, CAMEL], ids=["snake_case", "camelCase"])
def test_decode_tells_the_whole_request_in_either_spelling(body: bytes) -> None:
    request = decode_request(body, PARAMS)
    assert (request.format, request.model, request.stream) == ("gemini", "lab-1", True)
    system, asked, called, answered = request.messages
    assert system == Message("system", (TextPart("You keep a lighthouse."),))
    picture = MediaPart("image", "image/png", Inline("AAAA"))
    assert asked == Message("user", (TextPart("How is lamp 7?"), picture))
    assert called == Message(
        "assistant",
        (
            ReasoningPart("Ask the lamp."),
            ReasoningPart("", "c2ln", "call"),
            ToolCallPart("call_1", "read_lamp", '{"lamp_id": 1234567890123456789012, "w": 1.0}'),
            ToolCallPart("call_2", "read_lamp", '{"lamp_id": 8}'),
        ),
    )
    assert answered == Message(
        "tool",
        (
            ToolResultPart("call_1", (TextPart("lit"),), name="read_lamp"),
            ToolResultPart("call_2", (TextPart("no lamp"),), is_error=True, name="read_lamp"),
        ),
    )
    schema = {"type": "object", "properties": {"lamp_id": {"type": "integer"}}}
    assert request.tools == (Tool("read_lamp", "State of the lamp", schema),)
    assert request.tool_choice == ToolChoice("required", ("read_lamp",))
    assert request.wants_thoughts
    assert request.sampling == Sampling(max_tokens=64)
    assert request.extras in ({"tools": [{"googleSearch": {}}]}, {"tools": [{"google_search": {}}]})


def test_ids_pair_calls_and_results_out_of_order() -> None:
    call = {"functionCall": {"id": "a", "name": "f", "args": {}}}
    unnamed = {"functionCall": {"name": "f"}}
    result = {"functionResponse": {"name": "f", "response": {"result": "second"}}}
    named = {"functionResponse": {"id": "a", "name": "f", "response": {"x": 1}}}
    calls, results = decode_request(with_parts(call, unnamed, named, result), PARAMS).messages
    assert calls.parts == (ToolCallPart("a", "f", "{}"), ToolCallPart("call_1", "f", "{}"))
    assert results.parts == (
        ToolResultPart("a", (TextPart('{"x":1}'),), name="f"),
        ToolResultPart("call_1", (TextPart("second"),), name="f"),
    )


def test_a_made_up_id_never_repeats_one_that_is_there() -> None:
    own = {"functionCall": {"id": "call_1", "name": "f"}}
    (calls,) = decode_request(with_parts(own, {"functionCall": {"name": "f"}}), PARAMS).messages
    first, second = (part.id for part in calls.parts if isinstance(part, ToolCallPart))
    assert first != second


def test_a_result_without_a_call_gets_an_id_of_its_own() -> None:
    (message,) = decode_request(
        with_parts({"functionResponse": {"name": "f", "response": {"output": 7}}}), PARAMS
    ).messages
    assert message.parts == (ToolResultPart("call_1", (TextPart("7"),), name="f"),)


@pytest.mark.parametrize(
    "part",
    [
        {"executableCode": {"language": "PYTHON", "code": "1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK"}, "thoughtSignature": "c2ln"},
        {"toolCall": {"toolType": "FILE_SEARCH", "id": "x"}},
        {"aPartOfTomorrow": [1]},
        {},
    ],
)
def test_parts_without_a_word_here_stay_as_they_are(part: dict[str, Any]) -> None:
    (message,) = decode_request(with_parts(part), PARAMS).messages
    assert message == Message("user", (OpaquePart("gemini", part),))


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"text": "so", "thought": True, "thoughtSignature": "c2ln"}, [ReasoningPart("so", "c2ln")]),
        ({"text": "", "thought": True, "thoughtSignature": "c2ln"}, [ReasoningPart("", "c2ln")]),
        ({"text": "", "thoughtSignature": "c2ln"}, [ReasoningPart("", "c2ln", "text")]),
        ({"thoughtSignature": "c2ln"}, [ReasoningPart("", "c2ln", "text")]),
        ({"text": "Hi", "thoughtSignature": "c2ln"}, [TextPart("Hi"), ReasoningPart("", "c2ln", "text")]),
        ({"text": "Hi", "thought": False}, [TextPart("Hi")]),
        ({"inlineData": {"data": "AA", "mimeType": "audio/wav"}}, [MediaPart("audio", "audio/wav", Inline("AA"))]),
        ({"fileData": {"fileUri": "https://a.test/x", "mimeType": "application/pdf"}},
         [MediaPart("document", "application/pdf", Link("https://a.test/x"))]),
        ({"fileData": {"fileUri": "https://youtu.be/x"}}, [MediaPart("video", "", Link("https://youtu.be/x"))]),
        ({"fileData": {"fileUri": "gs://x", "mimeType": "image/png"}}, [MediaPart("image", "image/png", Stored("gs://x"))]),
    ],
)  # fmt: skip
def test_every_kind_of_part(part: dict[str, Any], expected: list[Part]) -> None:
    (message,) = decode_request(with_parts(part), PARAMS).messages
    assert list(message.parts) == expected


def test_an_answer_keeps_its_media_behind_its_text() -> None:
    media = [{"inlineData": {"mimeType": "image/png", "data": "AA"}}, {"odd": 1}]
    answer = {"functionResponse": {"name": "f", "response": {"output": "see"}, "parts": media}}
    (message,) = decode_request(with_parts(answer), PARAMS).messages
    picture = MediaPart("image", "image/png", Inline("AA"))
    content = (TextPart("see"), picture, OpaquePart("gemini", {"odd": 1}))
    assert message.parts == (ToolResultPart("call_1", content, name="f"),)


def test_what_is_said_beside_media_is_told_by_name() -> None:
    part = {"fileData": {"fileUri": "https://a.test/x"}, "videoMetadata": {"fps": 1}}
    assert decode_request(with_parts(part), PARAMS).extras == {"contents.parts.videoMetadata": {"fps": 1}}


def test_lone_surrogates_survive_in_arguments_and_are_replaced_in_text() -> None:
    body = (
        rb'{"contents":[{"role":"model","parts":[{"text":"a\ud83d"},{"functionCall":{"name":"f","args":{"x":"\ud83d"}}},'
        rb'{"functionCall":{"name":"f","args":{"x":"\udc00"}}}]}]}'
    )
    (message,) = decode_request(body, PARAMS).messages
    text, first, second = message.parts
    assert text == TextPart("a\ufffd")
    assert isinstance(first, ToolCallPart)
    assert isinstance(second, ToolCallPart)
    assert (first.arguments, second.arguments) == (r'{"x":"\ud83d"}', r'{"x":"\udc00"}')


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, ToolChoice()),
        ({}, ToolChoice()),
        ({"functionCallingConfig": {"mode": "AUTO"}}, ToolChoice()),
        ({"functionCallingConfig": {"mode": "ANY"}}, ToolChoice("required")),
        ({"functionCallingConfig": {"mode": 2}}, ToolChoice("required")),
        ({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}},
         ToolChoice("required", ("f", "g"))),
        ({"functionCallingConfig": {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}}, ToolChoice("auto", ("f",))),
        ({"functionCallingConfig": {"mode": "NONE"}}, ToolChoice("none")),
        ({"functionCallingConfig": {"mode": 3}}, ToolChoice("none")),
        ({"functionCallingConfig": {"mode": ["odd"]}}, ToolChoice()),
    ],
)  # fmt: skip
def test_tool_choice(config: Any, expected: ToolChoice) -> None:
    assert decode_request(with_fields(toolConfig=config), PARAMS).tool_choice == expected


def test_the_whole_generation_config() -> None:
    config = {
        "temperature": 0.5, "topP": 0.9, "topK": 40.0, "maxOutputTokens": "64", "seed": 7, "stopSequences": ["END"],
        "presencePenalty": 0.1, "frequencyPenalty": 0.2, "candidateCount": 1, "responseLogprobs": True, "logprobs": 2,
        "responseModalities": ["TEXT"], "mediaResolution": "MEDIA_RESOLUTION_LOW",
    }  # fmt: skip
    request = decode_request(with_fields(generationConfig=config), PARAMS)
    assert request.sampling == Sampling(64, 0.5, 0.9, 40, 0.1, 0.2, 7, ("END",), 1, logprobs=True, top_logprobs=2)
    assert request.extras == {"generationConfig.mediaResolution": "MEDIA_RESOLUTION_LOW"}


@pytest.mark.parametrize("odd", [{"topK": 1.5}, {"seed": True}, {"stopSequences": "END"}, {"temperature": "warm"}])
def test_a_setting_that_can_not_be_read_is_kept_and_never_refused(odd: dict[str, Any]) -> None:
    request = decode_request(with_fields(generationConfig=odd), PARAMS)
    assert request.sampling == Sampling()
    assert request.extras == {f"generationConfig.{name}": value for name, value in odd.items()}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"thinkingBudget": 0}, Thinking("off")),
        ({"thinkingBudget": -1}, Thinking("adaptive")),
        ({"thinkingBudget": 512, "includeThoughts": True}, Thinking("budget", None, 512, visible=True)),
        ({"thinkingLevel": "HIGH"}, Thinking("effort", "high")),
        ({"thinking_level": "low", "include_thoughts": False}, Thinking("effort", "low", visible=False)),
        ({"includeThoughts": True}, Thinking(visible=True)),
        ({}, Thinking()),
    ],
)
def test_thinking(config: dict[str, Any], expected: Thinking) -> None:
    request = decode_request(with_fields(generationConfig={"thinkingConfig": config}), PARAMS)
    assert request.thinking == expected
    assert request.extras == {}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"responseMimeType": "text/plain"}, Output()),
        ({"responseMimeType": "application/json"}, Output("json")),
        ({"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
         Output("schema", schema={"type": "object"})),
        ({"response_mime_type": "application/json", "response_schema": {"type": "STRING", "nullable": True}},
         Output("schema", schema={"type": ["string", "null"]})),
    ],
)  # fmt: skip
def test_structured_output(config: dict[str, Any], expected: Output) -> None:
    request = decode_request(with_fields(generationConfig=config), PARAMS)
    assert (request.output, request.extras) == (expected, {})


def test_an_enum_as_bare_text_is_a_word_and_other_kinds_of_text_are_extras() -> None:
    config = {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["a"]}}
    request = decode_request(with_fields(generationConfig=config), PARAMS)
    assert request.output == Output("word", schema={"type": "string", "enum": ["a"]})
    assert request.extras == {}
    request = decode_request(with_fields(generationConfig={"responseMimeType": "text/x.enum"}), PARAMS)
    assert (request.output, set(request.extras)) == (Output(), {"generationConfig.responseMimeType"})


def test_a_tier_is_said_in_openais_words_and_everything_else_is_an_extra() -> None:
    extras = {"cachedContent": "cachedContents/x", "safetySettings": [{"category": "C"}], "labels": {"a": "b"}}
    request = decode_request(with_fields(serviceTier="standard", toolConfig={"retrievalConfig": {}}, **extras), PARAMS)
    assert request.tier == "default"
    assert request.extras == {**extras, "toolConfig.retrievalConfig": {}}


@pytest.mark.parametrize("key", ["parameters", "parametersJsonSchema"])
def test_a_schema_is_read_under_either_key(key: str) -> None:
    declared = {"functionDeclarations": [{"name": "f", key: {"type": "OBJECT"}}, {"name": "g"}]}
    tools = decode_request(with_fields(tools=[declared]), PARAMS).tools
    assert tools == (Tool("f", "", {"type": "object"}), Tool("g"))


def test_a_system_instruction_may_be_plain_text_and_a_role_may_be_missing() -> None:
    request = decode_request(with_fields(systemInstruction="Be brief.", contents=[{"parts": [{"text": "Hi"}]}]), PARAMS)
    assert request.messages == (
        Message("system", (TextPart("Be brief."),)),
        Message("user", (TextPart("Hi"),)),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"contents": [{"role": "robot", "parts": []}]},
        {"contents": "hi"},
        {"contents": [{"parts": "hi"}]},
        {"contents": [{"parts": [{"text": 7}]}]},
        {"contents": [{"parts": [{"functionCall": []}]}]},
        {"tools": 7},
        {"toolConfig": []},
        {"systemInstruction": 7},
    ],
)
def test_what_can_not_be_understood_is_a_bad_request(fields: dict[str, Any]) -> None:
    with pytest.raises(Fault) as raised:
        decode_request(with_fields(**fields), PARAMS)
    assert raised.value.kind == "bad_request"


def test_the_one_objects_of_the_vendors_older_documentation_stand_for_lists() -> None:
    said = {"contents": {"parts": {"text": "Hi"}}, "system_instruction": {"parts": {"text": "Be a cat"}}}
    assert decode_request(orjson.dumps(said), PARAMS).messages == (
        Message("system", (TextPart("Be a cat"),)),
        Message("user", (TextPart("Hi"),)),
    )


def test_null_fields_are_absent_fields() -> None:
    body = b'{"contents":[{"parts":null}],"tools":null,"systemInstruction":null,"toolConfig":null}'
    assert decode_request(body, PARAMS).messages == ()


def test_what_parts_and_functions_say_beside_their_words_is_kept_by_dotted_names() -> None:
    parts = [
        {"text": "a", "partMetadata": {"k": 1}},
        {"inlineData": {"mimeType": "image/png", "data": "AA"}, "media_resolution": {"level": "L"}, "thought": True},
        {"functionCall": {"name": "f", "args": {}, "willContinue": True}},
        {"functionResponse": {"name": "f", "response": {}, "scheduling": "SILENT"}},
    ]
    calling = {"mode": "VALIDATED", "streamFunctionCallArguments": True}
    body = {
        "contents": [{"role": "user", "parts": parts}],
        "tools": [{"functionDeclarations": [{"name": "f", "behavior": "NON_BLOCKING"}]}],
        "toolConfig": {"functionCallingConfig": calling},
    }
    asked = decode_request(orjson.dumps(body), PARAMS)
    assert asked.messages[0].parts[0] == TextPart("a")
    assert asked.extras == {
        "contents.parts.partMetadata": {"k": 1},
        "contents.parts.mediaResolution": {"level": "L"},
        "contents.parts.thought": True,
        "functionCall.willContinue": True,
        "functionResponse.scheduling": "SILENT",
        "tools.functionDeclarations.behavior": "NON_BLOCKING",
        "toolConfig.functionCallingConfig.mode": "VALIDATED",
        "toolConfig.functionCallingConfig.streamFunctionCallArguments": True,
    }


def test_one_part_with_two_kinds_of_data_stays_as_it_came() -> None:
    odd = {"text": "a", "inlineData": {"mimeType": "image/png", "data": "AA"}}
    asked = decode_request(orjson.dumps({"contents": [{"parts": [odd]}]}), PARAMS)
    assert asked.messages[0].parts == (OpaquePart("gemini", odd),)
