"""Choices that are one answer, and those that are not."""

from typing import Any

import orjson
import pytest

from fastproxy.formats.openai_chat.choices import Members, together
from fastproxy.formats.openai_chat.decode_whole import decode_whole
from fastproxy.ir.fold import TextBlock, ToolCall
from support.copied import Copied


def call(id_: str, arguments: Any = '{"a":1}') -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": "glob", "arguments": arguments}}


def spread(*messages: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """Choices as Copilot tells them for a Claude model."""
    return [{"finish_reason": "tool_calls", "message": {"role": "assistant", **said}, **more} for said in messages]


SPREAD = spread({"content": "I look."}, {"tool_calls": [call("a")]}, {"content": None, "tool_calls": [call("b")]})


def test_words_and_calls_that_are_choices_of_their_own_are_one_answer() -> None:
    response = decode_whole(orjson.dumps({"id": "c", "choices": SPREAD}))
    assert response.blocks == (
        TextBlock("I look."),
        ToolCall("a", "glob", '{"a":1}'),
        ToolCall("b", "glob", '{"a":1}'),
    )
    assert response.stop is not None
    assert response.stop.reason == "tools"


def test_calls_of_several_choices_that_hold_objects_keep_their_own_arguments() -> None:
    big = 12345678901234567890123
    choices = spread({"tool_calls": [call("a", {"n": 1})]}, {"tool_calls": [call("b", {"n": 2})]})
    body = orjson.dumps({"choices": choices}).replace(b'{"n":2}', b'{"n":%d}' % big)
    arguments = [block.arguments for block in decode_whole(body).blocks if isinstance(block, ToolCall)]
    assert arguments == ['{"n":1}', f'{{"n":{big}}}']


def test_a_role_is_not_said_twice() -> None:
    assert together(SPREAD[0], SPREAD)["message"]["role"] == "assistant"


@pytest.mark.parametrize(
    "choices",
    [
        [{"index": 0, "message": {"content": "one"}}, {"index": 1, "message": {"content": "two"}}],
        [{"message": {"content": "one"}}, {"index": 1, "message": {"content": "two"}}],
        [{"delta": {"content": "one"}}, {"delta": {"content": "two"}}],
        [{"message": {"content": "one"}}, None],
        [{"message": {"content": "one"}}, {"message": None}],
    ],
    ids=["numbered", "one of them numbered", "pieces", "no object", "no message"],
)
def test_anything_else_is_not_joined(choices: list[Any]) -> None:
    assert together(choices[0], choices) == choices[0]


def test_very_many_choices_are_put_together_at_once() -> None:
    choices = spread(*({"content": Copied("x" * 20)} for _ in range(500)))
    Copied.forget()
    assert together(choices[0], choices)["message"]["content"] == "x" * 10_000
    assert Copied.characters == 0


def test_members_told_bit_by_bit_are_one_object() -> None:
    members = Members()
    assert members.whole() == {}
    members.add({"id": "a", "data": "AA", "transcript": "", "expires_at": None, "list": [1]})
    members.add({"id": "a", "data": "BB", "transcript": "Hi", "expires_at": 9, "list": [2], "n": 1})
    members.add({"data": None, "transcript": 7, "n": 2, "list": "x"})
    assert members.whole() == {
        "id": "a", "data": "AABB", "transcript": "Hi", "expires_at": 9, "list": [1, 2], "n": 1
    }  # fmt: skip


def test_no_member_is_copied_for_each_of_its_bits() -> None:
    members = Members()
    Copied.forget()
    for _ in range(500):
        members.add({"data": Copied("A" * 20)})
    assert members.whole() == {"data": "A" * 10_000}
    assert Copied.characters == 0
