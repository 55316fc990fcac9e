"""Free-text tools as functions: the text survives, whatever is in it and however it is cut."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.ir.events import BlockEnd, Event, ToolArgs, ToolStart
from fastproxy.ir.request import Message, Request, TextPart, Tool, ToolCallPart, ToolResultPart
from fastproxy.translate.customs import Unwrapping, Wrapping, unwrapped, wrapped

GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": 'start: "x"'}
PATCH = Tool("apply_patch", "Edits files.", custom=True, grammar=GRAMMAR)
CALL = ToolCallPart("c1", "apply_patch", '*** "Begin"\n\\', custom=True)


def fed(line: Unwrapping, *events: ToolStart | ToolArgs | BlockEnd) -> list[Event]:
    return [told for event in events for told in line.feed(event)]


def test_a_free_text_tool_becomes_a_function_of_one_string_and_keeps_its_grammar_in_words() -> None:
    told, names = wrapped(Request("openai-responses", "m", (), tools=(PATCH, Tool("f"))))
    function, other = told.tools
    assert names == {"apply_patch"}
    assert other == Tool("f")
    assert (function.custom, function.grammar) == (False, None)
    assert function.schema is not None
    assert (function.schema["required"], list(function.schema["properties"])) == (["input"], ["input"])
    assert function.description == 'Edits files.\n\nThe input must match this grammar:\nlark\nstart: "x"'


@pytest.mark.parametrize("grammar", [{"type": "text"}, None, {"type": "grammar", "grammar": GRAMMAR}])
def test_grammars_are_found_in_both_spellings_and_none_is_none(grammar: dict[str, object] | None) -> None:
    told, _ = wrapped(Request("openai-chat", "m", (), tools=(msgspec.structs.replace(PATCH, grammar=grammar),)))
    assert ("start:" in told.tools[0].description) == (grammar is not None and "grammar" in grammar)


@given(st.text())
def test_calls_of_the_history_are_wrapped_and_say_the_same(text: str) -> None:
    call, result = ToolCallPart("c", "f", text, custom=True), ToolResultPart("c", (TextPart("ok"),), custom=True)
    told, _ = wrapped(Request("openai-chat", "m", (Message("assistant", (call,)), Message("tool", (result,)))))
    (new,), (answer,) = (message.parts for message in told.messages)
    assert isinstance(new, ToolCallPart)
    assert (unwrapped(new.arguments), new.custom) == (text, False)
    assert answer == ToolResultPart("c", (TextPart("ok"),))


def test_a_request_without_free_text_tools_is_the_same_request() -> None:
    asked = Request("openai-chat", "m", (), tools=(Tool("f"),))
    assert wrapped(asked)[0] is asked


@given(st.text(), st.integers(0, 9))
def test_calls_of_the_answer_reach_the_client_as_free_text(text: str, cut: int) -> None:
    arguments = msgspec.json.encode({"input": text}).decode()
    line = Unwrapping(frozenset({"apply_patch"}))
    told = fed(
        line,
        ToolStart(1, "c", "apply_patch"),
        ToolArgs(1, arguments[:cut]),
        ToolArgs(1, arguments[cut:]),
        BlockEnd(1),
    )
    assert told == [ToolStart(1, "c", "apply_patch", custom=True), ToolArgs(1, text), BlockEnd(1)]


def test_other_calls_pass_untouched_beside_a_wrapped_one() -> None:
    line = Unwrapping(frozenset({"apply_patch"}))
    line.feed(ToolStart(0, "a", "apply_patch"))
    events = (ToolStart(1, "b", "f"), ToolArgs(1, '{"input":"x"}'), BlockEnd(1))
    assert fed(line, *events) == list(events)


@pytest.mark.parametrize("text", ["*** Begin", '{"input":1}', "[]", '{"a":"x","b":"y"}', '{"input":"half', "", "{}"])
def test_what_is_not_the_object_asked_for_stays_as_the_model_wrote_it(text: str) -> None:
    assert unwrapped(text) == text


def test_one_string_under_another_name_is_the_input() -> None:
    assert unwrapped('{"patch":"x"}') == "x"


def test_a_response_that_ends_within_a_call_tells_what_had_come() -> None:
    line = Unwrapping(frozenset({"apply_patch"}))
    fed(line, ToolStart(0, "a", "apply_patch"), ToolArgs(0, '{"input":"ha'))
    assert line.close() == [ToolArgs(0, '{"input":"ha')]
    assert line.close() == []


@given(st.lists(st.text(), max_size=4))
def test_a_free_text_call_that_the_client_can_not_be_told_of_is_a_call_of_a_function(pieces: list[str]) -> None:
    line = Wrapping(frozenset({"shell"}))
    start = ToolStart(1, "c", "apply_patch", custom=True)
    assert line.takes(start)
    told = [*line.feed(start), *(e for piece in pieces for e in line.feed(ToolArgs(1, piece))), *line.feed(BlockEnd(1))]
    assert (told[0], told[-1]) == (ToolStart(1, "c", "apply_patch"), BlockEnd(1))
    arguments = "".join(event.json for event in told if isinstance(event, ToolArgs))
    assert msgspec.json.decode(arguments) == {"input": "".join(pieces)}
    assert not line.holds(1)


@pytest.mark.parametrize("start", [ToolStart(0, "a", "shell", custom=True), ToolStart(0, "a", "apply_patch")])
def test_calls_of_functions_and_of_tools_that_the_client_has_declared_are_left_alone(start: ToolStart) -> None:
    assert not Wrapping(frozenset({"shell"})).takes(start)


def test_a_wrapped_call_that_a_limit_cuts_is_whole_json_all_the_same() -> None:
    line = Wrapping(frozenset())
    told = [*line.feed(ToolStart(0, "a", "f", custom=True)), *line.feed(ToolArgs(0, "ha")), *line.close()]
    assert "".join(event.json for event in told if isinstance(event, ToolArgs)) == '{"input":"ha"}'
    assert line.close() == []
