"""Which way each family goes to the shape of an answer."""

from typing import Any, Literal

import msgspec
import orjson
import pytest

from fastproxy.formats import BY_NAME
from fastproxy.formats.base import FormatName
from fastproxy.ir.request import Message, Output, OutputKind, Request, TextPart, Tool, ToolChoice
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Target, Translated, translate_request
from fastproxy.translate.seal import Mint
from fastproxy.translate.shaping import shaped

OBJECT: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
WORDS: dict[str, Any] = {"type": "string", "enum": ["lamp", "pier"]}
TOOL = Tool("f", schema=OBJECT)
NONE = ToolChoice()
Way = Literal["setting", "call", "words"]


def request(kind: OutputKind, schema: Any = None, tools: tuple[Tool, ...] = (), choice: ToolChoice = NONE) -> Request:
    asked = (Message("user", (TextPart("Where? In JSON."),)),)
    return Request("openai-chat", "m", asked, output=Output(kind, schema=schema), tools=tools, tool_choice=choice)


def translated(asked: Request, model: str, target: FormatName) -> Translated:
    there = Target(BY_NAME[target], model, Mint(target, "p", "a"), family(model))
    return translate_request(asked, there, Memory())


@pytest.mark.parametrize(
    ("model", "target", "asked", "way"),
    [
        ("claude-sonnet-4-5", "anthropic", request("schema", OBJECT), "setting"),
        ("claude-sonnet-4-5", "anthropic", request("schema", OBJECT, (TOOL,)), "setting"),
        ("claude-sonnet-4-5", "anthropic", request("json"), "words"),
        ("claude-sonnet-4-0", "anthropic", request("schema", OBJECT), "call"),
        ("claude-sonnet-4-0", "anthropic", request("schema", OBJECT, (TOOL,)), "call"),
        ("claude-sonnet-4-0", "anthropic", request("schema", OBJECT, (TOOL,), ToolChoice("required")), "words"),
        ("claude-3-5-haiku", "openai-chat", request("schema", OBJECT), "call"),
        ("gpt-4-turbo", "openai-chat", request("schema", OBJECT), "call"),
        ("gpt-4-turbo", "openai-chat", request("json"), "setting"),
        ("o1-mini", "openai-chat", request("schema", OBJECT), "words"),
        ("gemini-2.5-pro", "gemini", request("schema", OBJECT), "setting"),
        ("gemini-2.5-pro", "gemini", request("schema", OBJECT, (TOOL,)), "call"),
        ("gemini-2.5-pro", "gemini", request("json", None, (TOOL,)), "words"),
        ("gemini-3-pro-preview", "gemini", request("schema", OBJECT, (TOOL,)), "setting"),
        ("gemini-2.5-flash-image", "gemini", request("schema", OBJECT), "words"),
        ("gemini-2.5-flash-image", "gemini", request("json"), "words"),
        ("gpt-4o-2024-05-13", "openai-chat", request("schema", OBJECT), "call"),
        ("chatgpt-4o-latest", "openai-chat", request("schema", OBJECT), "words"),
        ("anything", "openai-chat", request("schema", OBJECT, (TOOL,)), "setting"),
    ],
)
def test_the_way_to_the_shape(model: str, target: FormatName, asked: Request, way: Way):
    told = shaped(asked, family(model), BY_NAME[target])
    assert (told.answer != "", told.lost != ()) == (way == "call", way == "words")
    assert (told.request.output == asked.output) is (way == "setting")
    assert (len(told.request.messages) > len(asked.messages)) is (way == "words")


def test_no_shape_is_the_same_request():
    asked = request("text", tools=(TOOL,))
    assert shaped(asked, family("claude-2"), BY_NAME["anthropic"]).request is asked


def test_what_is_no_object_goes_into_one_where_it_is_a_functions_arguments():
    """Also in a format whose settings take any value."""
    told = shaped(request("word", WORDS, (TOOL,)), family("gemini-2.5-pro"), BY_NAME["gemini"])
    assert (told.answer, told.boxed) == ("answer", "word")
    assert told.request.tools[-1].schema is not None
    assert told.request.tools[-1].schema["properties"] == {"value": WORDS}


def test_a_choice_at_the_root_goes_into_an_object_where_a_function_takes_none():
    choice = {"type": "object", "anyOf": [OBJECT, {"type": "object", "properties": {"b": OBJECT}}]}
    told = shaped(request("schema", choice), family("claude-sonnet-4-0"), BY_NAME["anthropic"])
    assert told.boxed == "schema"
    assert told.request.tools[-1].schema is not None
    assert told.request.tools[-1].schema["properties"] == {"value": choice}
    assert shaped(request("schema", choice), family("gpt-5.2"), BY_NAME["openai-chat"]).boxed is None


def test_a_host_that_has_json_and_no_schemas_gets_the_schema_in_words_and_is_set_to_json():
    row = msgspec.structs.replace(family("deepseek-reasoner"), answers="json")
    told = shaped(request("schema", OBJECT), row, BY_NAME["openai-chat"])
    assert (told.request.output.kind, told.lost, told.answer) == ("json", ("output.schema",), "")
    assert shaped(request("schema", OBJECT), row, BY_NAME["anthropic"]).request.output.kind == "text"


def test_json_is_named_for_openai_where_nobody_has():
    asked = request("json")
    unnamed = msgspec.structs.replace(asked, messages=(Message("user", (TextPart("Where?"),)),))
    for target, more in (("openai-responses", 1), ("openai-chat", 1), ("gemini", 0)):
        told = shaped(unnamed, family("gpt-5.2"), BY_NAME[target])
        assert (len(told.request.messages), told.lost) == (1 + more, ())


def test_a_schema_beyond_what_a_setting_holds_goes_by_call_where_that_can_be_demanded():
    wide = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(30)}}
    assert shaped(request("schema", wide), family("claude-opus-5"), BY_NAME["anthropic"]).answer == "answer"
    told = shaped(request("schema", wide), family("claude-opus-5-5"), BY_NAME["anthropic"])
    assert (told.answer, told.lost) == ("", ("output.schema",))


def test_an_old_claude_is_made_to_call_and_not_to_think_by_budget():
    sent = translated(request("schema", OBJECT), "claude-sonnet-4-0", "anthropic")
    body = orjson.loads(sent.body)
    assert body["tool_choice"] == {"type": "tool", "name": "answer"}
    assert body["tools"][0]["input_schema"] == OBJECT
    assert "output_config" not in body
    assert (sent.answer, sent.dropped) == ("answer", ())


def test_gemini_is_left_the_choice_between_a_tool_and_the_answer():
    body = orjson.loads(translated(request("schema", OBJECT, (TOOL,)), "gemini-2.5-flash", "gemini").body)
    (declared,) = body["tools"]
    assert [one["name"] for one in declared["functionDeclarations"]] == ["f", "answer"]
    assert body["toolConfig"]["functionCallingConfig"] == {"mode": "ANY"}
    assert "responseMimeType" not in body.get("generationConfig", {})


def test_json_without_a_schema_is_asked_of_claude_in_words_and_told():
    sent = translated(request("json"), "claude-opus-5", "anthropic")
    assert "one JSON object" in orjson.loads(sent.body)["system"][0]["text"]
    assert sent.dropped == ("output.kind",)
