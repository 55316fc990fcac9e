"""The turns of Chat requests, from today's clients and from those of before there were tools."""

from typing import Any

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.decode_messages import messages_of
from fastproxy.ir.request import (
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1.0}'}}


def parts(**turn: Any) -> tuple[Part, ...]:
    (message,) = messages_of([{"role": "assistant", **turn}], {})
    return message.parts


def test_what_a_model_said_comes_in_the_order_in_which_it_spoke() -> None:
    assert parts(tool_calls=[CALL], content="text", refusal="no", reasoning_content="hm") == (
        ReasoningPart("hm"),
        TextPart("text"),
        RefusalPart("no"),
        ToolCallPart("c1", "f", '{"a": 1.0}'),
    )


@pytest.mark.parametrize("arguments", ['{"big":123456789012345678901234567890}', '{"half', "", '{"s":"\\ud83d"}'])
def test_arguments_stay_the_text_that_came(arguments: str) -> None:
    (call,) = parts(tool_calls=[CALL | {"function": {"name": "f", "arguments": arguments}}])
    assert call == ToolCallPart("c1", "f", arguments)


def test_arguments_given_as_an_object_become_text() -> None:
    assert parts(tool_calls=[CALL | {"function": {"name": "f", "arguments": {"a": 1.0}}}]) == (
        ToolCallPart("c1", "f", '{"a":1.0}'),
    )


def test_a_call_of_an_unknown_kind_stays_as_it_came() -> None:
    call = {"id": "c", "type": "hologram", "hologram": {}}
    assert parts(tool_calls=[call]) == (OpaquePart("openai-chat", {"tool_calls": [call]}),)


def test_google_signatures_stand_before_their_call_and_behind_their_text() -> None:
    extra = {"extra_content": {"google": {"thought_signature": "c2ln"}}}
    told = '{"extra_content":{"google":{"thought_signature":"c2ln"}}}'
    assert parts(tool_calls=[CALL | extra]) == (
        ReasoningPart("", told, "call"),
        ToolCallPart("c1", "f", '{"a": 1.0}'),
    )
    assert parts(content="hi", **extra) == (TextPart("hi"), ReasoningPart("", told, "text"))


def test_a_result_may_be_a_string_or_parts() -> None:
    told = [
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
        {
            "role": "tool",
            "tool_call_id": "c2",
            "content": [{"type": "text", "text": "4"}, {"type": "text", "text": "2"}],
        },
    ]
    assert list(messages_of(told, {})) == [
        Message("tool", (ToolResultPart("c1", (TextPart("42"),)),)),
        Message("tool", (ToolResultPart("c2", (TextPart("4"), TextPart("2"))),)),
    ]


def test_two_old_calls_of_one_function_have_ids_of_their_own_that_their_results_name() -> None:
    turn = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
    result = {"role": "function", "name": "f", "content": "42"}
    messages = list(messages_of([turn, result, turn, result], {}))
    ids = [part.id for message in messages for part in message.parts if isinstance(part, ToolCallPart | ToolResultPart)]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert messages[1].role == "tool"


def test_an_old_result_without_its_call_has_the_functions_name_for_an_id() -> None:
    assert list(messages_of([{"role": "function", "name": "f", "content": "42"}], {})) == [
        Message("tool", (ToolResultPart("f", (TextPart("42"),), name="f"),))
    ]


def test_fields_without_a_word_here_are_kept_and_empty_ones_are_not() -> None:
    (message,) = messages_of([{"role": "user", "content": "hi", "name": "bob", "audio": None, "annotations": []}], {})
    assert message.parts == (TextPart("hi"), OpaquePart("openai-chat", {"name": "bob"}))


@pytest.mark.parametrize(
    ("turn", "where"),
    [
        (7, "messages[0]"),
        ({"content": "no role"}, "messages[0].role"),
        ({"role": "judge", "content": ""}, "messages[0].role"),
        ({"role": ["user"], "content": ""}, "messages[0].role"),
        ({"role": "user", "content": 7}, "messages[0].content"),
    ],
)
def test_a_turn_of_no_known_shape_is_refused_by_its_place(turn: Any, where: str) -> None:
    with pytest.raises(Fault) as raised:
        list(messages_of([turn], {}))
    assert (raised.value.kind, raised.value.param) == ("bad_request", where)


def test_what_results_calls_and_parts_say_beside_their_words_is_kept_by_their_kind() -> None:
    function = {"name": "f", "arguments": "{}"}
    told = [
        {"role": "user", "content": [{"type": "text", "text": "a", "annotations": [1]}]},
        {
            "role": "assistant",
            "tool_calls": [{"id": "c", "index": 0, "type": "function", "function": function, "x": 1}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "b", "is_error": True},
    ]
    extras: dict[str, Any] = {}
    assert len(list(messages_of(told, extras))) == 3
    assert extras == {"text.annotations": [1], "tool_calls.x": 1, "tool.is_error": True}
