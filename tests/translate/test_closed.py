"""Which schemas OpenAI takes in its strict way, and who is asked for it."""

from typing import Any

import orjson
import pytest

from fastproxy.formats import BY_NAME
from fastproxy.formats.base import FormatName
from fastproxy.ir.request import Output, Request
from fastproxy.translate.closed import LEVELS, is_closed
from fastproxy.translate.families import family
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Target, translate_request
from fastproxy.translate.seal import Mint


def of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False, **more,
    }  # fmt: skip


TEXT = {"type": "string", "description": "d"}
CLOSED = of({"a": TEXT, "b": {"type": "array", "items": of({"c": {"anyOf": [TEXT, {"type": "null"}]}})}})


@pytest.mark.parametrize(
    "schema", [CLOSED, of({}), of({"a": {"$ref": "#/$defs/x"}}, **{"$defs": {"x": {"enum": ["a"]}}})]
)
def test_a_closed_schema_is_one(schema: dict[str, Any]) -> None:
    assert is_closed(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"anyOf": [CLOSED]},
        {"type": "object"},
        of({"a": TEXT}, additionalProperties=True),
        of({"a": TEXT}, required=[]),
        of({"a": TEXT}, required="a"),
        of({"a": {"type": "string", "pattern": "a"}}),
        of({"a": {"type": "object"}}),
        of({"a": {"properties": {"b": TEXT}}}),
        of({"a": {"items": {"allOf": []}}}),
        of({"a": True}),
        of({"a": TEXT}, **{"$defs": {"x": {"not": {}}}}),
    ],
)
def test_one_that_leaves_something_open_is_not(schema: dict[str, Any]) -> None:
    assert not is_closed(schema)


def test_one_that_is_nested_deeper_than_was_always_allowed_is_not() -> None:
    schema = of({"a": TEXT})
    for _ in range(LEVELS - 2):
        schema = of({"a": schema})
    assert is_closed(schema)
    assert not is_closed(of({"a": schema}))


@pytest.mark.parametrize(
    ("client", "strict"), [("anthropic", True), ("gemini", True), ("openai-responses", None), ("openai-chat", None)]
)
def test_clients_whose_own_hosts_hold_every_answer_get_it_held(client: FormatName, strict: bool | None) -> None:
    request = Request(client, "m", (), output=Output("schema", schema=CLOSED))
    target = Target(BY_NAME["openai-chat"], "gpt-5.2", Mint("openai-chat", "p", "a"), family("gpt-5.2"))
    body = orjson.loads(translate_request(request, target, Memory()).body)
    assert body["response_format"]["json_schema"].get("strict") == strict


def test_a_schema_that_is_open_goes_as_a_guide() -> None:
    request = Request("anthropic", "m", (), output=Output("schema", schema=of({"a": {"type": "object"}})))
    target = Target(BY_NAME["openai-responses"], "gpt-5.2", Mint("openai-responses", "p", "a"), family("gpt-5.2"))
    body = orjson.loads(translate_request(request, target, Memory()).body)
    assert body["text"]["format"]["strict"] is False
