"""Answers that are to be no object, asked for in one and taken out of it again."""

from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats import BY_NAME
from fastproxy.ir.events import BlockEnd, Citation, Event, Failed, Start, Stop, Text, Texts, ToolArgs, ToolStart
from fastproxy.ir.request import Output, OutputKind, Request
from fastproxy.translate.boxed import unwrapped, wrapped
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient, Passes
from fastproxy.translate.request import Target, translate_request
from fastproxy.translate.seal import Mint

WORDS = {"type": "string", "enum": ["lamp", "pier"]}
LIST = {"type": "array", "items": {"type": "string"}}
MINT = Mint("openai-chat", "p", "a")
ROOTED: dict[str, Any] = {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {}}}}
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}


def passes(**others: Any) -> Passes:
    return Passes(ForClient("asked", "ours", 7, MINT, BY_NAME["gemini"].spelling, Memory(), **others))


def asked(kind: OutputKind, schema: dict[str, Any] | None, **others: Any) -> Request:
    return Request("gemini", "m", (), output=Output(kind, schema=schema), **others)


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("word", WORDS),
        ("schema", LIST),
        ("schema", {"type": ["object", "null"]}),
        ("schema", {"enum": ["a"]}),
        ("schema", {"anyOf": [OBJECT, LIST]}),
    ],
)
def test_a_schema_of_no_object_goes_in_one_with_a_value(kind: OutputKind, schema: dict[str, Any]) -> None:
    request, within = wrapped(asked(kind, schema))
    assert within == kind
    assert request.output.kind == "schema"
    assert request.output.schema == {
        "type": "object",
        "properties": {"value": schema},
        "required": ["value"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "schema", [OBJECT, {"properties": {"a": {"enum": [1]}}}, {"$ref": "#/$defs/a"}, {}, None, ROOTED]
)
def test_an_objects_schema_stays_as_it_is(schema: dict[str, Any] | None) -> None:
    request = asked("schema", schema)
    assert wrapped(request) == (request, None)


def test_a_reference_at_the_root_is_followed() -> None:
    request, within = wrapped(asked("schema", ROOTED | {"$defs": {"a": LIST}}))
    assert within == "schema"
    assert request.output.schema is not None
    assert request.output.schema["properties"]["value"] == {"$ref": "#/$defs/a"}
    circle = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert wrapped(asked("schema", circle))[1] is None


def test_definitions_stay_at_the_root_where_references_look_for_them() -> None:
    items = {"type": "array", "items": {"$ref": "#/$defs/a"}}
    request, _ = wrapped(asked("schema", items | {"$defs": {"a": WORDS}}))
    assert request.output.schema is not None
    assert (request.output.schema["properties"]["value"], request.output.schema["$defs"]) == (items, {"a": WORDS})


def test_references_that_lead_from_the_root_lead_from_the_box() -> None:
    told = {"type": "array", "items": {"anyOf": [{"$ref": "#/items"}, {"$ref": "#"}, {"$ref": "#/$defs/a"}]}}
    request, _ = wrapped(asked("schema", told | {"$defs": {"a": {"type": "array", "items": {"$ref": "#"}}}}))
    assert request.output.schema is not None
    box = "#/properties/value"
    expected = [{"$ref": f"{box}/items"}, {"$ref": box}, {"$ref": "#/$defs/a"}]
    assert request.output.schema["properties"]["value"]["items"]["anyOf"] == expected
    assert request.output.schema["$defs"]["a"]["items"] == {"$ref": box}


@given(st.text())
def test_a_word_comes_out_as_it_went_in(word: str) -> None:
    assert unwrapped(msgspec.json.encode({"value": word}).decode(), "word") == word


@pytest.mark.parametrize(
    "json", ['["a", "b"]', "1.0", "12345678901234567890", '"\\u0061"', "null", '{ "b":[] }', "[ ]"]
)
def test_any_other_value_keeps_its_json_byte_for_byte(json: str) -> None:
    assert unwrapped('{ "value" : ' + json + " }", "schema") == json


@pytest.mark.parametrize(
    "text", ["lamp", "", '{"value":"a","b":1}', '{"a":1}', '{"value":', "[" * 2000, '{"value":"\ud800"}', '{"value":1}']
)
def test_what_a_model_says_instead_is_told_as_it_is(text: str) -> None:
    assert unwrapped(text, "word") == text


BOXED = '{"value": "lamp"}'


@pytest.mark.parametrize("said", [[Text(0, BOXED[:5]), Text(0, BOXED[5:])], [Texts(0, [BOXED[:5], BOXED[5:]])]])
@pytest.mark.parametrize("end", [[BlockEnd(0), Stop("end")], [Stop("end")], [Failed("timeout", "late")]])
def test_the_client_is_told_the_word_when_it_is_whole(said: list[Event], end: list[Event]) -> None:
    one = passes(boxed="word")
    told = [each for event in [Start("i", "m", 1), *said, *end] for each in one.feed([event])]
    assert told[1:] == [Text(0, ""), Text(0, "lamp"), *end]


def test_what_it_cites_comes_behind_it_and_has_no_place_in_it() -> None:
    one, cited = passes(boxed="word"), Citation(0, "https://a", start=10, end=14)
    told = one.feed([Text(0, BOXED), cited, BlockEnd(0), Stop("end")])
    assert told == [Text(0, ""), Text(0, "lamp"), Citation(0, "https://a"), BlockEnd(0), Stop("end")]


def test_it_stays_in_its_place_among_blocks_that_end_together() -> None:
    one = passes(boxed="word")
    told = one.feed([Text(0, BOXED), ToolStart(1, "c", "f"), BlockEnd(0), BlockEnd(1)])
    assert told == [Text(0, ""), ToolStart(1, "c", "f"), Text(0, "lamp"), BlockEnd(0), BlockEnd(1)]


def test_free_text_calls_beside_it_come_back_as_they_do_alone() -> None:
    one = passes(boxed="word", customs=frozenset({"f"}))
    told = one.feed([Text(0, "a"), BlockEnd(0), ToolStart(1, "c", "f"), ToolArgs(1, '{"input":"x"}'), BlockEnd(1)])
    assert told[1:] == [Text(0, "a"), BlockEnd(0), ToolStart(1, "c", "f", custom=True), ToolArgs(1, "x"), BlockEnd(1)]


@pytest.mark.parametrize(
    ("host", "model", "boxed"),
    [
        ("openai-chat", "gpt-5.2", "word"),
        ("openai-responses", "gpt-5.2", "word"),
        ("anthropic", "claude-sonnet-5", "word"),
        ("anthropic", "claude-3-5-haiku", "word"),  # as the arguments of a function
        ("openai-chat", "o1-mini", None),  # takes neither: the answer comes as it is
        ("gemini", "gemini-3-pro", None),
    ],
)
def test_who_is_asked_for_an_object(host: Any, model: str, boxed: str | None) -> None:
    target = Target(BY_NAME[host], model, Mint(host, "p", "a"), family(model))
    translated = translate_request(asked("word", WORDS), target, Memory())
    assert translated.boxed == boxed
    assert ("output.schema" in translated.dropped) == (model == "o1-mini")
    if host == "gemini":
        config = orjson.loads(translated.body)["generationConfig"]
        assert config == {"responseMimeType": "text/x.enum", "responseJsonSchema": WORDS}
