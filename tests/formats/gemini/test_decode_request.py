"""A Gemini request in the hub's words."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini.decode_request import decode
from fastproxy.ir.request import Message, OpaquePart, TextPart, Tool, ToolCallPart, ToolResultPart

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
    request = decode(body, PARAMS)
    assert (request.format, request.model, request.stream) == ("gemini", "lab-1", True)
    system, asked, called, answered = request.messages
    assert system == Message("system", (TextPart("You keep a lighthouse."),))
    assert asked.role == "user"
    assert asked.parts[0] == TextPart("How is lamp 7?")
    assert isinstance(asked.parts[1], OpaquePart)
    assert asked.parts[1].data.keys() == {"inlineData"}
    assert called == Message(
        "assistant",
        (
            OpaquePart("gemini", {"text": "Ask the lamp.", "thought": True}),
            ToolCallPart("call_1", "read_lamp", '{"lamp_id": 1234567890123456789012, "w": 1.0}'),
            ToolCallPart("call_2", "read_lamp", '{"lamp_id": 8}'),
        ),
    )
    assert answered == Message(
        "tool", (ToolResultPart("call_1", "lit"), ToolResultPart("call_2", "no lamp", is_error=True))
    )
    schema = {"type": "object", "properties": {"lamp_id": {"type": "integer"}}}
    assert request.tools == (Tool("read_lamp", "State of the lamp", schema),)
    assert request.tool_choice == "read_lamp"
    assert request.reasoning
    assert set(request.extras) == {"generationConfig", "tools"}
    assert len(request.extras["tools"]) == 1


def test_ids_pair_calls_and_results_out_of_order() -> None:
    call = {"functionCall": {"id": "a", "name": "f", "args": {}}}
    unnamed = {"functionCall": {"name": "f"}}
    result = {"functionResponse": {"name": "f", "response": {"result": "second"}}}
    named = {"functionResponse": {"id": "a", "name": "f", "response": {"x": 1}}}
    calls, results = decode(with_parts(call, unnamed, named, result), PARAMS).messages
    assert calls.parts == (ToolCallPart("a", "f", "{}"), ToolCallPart("call_1", "f", "{}"))
    assert results.parts == (ToolResultPart("a", '{"x":1}'), ToolResultPart("call_1", "second"))


def test_a_made_up_id_never_repeats_one_that_is_there() -> None:
    own = {"functionCall": {"id": "call_1", "name": "f"}}
    (calls,) = decode(with_parts(own, {"functionCall": {"name": "f"}}), PARAMS).messages
    first, second = (part.id for part in calls.parts if isinstance(part, ToolCallPart))
    assert first != second


def test_a_result_without_a_call_gets_an_id_of_its_own() -> None:
    (message,) = decode(with_parts({"functionResponse": {"name": "f", "response": {"output": 7}}}), PARAMS).messages
    assert message.parts == (ToolResultPart("call_1", "7"),)


@pytest.mark.parametrize(
    "part",
    [
        {"fileData": {"fileUri": "gs://x"}},
        {"text": "signed", "thoughtSignature": "c2ln"},
        {"functionResponse": {"name": "f", "response": {}, "parts": [{"inlineData": {}}]}},
        {"aPartOfTomorrow": [1]},
        {},
    ],
)
def test_parts_without_a_word_here_stay_as_they_are(part: dict[str, Any]) -> None:
    (message,) = decode(with_parts(part), PARAMS).messages
    assert message == Message("user", (OpaquePart("gemini", part),))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, "auto"),
        ({}, "auto"),
        ({"functionCallingConfig": {"mode": "AUTO"}}, "auto"),
        ({"functionCallingConfig": {"mode": "ANY"}}, "required"),
        ({"functionCallingConfig": {"mode": 2}}, "required"),
        ({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}}, "required"),
        ({"functionCallingConfig": {"mode": "NONE"}}, "none"),
        ({"functionCallingConfig": {"mode": ["odd"]}}, "auto"),
    ],
)
def test_tool_choice(config: Any, expected: str) -> None:
    assert decode(with_fields(toolConfig=config), PARAMS).tool_choice == expected


@pytest.mark.parametrize("key", ["parameters", "parametersJsonSchema"])
def test_a_schema_is_read_under_either_key(key: str) -> None:
    declared = {"functionDeclarations": [{"name": "f", key: {"type": "OBJECT"}}, {"name": "g"}]}
    tools = decode(with_fields(tools=[declared]), PARAMS).tools
    assert tools == (Tool("f", "", {"type": "OBJECT"}), Tool("g"))


def test_a_system_instruction_may_be_plain_text_and_a_role_may_be_missing() -> None:
    request = decode(with_fields(systemInstruction="Be brief.", contents=[{"parts": [{"text": "Hi"}]}]), PARAMS)
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
        {"tools": {}},
        {"toolConfig": []},
        {"systemInstruction": 7},
    ],
)
def test_what_can_not_be_understood_is_a_bad_request(fields: dict[str, Any]) -> None:
    with pytest.raises(Fault) as raised:
        decode(with_fields(**fields), PARAMS)
    assert raised.value.kind == "bad_request"


def test_null_fields_are_absent_fields() -> None:
    body = b'{"contents":[{"parts":null}],"tools":null,"systemInstruction":null,"toolConfig":null}'
    assert decode(body, PARAMS).messages == ()
