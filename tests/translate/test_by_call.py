"""Structured answers by way of a call: what the model is asked for, and what its client hears of the call."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.ir.events import BlockEnd, Event, Failed, Reasoning, Start, Stop, Text, ToolArgs, ToolStart, Usage
from fastproxy.ir.request import Message, Output, Request, Tool, ToolCallPart, ToolChoice
from fastproxy.translate.by_call import Answering, asked

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
F, G = Tool("f"), Tool("g")


def request(tools: tuple[Tool, ...] = (), choice: ToolChoice | None = None, **output: Any) -> Request:
    shape = Output("schema", schema=SCHEMA, **output)
    return Request("gemini", "m", (), output=shape, tools=tools, tool_choice=choice or ToolChoice())


@pytest.mark.parametrize(
    ("tools", "choice", "names"),
    [
        ((), ToolChoice(), ("answer",)),
        ((F, G), ToolChoice("none"), ("answer",)),
        ((F, G), ToolChoice(), ()),  # any of them, and the answer is one
        ((F, G), ToolChoice("auto", ("f",)), ("f", "answer")),
    ],
)
def test_a_call_is_demanded_of_what_may_come(tools: tuple[Tool, ...], choice: ToolChoice, names: tuple[str, ...]):
    told, name = asked(request(tools, choice, verbosity="low"))
    assert name == "answer"
    assert told.tool_choice == ToolChoice("required", names)
    assert told.tools[:-1] == tools
    assert (told.tools[-1].name, told.tools[-1].schema) == ("answer", SCHEMA)
    assert told.output == Output(verbosity="low")


def test_its_name_is_nobody_elses_and_the_clients_description_is_in_it():
    told, name = asked(request((Tool("answer"),), description="Where it is."))
    assert name == "answer_"
    called = Message("assistant", (ToolCallPart("c", "answer", "{}"),))
    assert asked(msgspec.structs.replace(request(), messages=(called,)))[1] == "answer_"
    assert "Where it is." in told.tools[-1].description


ARGUMENTS = '{"a": "\\u0061", "b": 12345678901234567890.0}'


@given(st.lists(st.integers(0, len(ARGUMENTS)), max_size=5).map(sorted))
def test_its_arguments_are_the_answer_byte_for_byte_however_they_are_cut(cuts: list[int]):
    ends = [*cuts, len(ARGUMENTS)]
    pieces = [ARGUMENTS[at:end] for at, end in zip([0, *cuts], ends, strict=True)]
    events: list[Event] = [Start("i", "m", 1), ToolStart(0, "c", "answer")]
    events += [ToolArgs(0, piece) for piece in pieces]
    told = Answering("answer").feed([*events, BlockEnd(0), Usage(), Stop("tools", "tool_use")])
    assert "".join(event.text for event in told if isinstance(event, Text)) == ARGUMENTS
    assert {type(event) for event in told} == {Start, Text, BlockEnd, Usage, Stop}
    assert told[-1] == Stop("end", "tool_use")


def test_it_is_told_as_it_comes():
    one = Answering("answer")
    each = [ToolStart(0, "c", "answer"), ToolArgs(0, '{"a"'), ToolArgs(0, ':"b"}'), BlockEnd(0)]
    told = [one.feed([event]) for event in each]
    assert told == [[], [Text(0, '{"a"')], [Text(0, ':"b"}')], [BlockEnd(0)]]


def test_an_answer_without_arguments_is_an_empty_object():
    empty: list[Event] = [ToolStart(0, "c", "answer"), ToolArgs(0, ""), BlockEnd(0)]
    assert Answering("answer").feed([*empty, Stop("tools")]) == [Text(0, "{}"), BlockEnd(0), Stop("end")]
    assert Answering("answer").feed([Text(1, "So:"), *empty, Stop("tools")])[0] == Text(0, "{}")
    assert Answering("answer").feed([*empty, Stop("length")]) == [Stop("length")]  # it was cut, and says nothing
    full: list[Event] = [ToolStart(1, "d", "answer"), ToolArgs(1, '{"a":1}'), BlockEnd(1), Stop("tools")]
    assert Answering("answer").feed([*empty, *full]) == [Text(1, '{"a":1}'), BlockEnd(1), Stop("end")]


def test_calls_of_the_clients_own_functions_stay_calls():
    own: list[Event] = [ToolStart(1, "d", "f"), ToolArgs(1, "{}"), BlockEnd(1), Stop("tools")]
    assert Answering("answer").feed(own) == own
    said = [ToolStart(0, "c", "answer"), ToolArgs(0, '{"a":1}'), BlockEnd(0)]
    assert Answering("answer").feed([*said, *own])[-4:] == own


@pytest.mark.parametrize("end", [Stop("end"), Failed("timeout", "late")])
def test_what_a_model_says_instead_is_told_as_it_is(end: Stop | Failed):
    said: list[Event] = [Text(0, "No."), BlockEnd(0), end]
    assert Answering("answer").feed(said) == said


PRELUDE: list[Event] = [Reasoning(0, "Hm."), BlockEnd(0), Text(1, "Here: "), Reasoning(2, "", "s", "text"), BlockEnd(2)]
ANSWER: list[Event] = [ToolStart(3, "c", "answer"), ToolArgs(3, '{"a":1}'), BlockEnd(3)]
TOLD: list[Event] = [Reasoning(0, "Hm."), BlockEnd(0), Text(3, '{"a":1}'), BlockEnd(3), Stop("end")]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("text_ends", [True, False])
def test_a_prelude_is_left_out_and_so_is_what_follows_for_the_answer_must_be_json(at_once: bool, text_ends: bool):
    one = Answering("answer")
    ended: list[Event] = [BlockEnd(1)] if text_ends else []
    late: list[Event] = [*([] if text_ends else [BlockEnd(1)]), Text(4, "There."), BlockEnd(4), Stop("tools")]
    events = [*PRELUDE, *ended, *ANSWER, *late]
    told = one.feed(events) if at_once else [each for event in events for each in one.feed([event])]
    assert told == TOLD


def test_what_is_said_before_a_call_of_the_clients_own_is_told_before_it_in_its_order():
    own: list[Event] = [Reasoning(3, "", "s", "call"), BlockEnd(3), ToolStart(4, "d", "f"), BlockEnd(4), Stop("tools")]
    said = [*PRELUDE, BlockEnd(1), *own]
    assert Answering("answer").feed(said) == said
    one = Answering("answer")
    assert one.feed(said[:4]) == PRELUDE[:2]
    assert one.feed(said[4:]) == said[2:]


def test_a_text_that_has_begun_to_be_told_is_told_to_its_end():
    own: list[Event] = [ToolStart(1, "d", "f"), BlockEnd(1)]
    rest: list[Event] = [Text(0, "more"), ToolStart(2, "c", "answer"), ToolArgs(2, "{}"), BlockEnd(2), BlockEnd(0)]
    told = Answering("answer").feed([Text(0, "some"), *own, *rest, Stop("tools")])
    assert told == [
        Text(0, "some"), *own, Text(0, "more"), Text(2, "{}"), BlockEnd(2), BlockEnd(0), Stop("tools"),
    ]  # fmt: skip


def test_a_second_answer_is_left_out():
    one = Answering("answer")
    first: list[Event] = [ToolStart(0, "c", "answer"), ToolArgs(0, '{"a":1}'), BlockEnd(0)]
    again: list[Event] = [ToolStart(1, "d", "answer"), ToolArgs(1, '{"a":2}'), BlockEnd(1), Stop("tools")]
    assert one.feed(first) == [Text(0, '{"a":1}'), BlockEnd(0)]
    assert one.feed(again) == [Stop("end")]


def test_a_signature_of_its_call_goes_and_that_of_another_stays():
    thought, mine, other = Reasoning(0, "Hm."), Reasoning(1, "", "sig", "call"), Reasoning(3, "", "gis", "call")
    told = Answering("answer").feed([
        thought, BlockEnd(0), mine, BlockEnd(1), ToolStart(2, "c", "answer"), BlockEnd(2),
        other, BlockEnd(3), ToolStart(4, "d", "f"), BlockEnd(4),
    ])  # fmt: skip
    assert mine not in told
    assert BlockEnd(1) not in told
    assert told[-4:] == [other, BlockEnd(3), ToolStart(4, "d", "f"), BlockEnd(4)]


@pytest.mark.parametrize("end", [Stop("length", "max_tokens"), Stop("refusal"), Failed("timeout", "late")])
def test_how_it_ended_stays_the_same(end: Stop | Failed):
    told = Answering("answer").feed([ToolStart(0, "c", "answer"), ToolArgs(0, '{"a'), end])
    assert told == [Text(0, '{"a'), end]
