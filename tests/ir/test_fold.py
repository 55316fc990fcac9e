"""Laws of the fold between a stream and a whole response."""

from hypothesis import given
from hypothesis import strategies as st

from fastproxy.ir.events import BlockEnd, Event, Failed, Reasoning, Start, Stop, Text, ToolArgs, ToolStart, Usage
from fastproxy.ir.fold import Response, TextBlock, ToolCall, fold, merge, unfold
from laws.event_lists import contents, responses, usages


@given(responses())
def test_unfolding_a_response_and_folding_it_again_changes_nothing(events: list[Event]) -> None:
    response = fold(events)
    assert fold(unfold(response)) == response


@given(responses(), st.integers(0, 20))
def test_a_stream_cut_anywhere_still_folds_and_has_a_stop_only_if_it_was_there(events: list[Event], kept: int) -> None:
    response = fold(events[:kept])
    assert (response.stop is not None) == any(isinstance(event, Stop) for event in events[:kept])


@given(contents())
def test_pieces_join_to_the_text_that_was_sent_block_by_block(events: list[Event]) -> None:
    sent: dict[int, str] = {}
    for event in events:
        if isinstance(event, Text):
            sent[event.block] = sent.get(event.block, "") + event.text
    assert [block.text for block in fold(events).blocks if isinstance(block, TextBlock)] == list(sent.values())


def test_arguments_of_interleaved_calls_stay_apart_and_keep_every_byte() -> None:
    events: list[Event] = [
        ToolStart(0, "a", "f"),
        ToolStart(1, "b", "g"),
        ToolArgs(0, '{"x": 1.'),
        ToolArgs(1, '{"y":123456789012345678901234567890}'),
        ToolArgs(0, "0}"),
        BlockEnd(1),
        BlockEnd(0),
    ]
    assert fold(events).blocks == (
        ToolCall("a", "f", '{"x": 1.0}'),
        ToolCall("b", "g", '{"y":123456789012345678901234567890}'),
    )


def test_a_signature_that_comes_on_a_piece_without_text_is_kept() -> None:
    (block,) = fold([Reasoning(0, "so"), Reasoning(0, "", "c2ln"), BlockEnd(0)]).blocks
    assert (block.text, block.signature) == ("so", "c2ln")  # type: ignore[union-attr]


def test_how_a_response_broke_off_is_kept_beside_what_it_had_said() -> None:
    events: list[Event] = [Start("i", "m", 1), Text(0, "half"), Failed("unreachable", "gone")]
    assert fold(events) == Response(
        Start("i", "m", 1), (TextBlock("half"),), None, Usage(), Failed("unreachable", "gone")
    )


@given(usages, usages, usages)
def test_merging_usage_is_associative_and_a_later_silence_erases_nothing(one: Usage, two: Usage, three: Usage) -> None:
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, Usage()) == one
    assert merge(Usage(), one) == one
    assert merge(one, two).output_tokens == (two.output_tokens if two.output_tokens is not None else one.output_tokens)
