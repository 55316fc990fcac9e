"""Laws of the fold between a stream and a whole response."""

from hypothesis import given
from hypothesis import strategies as st

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
from fastproxy.ir.fold import (
    Block,
    OpaqueBlock,
    ReasoningBlock,
    RefusalBlock,
    Response,
    TextBlock,
    ToolCall,
    call_of,
    fold,
    merge,
    unfold,
)
from laws.event_lists import contents, responses, usages

words = st.text(max_size=5)
bounds = st.sampled_from(["thinking", "redacted", "call", "text"])
blocks = st.one_of(
    st.builds(TextBlock, words, st.lists(st.builds(Citation, st.just(0), words, words), max_size=2).map(tuple)),
    st.builds(RefusalBlock, words),
    st.builds(ReasoningBlock, words, st.none() | words, bounds),
    st.builds(ToolCall, words, words, words, st.booleans()),
    st.builds(OpaqueBlock, words, words, st.binary(max_size=3)),
)


def numbered(told: list[Block]) -> tuple[Block, ...]:
    """The blocks with the number in each citation that its text has: opaque blocks have none."""
    counted = [block for block in told if not isinstance(block, OpaqueBlock)]
    return tuple(
        TextBlock(
            block.text,
            tuple(
                Citation(next(n for n, other in enumerate(counted) if other is block), cited.url, cited.title)
                for cited in block.citations
            ),
        )
        if isinstance(block, TextBlock)
        else block
        for block in told
    )


@given(st.lists(blocks, max_size=5), st.none() | st.just(Stop("end")), usages)
def test_every_kind_of_block_survives_unfolding_and_folding(told: list[Block], stop: Stop | None, usage: Usage) -> None:
    response = Response(Start("i", "m", 1), numbered(told), stop, usage, Failed("timeout", "late"))
    assert fold(unfold(response)) == response


@given(st.lists(blocks, max_size=5))
def test_unfolded_blocks_are_numbered_densely_in_order_and_each_ends(told: list[Block]) -> None:
    events = unfold(Response(Start("i", "m", 1), tuple(told)))
    ends = [event.block for event in events if isinstance(event, BlockEnd)]
    assert ends == list(range(sum(not isinstance(block, OpaqueBlock) for block in told)))


def test_blocks_stand_in_the_order_of_their_opening_with_opaque_ones_between() -> None:
    events: list[Event] = [
        Text(0, "a"),
        ToolStart(1, "c", "f"),
        Opaque("gemini", "part", b"{}"),
        Text(0, "b"),
        Refusal(2, "no"),
        Citation(0, "u"),
        BlockEnd(1),
        BlockEnd(0),
        BlockEnd(2),
    ]
    assert fold(events).blocks == (
        TextBlock("ab", (Citation(0, "u"),)),
        ToolCall("c", "f", ""),
        OpaqueBlock("gemini", "part", b"{}"),
        RefusalBlock("no"),
    )


def test_what_a_signature_proves_is_told_by_the_piece_that_brings_it() -> None:
    for bound in ("redacted", "call", "text"):
        (block,) = fold([Reasoning(0, "so"), Reasoning(0, "", "sig", bound), Reasoning(0, "!")]).blocks  # type: ignore[arg-type]
        assert block == ReasoningBlock("so!", "sig", bound)  # type: ignore[arg-type]


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


def test_a_signature_is_bound_to_the_call_right_behind_it_and_to_none_further_on() -> None:
    signature, call = Reasoning(0, "", "c2ln", "call"), ToolStart(1, "c", "f")
    assert call_of([signature, BlockEnd(0), call], 0) == call
    assert call_of([signature, BlockEnd(0), Text(1, ""), BlockEnd(1), call], 0) is None
    assert call_of([signature], 0) is None
