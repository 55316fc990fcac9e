"""Tool calls from deltas that hosts number, name and cut as they like."""

from itertools import count
from typing import Any

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat import calls as module
from fastproxy.formats.openai_chat.calls import MAX_OPEN, Calls, arguments_text
from fastproxy.ir.events import BlockEnd, Event, Reasoning, ToolArgs, ToolStart
from fastproxy.ir.fold import ToolCall, fold


def delta(arguments: Any = None, name: str | None = None, **fields: Any) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {**fields, "function": function}


def told(*chunks: list[dict[str, Any]]) -> list[Event]:
    calls, events = Calls(count()), list[Event]()
    for entries in chunks:
        if not calls.grow(entries, events):
            calls.take(entries, events)
    calls.end(events)
    return events


def calls_of(*chunks: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    blocks = fold(told(*chunks)).blocks
    return [(block.id, block.name, block.arguments) for block in blocks if isinstance(block, ToolCall)]


def test_openais_deltas() -> None:
    assert told(
        [delta("", "f", index=0, id="a", type="function")], [delta('{"x"', index=0)], [delta(": 1.0}", index=0)]
    ) == [ToolStart(0, "a", "f"), ToolArgs(0, '{"x"'), ToolArgs(0, ": 1.0}"), BlockEnd(0)]


@pytest.mark.parametrize("arguments", ["{}", None, ""])
def test_a_call_told_in_one_delta(arguments: str | None) -> None:
    assert calls_of([delta(arguments, "f", index=0, id="a")]) == [("a", "f", arguments or "")]


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([[delta("{}", "f", index=0, id="a")], [delta("{}", "g", index=0, id="b")]], id="one index"),
        pytest.param([[delta("{}", "f", id="a")], [delta("{}", "g", id="b")]], id="no index, by id"),
        pytest.param([[delta("{}", "f", id="a"), delta("{}", "g", id="b")]], id="no index, one list"),
        pytest.param(
            [[delta("", "f", index=0, id="a")], [delta("{", index=0, id="a")], [delta("}", index=0, id="a")],
             [delta("{}", "g", index=1, id="b")]],
            id="id repeated",
        ),
        pytest.param(
            [[delta("", "f", index=0)], [delta("{}", index=0, id="a")], [delta("", "g", index=1)],
             [delta("{}", index=1, id="b")]],
            id="id late",
        ),
        pytest.param(
            [[delta("", "f", id="a")], [delta("{")], [delta("}")], [delta("{}", "g", id="b")]],
            id="no index, continued by the last",
        ),
        pytest.param(
            [[delta("", "f", id="a"), delta("", "g", id="b")], [delta("{"), delta("{")], [delta("}"), delta("}")]],
            id="no index, continued by position",
        ),
        pytest.param(
            [[delta("", "f", id="a")], [delta("", "g", id="b")], [delta("{}", id="a")], [delta("{}", id="b")]],
            id="no index, continued by id",
        ),
        pytest.param([[delta({}, "f", index=3, id="a")], [delta({}, "g", index=7, id="b")]], id="arguments as objects"),
    ],
)  # fmt: skip
def test_two_calls_stay_two_calls(chunks: list[list[dict[str, Any]]]) -> None:
    assert calls_of(*chunks) == [("a", "f", "{}"), ("b", "g", "{}")]


def test_calls_without_ids_under_one_index_are_told_apart_by_whole_arguments() -> None:
    one = delta('{"city":"Bern"}', "f", index=0)
    two = delta('{"city":"Rome"}', "f", index=0)
    assert calls_of([one], [two]) == [("", "f", '{"city":"Bern"}'), ("", "f", '{"city":"Rome"}')]


@pytest.mark.parametrize("pieces", [("get_", "weather"), ("get_weather", "get_weather"), ("get_weather", "")])
def test_a_name_may_come_in_pieces_or_again(pieces: tuple[str, str]) -> None:
    deltas = [[delta("", piece, index=0, id="a")] for piece in pieces]
    assert calls_of(*deltas, [delta("{}", index=0)]) == [("a", "get_weather", "{}")]


def test_a_name_that_is_repeated_with_every_piece_is_no_other_call() -> None:
    assert calls_of([delta("{", "f", index=0, id="a")], [delta("}", "f", index=0)]) == [("a", "f", "{}")]


def test_truly_interleaved_calls_keep_their_pieces() -> None:
    events = told(
        [delta('{"x":', "f", index=0, id="a"), delta('{"y":', "g", index=1, id="b")],
        [delta("1}", index=0), delta("2}", index=1)],
    )
    assert [event.block for event in events if isinstance(event, ToolArgs)] == [0, 1, 0, 1]
    assert [block.arguments for block in fold(events).blocks if isinstance(block, ToolCall)] == ['{"x":1}', '{"y":2}']


def test_a_call_whose_arguments_are_whole_ends_when_the_next_one_opens() -> None:
    events = told([delta('{"x":1}', "f", index=0, id="a")], [delta('{"y":', "g", index=1, id="b")])
    assert events.index(BlockEnd(0)) < events.index(ToolStart(1, "b", "g"))


def test_what_a_host_repeats_after_whole_arguments_is_not_told_twice() -> None:
    first, second = delta('{"x":1}', "f", index=0, id="a"), delta("{}", "g", index=1, id="b")
    assert calls_of([first], [second], [delta('{"x":1}', index=0)])[0] == ("a", "f", '{"x":1}')


def test_a_custom_call_takes_text() -> None:
    opening = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "shell", "input": ""}}
    events = told([opening], [{"index": 0, "custom": {"input": "date"}}])
    assert events == [ToolStart(0, "a", "shell", custom=True), ToolArgs(0, "date"), BlockEnd(0)]


def test_googles_signature_stands_before_its_call() -> None:
    extra = {"google": {"thought_signature": "c2ln"}}
    events = told([delta("{}", "f", index=0, id="a", extra_content=extra)])
    signature = '{"extra_content":{"google":{"thought_signature":"c2ln"}}}'
    assert events[:3] == [Reasoning(0, "", signature, "call"), BlockEnd(0), ToolStart(1, "a", "f")]


@pytest.mark.parametrize("entry", [7, None, {}, {"function": None}, {"function": {"name": 7, "arguments": 1.5}}])
def test_an_odd_entry_breaks_nothing(entry: Any) -> None:
    told([entry])


def test_numbered_ids_become_text() -> None:
    assert calls_of([delta("{}", "f", index=0, id=0)]) == [("0", "f", "{}")]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ('{"a": 1.0}', '{"a": 1.0}'),
        (None, ""),
        ({"a": 1.0}, '{"a":1.0}'),
        ({"n": 2**70}, '{"n":1180591620717411303424}'),
    ],
)
def test_arguments_are_text(told: object, text: str) -> None:
    assert arguments_text(told) == text


def test_calls_that_are_never_finished_are_not_kept_without_bound() -> None:
    opened = [[delta("{", "f", index=index, id=f"c{index}")] for index in range(MAX_OPEN + 1)]
    assert len(calls_of(*opened[:-1])) == MAX_OPEN
    with pytest.raises(Fault, match="unfinished"):
        told(*opened)


def test_very_many_calls_that_are_whole_are_no_trouble() -> None:
    assert len(calls_of(*([delta("{}", "f", index=index)] for index in range(3 * MAX_OPEN)))) == 3 * MAX_OPEN


def test_a_call_that_seems_whole_again_and_again_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_CHARACTERS", 100)
    pieces = ["{", *("{}}" for _ in range(50))]
    chunks = [[delta(piece, "f", index=0)] for piece in pieces]
    assert calls_of(*chunks) == [("", "f", "".join(pieces))]


class Looked(str):
    """Arguments that count how often they are gone through."""

    __slots__ = ()
    times = 0

    def rstrip(self, characters: str | None = None, /) -> str:
        type(self).times += 1
        return super().rstrip(characters)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    monkeypatch.setattr(Looked, "times", 0)
    calls = Calls(count())
    calls.take([delta("{", "f", index=0)], [])
    return calls


def test_a_call_that_has_not_grown_is_not_looked_at_again(calls: Calls) -> None:
    calls.take([delta(Looked(" " * 1000), index=0)], [])
    for _ in range(100):
        calls.end_whole([])
    assert Looked.times == 1


def test_blanks_are_counted_before_they_are_gone_through(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_CHARACTERS", 1000)
    for _ in range(50):
        calls.take([delta(Looked(" " * 300), index=0)], [])
        calls.end_whole([])
    assert Looked.times == 3


def test_a_call_is_seen_to_be_whole_after_looks_that_came_too_early(calls: Calls) -> None:
    events = list[Event]()
    for piece in ('"a":{}', "  ", "}"):
        assert calls.are_open
        calls.take([delta(piece, index=0)], events)
        calls.end_whole(events)
        calls.end_whole(events)
    assert not calls.are_open
    assert fold([ToolStart(0, "", "f"), ToolArgs(0, "{"), *events]).blocks == (ToolCall("", "f", '{"a":{}  }'),)
