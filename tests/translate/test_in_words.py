"""What is asked of a model in words, because it takes no setting for it."""

from typing import Any

import pytest

from fastproxy.ir.request import Message, Output, OutputKind, Request, TextPart, Tool, ToolChoice
from fastproxy.translate.in_words import demanded, named, shaped

SYSTEM, USER = Message("system", (TextPart("Be brief."),)), Message("user", (TextPart("Hi."),))
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
F, G, H = Tool("f"), Tool("g"), Tool("h")


def text(message: Message) -> str:
    (part,) = message.parts
    assert isinstance(part, TextPart)
    return part.text


@pytest.mark.parametrize(
    ("names", "kept", "words"),
    [
        ((), (), "Call one of your tools now"),
        (("g",), (), "Call the tool `g` now"),
        (("f", "g"), ("f", "g"), "Call one of the tools `f`, `g` now"),
    ],
)
def test_a_demand_for_a_call_stands_at_the_end(names: tuple[str, ...], kept: tuple[str, ...], words: str):
    asked = Request("gemini", "m", (SYSTEM, USER), tools=(F, G, H), tool_choice=ToolChoice("required", names))
    told, lost = demanded(asked)
    assert (told.tool_choice, told.tools, lost) == (ToolChoice("auto", kept), asked.tools, ("tool_choice",))
    assert told.messages[:-1] == asked.messages
    assert told.messages[-1].role == "system"
    assert text(told.messages[-1]).startswith(words)


@pytest.mark.parametrize(
    ("tools", "choice"),
    [
        ((F,), ToolChoice()),
        ((F,), ToolChoice("none")),
        ((), ToolChoice("required")),  # nobody can meet these two: the format's encoder has the error for them
        ((F,), ToolChoice("required", ("x",))),
    ],
)
def test_what_is_no_demand_or_can_not_be_met_stays(tools: tuple[Tool, ...], choice: ToolChoice):
    asked = Request("gemini", "m", (USER,), tools=tools, tool_choice=choice)
    assert demanded(asked) == (asked, ())


@pytest.mark.parametrize(
    ("kind", "schema", "begin", "lost"),
    [
        ("json", None, "Answer with one JSON object", "output.kind"),
        ("schema", None, "Answer with one JSON object", "output.schema"),
        ("schema", SCHEMA, "Answer with JSON that matches", "output.schema"),
        ("word", SCHEMA, "Answer with one of the words", "output.schema"),
    ],
)
def test_a_shape_stands_behind_the_systems_words(kind: OutputKind, schema: Any, begin: str, lost: str):
    """And so at the same place in every turn, where a cache and the proof of thoughts want it."""
    asked = Request("gemini", "m", (SYSTEM, USER), output=Output(kind, schema=schema, verbosity="low"))
    told, names = shaped(asked, "text")
    assert names == (lost,)
    assert told.output == Output(verbosity="low")
    assert (told.messages[0], told.messages[2]) == (SYSTEM, USER)
    words = text(told.messages[1])
    assert words.startswith(begin)
    assert ('"properties":{"a"' in words) == (schema is not None)


def test_without_a_system_it_stands_first():
    told, _ = shaped(Request("gemini", "m", (USER,), output=Output("json")), "json")
    assert told.output == Output("json")
    assert [message.role for message in told.messages] == ["system", "user"]


@pytest.mark.parametrize(
    ("behind_system", "said", "at"),
    [
        (True, (SYSTEM, USER), 2),
        (True, (Message("system", (TextPart("JSON."),)), USER), 2),
        (True, (Message("user", (TextPart("A json"),)),), None),
        (False, (SYSTEM, USER), 1),
        (False, (Message("system", (TextPart("JSON."),)), USER), None),
    ],
)
def test_json_is_named_where_openai_looks_for_it(behind_system: bool, said: tuple[Message, ...], at: int | None):
    asked = Request("gemini", "m", said, output=Output("json"))
    told = named(asked, behind_system=behind_system)
    assert (told is asked) is (at is None)
    if at is not None:
        assert (*told.messages[:at], *told.messages[at + 1 :]) == said
        assert (told.messages[at].role, "JSON" in text(told.messages[at])) == ("system", True)
