"""One block at a time: the same bytes, however the events are handed over."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats import FORMATS
from fastproxy.formats.base import EncoderOptions, Format
from fastproxy.ir.events import BlockEnd, Event, Reasoning, Start, Stop, Text, ToolArgs, ToolStart, Usage

BLOCKS: tuple[tuple[Event, ...], ...] = (
    (Text(0, "a"), Text(0, ""), Text(0, "b"), BlockEnd(0)),
    (Reasoning(1, "because"), Reasoning(1, " of it"), BlockEnd(1)),
    (ToolStart(2, "call_2", "look"), ToolArgs(2, '{"q":'), ToolArgs(2, '"x"}'), BlockEnd(2)),
    (ToolStart(3, "call_3", "look"), ToolArgs(3, "{}"), BlockEnd(3)),
)


@st.composite
def interleaved(draw: st.DrawFn) -> list[Event]:
    """The events of all blocks, each block's own in order."""
    left = [list(block) for block in BLOCKS]
    events: list[Event] = [Start("resp_1", "m", 1)]
    while any(left):
        block = draw(st.sampled_from([block for block in left if block]))
        events.append(block.pop(0))
    return [*events, Usage(), Stop("tools")]


@pytest.mark.parametrize("format_", FORMATS, ids=lambda row: row.name)
@given(events=interleaved(), cuts=st.lists(st.integers(0, 20), max_size=3))
def test_events_become_the_same_bytes_one_by_one_and_together(format_: Format, events: list[Event], cuts: list[int]):
    single, together = format_.encoder(EncoderOptions()), format_.encoder(EncoderOptions())
    edges = [0, *sorted(cut for cut in cuts if cut < len(events)), len(events)]
    written = [together.write(events[begin:end]) for begin, end in pairwise(edges)]
    assert b"".join(written) == b"".join(map(single.encode, events))
    assert together.close() == single.close()
