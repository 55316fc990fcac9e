"""Names and ids in the other side's letters: legal, distinct, the same every turn."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.base import Spelling
from fastproxy.ir.request import Message, Request, Tool, ToolCallPart, ToolChoice, ToolResultPart
from fastproxy.translate.names import SHORT_ID, call_id, legal, respelled, short

STRICT = Spelling(re.compile(r"[A-Za-z0-9_-]{1,64}"), re.compile(r"[A-Za-z0-9_-]{1,40}"))
GEMINI = Spelling(re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}"), re.compile(r".*", re.DOTALL))
names = st.text(min_size=1, max_size=90) | st.sampled_from(
    ["mcp__a.b", "mcp__a/b", "mcp__a:b", "get weather", "9lives"]
)


def request(*tools: str, calls: tuple[str, ...] = ()) -> Request:
    history = tuple(
        message
        for number, name in enumerate(calls)
        for message in (
            Message("assistant", (ToolCallPart(f"c{number}", name, "{}"),)),
            Message("tool", (ToolResultPart(f"c{number}", (), name=name),)),
        )
    )
    return Request("anthropic", "m", history, tools=tuple(map(Tool, tools)), tool_choice=ToolChoice("required", tools))


def ids_of(told: Request) -> list[tuple[str, ...]]:
    return [
        tuple(part.id for part in message.parts if isinstance(part, ToolCallPart | ToolResultPart))
        for message in told.messages
    ]


@given(st.lists(names, max_size=6, unique=True), st.lists(names, max_size=3), st.sampled_from([STRICT, GEMINI]))
def test_every_name_is_legal_distinct_and_finds_its_way_back(
    tools: list[str], calls: list[str], spelling: Spelling
) -> None:
    told, back = respelled(request(*tools, calls=tuple(calls)), spelling)
    new = [tool.name for tool in told.tools]
    assert all(spelling.name.fullmatch(name) for name in new)
    assert len(set(new)) == len(tools)
    assert [back.get(name, name) for name in new] == tools
    assert told.tool_choice.names == tuple(new)
    said = [part.name for message in told.messages for part in message.parts]  # type: ignore[union-attr]
    assert [back.get(name, name) for name in said] == [name for name in calls for _ in range(2)]


def test_a_legal_name_keeps_its_spelling_and_the_request_its_messages() -> None:
    asked = request("get_weather", calls=("get_weather",))
    told, back = respelled(asked, STRICT)
    assert (told, back) == (asked, {})
    assert all(new is old for new, old in zip(told.messages, asked.messages, strict=True))


def test_a_new_name_does_not_depend_on_the_other_tools() -> None:
    (alone,) = respelled(request("a.b"), STRICT)[0].tools
    among = respelled(request("x", "a b", "a.b"), STRICT)[0].tools
    assert alone == among[2]
    assert alone.name.startswith("a_b_")


def test_a_tool_that_has_the_new_spelling_already_keeps_it() -> None:
    taken = legal("a.b", "tool", 48)
    told, back = respelled(request("a.b", taken), STRICT)
    assert told.tools[1].name == taken
    assert told.tools[0].name != taken
    assert back[told.tools[0].name] == "a.b"


@given(st.text(max_size=100))
def test_a_call_id_is_legal_and_the_same_every_time(upstream_id: str) -> None:
    told = call_id(upstream_id, STRICT)
    assert STRICT.id.fullmatch(told)
    assert told == call_id(upstream_id, STRICT) == call_id(told, STRICT)


@given(st.lists(st.sampled_from(["same", "", "call:1", "call:2", "c" * 70, "call\n"]), max_size=8))
def test_ids_are_legal_distinct_and_results_follow_their_calls(ids: list[str]) -> None:
    calls = Message("assistant", tuple(ToolCallPart(id_, "f", "{}") for id_ in ids))
    results = Message("tool", tuple(ToolResultPart(id_, ()) for id_ in ids))
    told, _ = respelled(Request("gemini", "m", (calls, results)), STRICT)
    new_calls, new_results = ids_of(told)
    assert new_calls == new_results
    assert len(set(new_calls)) == len(ids)
    assert all(STRICT.id.fullmatch(id_) for id_ in new_calls)


def test_calls_of_later_turns_that_repeat_an_id_get_one_of_their_own() -> None:
    turn = (Message("assistant", (ToolCallPart("f", "f", "{}"),)), Message("tool", (ToolResultPart("f", ()),)))
    told, _ = respelled(Request("gemini", "m", turn * 3), STRICT)
    (first,), (one,), (second,), (two,), (third,), (three,) = ids_of(told)
    assert (first, second, third) == (one, two, three)
    assert first == "f"
    assert len({first, second, third}) == 3


def test_ids_of_earlier_turns_stay_when_the_conversation_goes_on() -> None:
    turn = (Message("assistant", (ToolCallPart("a:b", "f", "{}"),)), Message("tool", (ToolResultPart("a:b", ()),)))
    short, _ = respelled(Request("gemini", "m", turn), STRICT)
    longer, _ = respelled(Request("gemini", "m", turn * 2), STRICT)
    assert longer.messages[:2] == short.messages


@given(st.lists(st.sampled_from(["same", "", "call_1", "toolu_01" * 9, "3EpsLcLQ3", "é", "\ud800"]), max_size=8))
def test_short_ids_are_short_distinct_and_results_follow_their_calls(ids: list[str]) -> None:
    calls = Message("assistant", tuple(ToolCallPart(id_, "f", "{}") for id_ in ids))
    results = Message("tool", tuple(ToolResultPart(id_, ()) for id_ in ids))
    told, _ = respelled(Request("gemini", "m", (calls, results)), STRICT, short_ids=True)
    new_calls, new_results = ids_of(told)
    assert new_calls == new_results
    assert len(set(new_calls)) == len(ids)
    assert all(SHORT_ID.fullmatch(id_) for id_ in new_calls)


def test_an_id_that_is_short_already_stays_and_all_others_are_the_same_in_every_turn() -> None:
    def turn(id_: str) -> tuple[Message, Message]:
        return Message("assistant", (ToolCallPart(id_, "f", "{}"),)), Message("tool", (ToolResultPart(id_, ()),))

    one, _ = respelled(Request("anthropic", "m", turn("toolu_1")), STRICT, short_ids=True)
    two, _ = respelled(Request("anthropic", "m", (*turn("toolu_1"), *turn("3EpsLcLQ3"))), STRICT, short_ids=True)
    assert ids_of(two) == [*ids_of(one), ("3EpsLcLQ3",), ("3EpsLcLQ3",)]
    assert ids_of(one)[0] == (short("toolu_1"),)


def test_short_ids_of_many_calls_hardly_ever_meet() -> None:
    assert len({short(f"call_{number}") for number in range(20_000)}) == 20_000


@pytest.mark.parametrize("text", ["", "...", "9", "\ud800", "é"])
def test_whatever_the_text_its_legal_spelling_begins_with_a_letter(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{1,39}", legal(text, "call"))


def test_a_long_name_still_says_what_the_tool_does() -> None:
    new, there = respelled(request("mcp__issue_tracker__/list_open_pull_requests"), STRICT)
    assert new.tools[0].name.startswith("mcp__issue_tracker___list_open_pull_requests_")
    assert there == {new.tools[0].name: "mcp__issue_tracker__/list_open_pull_requests"}


def test_one_id_for_many_calls_does_not_make_each_search_begin_at_the_first() -> None:
    calls = tuple(ToolCallPart("a", f"f.{number}", "{}") for number in range(5_000))
    results = tuple(ToolResultPart("a", ()) for _ in calls)
    asked = Request("anthropic", "m", (Message("assistant", calls), Message("tool", results)))
    told, back = respelled(asked, STRICT)  # tried against the square of calls: minutes
    called, answered = ids_of(told)
    assert called == answered
    assert (len(set(called)), called[0], len(back)) == (5_000, "a", 5_000)
