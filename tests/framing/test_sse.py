"""Where events end: at a blank line of any spelling, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.framing.sse import boundary, ends_event

BLANKS = (b"\n\n", b"\r\n\r\n", b"\r\r")
LINES = st.sampled_from([b"data: a", b"event: x", b": note", b"data: \xe2\x80\xa8 \xc2\x85 \x0b\x0c", b"id"])


@pytest.mark.parametrize("blank", BLANKS)
def test_a_whole_event_ends_at_its_end(blank: bytes):
    event = b"data: 1" + blank
    assert boundary(event) == len(event)
    assert ends_event(event)


@pytest.mark.parametrize("blank", BLANKS)
def test_what_follows_the_last_blank_line_is_left(blank: bytes):
    data = b"data: 1" + blank + b"data: 2" + blank + b"data: 3"
    assert data[boundary(data) :] == b"data: 3"
    assert not ends_event(data)


@pytest.mark.parametrize("data", [b"data: 1", b"data: 1\n", b"data: 1\r\n", b"data: 1\r", b"", b"\n"])
def test_an_unfinished_event_has_no_end(data: bytes):
    assert boundary(data) == 0


@pytest.mark.parametrize("between", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_characters_that_only_str_splitlines_takes_for_line_ends_end_nothing(between: str):
    assert boundary(f"data: a{between}{between}b\n".encode()) == 0


def test_a_new_event_may_follow_when_nothing_was_sent():
    assert ends_event(b"")


@given(st.lists(st.lists(LINES, min_size=1, max_size=3), max_size=4), LINES, st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_the_boundary_is_the_end_of_the_last_whole_event(events: list[list[bytes]], rest: bytes, end: bytes):
    whole = b"".join(end.join(lines) + end + end for lines in events)
    assert boundary(whole + rest) == len(whole)
