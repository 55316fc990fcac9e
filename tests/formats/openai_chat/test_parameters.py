"""What OpenAI refuses of a tool's schema, in Chat and in Responses alike."""

from typing import Any

import orjson
import pytest

from fastproxy.formats import openai_chat, openai_responses
from fastproxy.formats.base import Format
from fastproxy.formats.openai_chat.parameters import NO_ARGUMENTS, callable_tools
from fastproxy.ir.request import Message, Request, TextPart, Tool

LIST, TEXT = {"type": "array"}, {"type": "string"}


def test_only_what_is_refused_is_changed() -> None:
    plain, free, listing = Tool("a", schema=NO_ARGUMENTS), Tool("b", custom=True), Tool("c", schema=LIST)
    told = callable_tools((plain, free, listing), [])
    assert (told[0] is plain, told[1] is free) == (True, True)
    assert told[2].schema == {"type": "array", "items": {}}


@pytest.mark.parametrize("key", ["allOf", "anyOf", "oneOf", "enum", "not"])
@pytest.mark.parametrize("format_", [openai_chat.FORMAT, openai_responses.FORMAT], ids=["chat", "responses"])
def test_no_body_has_a_choice_at_a_root_or_a_list_without_items_but_of_its_own_client(
    format_: Format, key: str
) -> None:
    value: Any = {"properties": {"l": LIST}} if key == "not" else [{"properties": {"l": LIST}}]
    schema = {"type": "object", "properties": {"own": LIST}, key: value}

    def told(source: str) -> tuple[dict[str, Any], tuple[str, ...]]:
        request = Request(source, "m", (Message("user", (TextPart("hi"),)),), tools=(Tool("f", schema=schema),))
        encoded = format_.encode_request(request)
        (tool,) = orjson.loads(encoded.body)["tools"]
        return tool.get("function", tool)["parameters"], encoded.dropped

    parameters, dropped = told("anthropic")
    assert key not in parameters
    assert parameters["properties"]["own"] == {"type": "array", "items": {}}
    assert ("tools.schema" in dropped) == (key != "allOf")
    assert told(format_.name) == (schema, ())
