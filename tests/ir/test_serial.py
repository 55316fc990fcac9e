"""Blocks put one after the other: nothing lost, nothing changed, one open at a time."""

from hypothesis import given

from fastproxy.ir.events import (
    BlockEnd,
    Citation,
    Event,
    Failed,
    Opaque,
    Reasoning,
    Refusal,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from fastproxy.ir.fold import fold
from fastproxy.ir.serial import Serial
from laws.event_lists import responses


def serial(events: list[Event]) -> list[Event]:
    line = Serial()
    return [ready for event in events for ready in line.feed(event)]


@given(responses())
def test_the_serial_order_folds_to_the_same_response_and_holds_the_same_events(events: list[Event]) -> None:
    ordered = serial(events)
    assert fold(ordered) == fold(events)
    assert sorted(map(repr, ordered)) == sorted(map(repr, events))


@given(responses())
def test_no_block_begins_before_the_one_before_it_has_ended(events: list[Event]) -> None:
    open_block: int | None = None
    for event in serial(events):
        block = getattr(event, "block", None)
        if isinstance(event, Opaque | Stop):
            assert open_block is None
        if block is not None:
            assert open_block in {None, block}
            open_block = None if isinstance(event, BlockEnd) else block


def test_events_of_the_open_block_are_not_held_back() -> None:
    line = Serial()
    for event in (Start("i", "m", 0), Text(0, "a"), Usage(output_tokens=1), Text(0, "b"), BlockEnd(0), Text(1, "c")):
        assert line.feed(event) == [event]


def test_a_second_call_waits_for_the_end_of_the_first() -> None:
    line = Serial()
    line.feed(ToolStart(0, "a", "f"))
    assert line.feed(ToolStart(1, "b", "g")) == []
    assert line.feed(ToolArgs(1, "{}")) == []
    assert line.feed(BlockEnd(0)) == [BlockEnd(0), ToolStart(1, "b", "g"), ToolArgs(1, "{}")]
    assert line.feed(ToolArgs(1, " ")) == [ToolArgs(1, " ")]


def test_a_stop_ends_what_its_source_left_open() -> None:
    ordered = serial([ToolStart(0, "a", "f"), ToolStart(1, "b", "g"), ToolStart(2, "c", "h"), Stop("tools")])
    assert ordered == [
        ToolStart(0, "a", "f"),
        BlockEnd(0),
        ToolStart(1, "b", "g"),
        BlockEnd(1),
        ToolStart(2, "c", "h"),
        BlockEnd(2),
        Stop("tools"),
    ]


def test_a_failure_is_told_at_once() -> None:
    line = Serial()
    line.feed(Text(0, "half"))
    line.feed(Text(1, "waits"))
    assert line.feed(Failed("timeout", "late")) == [Failed("timeout", "late")]


def test_every_kind_of_piece_waits_for_the_block_before_its_own() -> None:
    line = Serial()
    line.feed(Text(0, "open"))
    later = [Refusal(1, "no"), Reasoning(2, "so"), Citation(1, "u"), ToolArgs(3, "{}")]
    assert [line.feed(event) for event in later] == [[], [], [], []]
    assert line.feed(BlockEnd(0)) == [BlockEnd(0), Refusal(1, "no"), Citation(1, "u")]


def test_nothing_but_usage_comes_after_the_end() -> None:
    for end in (Stop("end"), Failed("timeout", "late")):
        line = Serial()
        line.feed(Text(0, "half"))
        line.feed(end)
        assert line.open is None
        assert [line.feed(late) for late in (Text(0, "more"), BlockEnd(0), Stop("end"))] == [[], [], []]
        assert line.feed(Usage(output_tokens=1)) == [Usage(output_tokens=1)]
        assert line.open is None


@given(responses())
def test_a_piece_of_the_block_that_is_open_is_next_and_changes_nothing(events: list[Event]) -> None:
    line = Serial()
    for event in events:
        block = getattr(event, "block", None)
        if block is None or block != line.open or isinstance(event, BlockEnd):
            line.feed(event)
        else:
            assert line.feed(event) == [event]
            assert line.open == block


def test_very_many_blocks_that_wait_follow_in_order_when_their_turn_comes() -> None:
    count = 200_000  # tried against the square: a minute
    opened: list[Event] = [Text(block, "x") for block in range(count)]
    closed: list[Event] = [BlockEnd(block) for block in range(count)]
    assert serial([*opened, *reversed(closed)]) == [
        event for pair in zip(opened, closed, strict=True) for event in pair
    ]
