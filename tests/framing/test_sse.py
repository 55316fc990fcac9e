"""Where events end: at a blank line of any spelling, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.framing.sse import EventReader, boundary, ends_event, payloads, unframed

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


def read(stream: bytes, step: int) -> list[bytes]:
    reader = EventReader(event_bytes=1000)
    data = [one for at in range(0, len(stream), step) for one in reader.feed(stream[at : at + step])]
    return data + reader.close()


STREAM = b": note\n\nevent: a\ndata: {1}\n\ndata:x\r\ndata: y\r\n\r\nid: 3\n\n\xef\xbb\xbf\n\ndata: z\r\rdata: last"


@pytest.mark.parametrize("step", range(1, len(STREAM) + 1))
def test_the_data_of_each_event_is_read_however_the_stream_is_cut(step: int):
    assert read(STREAM, step) == [b"{1}", b"x\ny", b"z", b"last"]


def test_a_byte_order_mark_before_the_first_event_is_no_data():
    assert read(b"\xef\xbb\xbfdata: 1\n\n", 64) == [b"1"]


@given(st.lists(LINES, max_size=6), st.integers(1, 40))
def test_no_character_but_a_line_end_splits_data(lines: list[bytes], step: int):
    stream = b"".join(line + b"\n\n" for line in lines)
    assert read(stream, step) == [line[6:] for line in lines if line.startswith(b"data: ")]


def test_an_event_that_is_larger_than_the_limit_is_refused():
    reader = EventReader(event_bytes=10)
    assert reader.feed(b"data: 1") == []
    with pytest.raises(Fault, match="more than 10 bytes"):
        reader.feed(b"234567890")


@pytest.mark.parametrize("reads", [[b"data: 1\n\ndata: " + b"x" * 20], [b"data: 1\n\n", b"data: " + b"x" * 20]])
def test_what_is_whole_is_told_before_what_is_too_large(reads: list[bytes]):
    reader = EventReader(event_bytes=10)
    assert reader.feed(reads[0]) == [b"1"]
    with pytest.raises(Fault, match="more than 10 bytes"):
        reader.feed(reads[1] if len(reads) > 1 else b"x")


def test_an_event_that_is_too_large_and_has_no_end_is_none():
    reader = EventReader(event_bytes=10)
    assert reader.feed(b"data: 1\n\ndata: " + b"x" * 20) == [b"1"]
    assert reader.close() == []


@pytest.mark.parametrize(
    ("events", "data"),
    [
        (b"data: {1}\n\n", [b"{1}"]),
        (b"event: a\ndata: {1}\n\n", [b"{1}"]),
        (b"data: x\ndata: y\n\n", [b"x\ny"]),
        (b"data:x\ndata: y\n\n", [b"x\ny"]),
        (b"\xef\xbb\xbfdata: x\n\n", [b"x"]),
        (b"event: data: x\nid: 1\n\n", []),
        (b": data: x\n\n", []),
        (b"data: \n\n", []),
        (b"event: a\ndata: \n\n", []),
        (b"data: x\rdata: y\n\n", [b"x\ny"]),
        (b"id: 1\nevent: a\ndata: x\n\n", [b"x"]),
        (b"data: x\n\n\n", [b"x"]),
        (b"\n\n", []),
        (b"\n\ndata: x\n\n", [b"x"]),
        (b"event: a\ndata: x\nretry: 1\n\ndata: data: y\n\n", [b"x", b"data: y"]),
        (b"data: {1}\r\n\r\n", [b"{1}"]),
        (b"data: x\ndata: y\r\n\r\n", [b"x\ny"]),
        (b"data: \r\n\r\n", []),
        (b"data: x\r\ndata: y\r\n\r\n", [b"x\ny"]),
        (b"event: a\ndata:y\ndata: x\n\n", [b"y\nx"]),
        (b"", []),
    ],
)
def test_the_short_way_for_common_events_reads_what_the_long_one_reads(events: bytes, data: list[bytes]):
    assert payloads(events) == data


READS = st.sampled_from([
    b"data: x\n\n", b"data: y\n\n", b"event: a\ndata: x\n\n", b"event: b\ndata: x\n\n", b"event: x\ndata: x\n\n",
    b"data: x\r\n\r\n", b"event: a\ndata: x\r\n\r\n", b"event: a\r\ndata: x\r\n\r\n", b"data: x\rdata: y\n\n",
    b"data: x\ndata: y\n\n", b"data: x\n\ndata: y\n\n", b"data: x\nid: 1\n\n", b"event: a\ndata: x\nid: 1\n\n",
    b"event: a\ndata: x\n\nevent: a\ndata: y\n\n", b"event: a\rdata: z\ndata: x\n\n", b"data: \n\n", b"data: \r\n\r\n",
    b"event: a\ndata: \n\n", b": ping\n\n", b"\n\n", b"\r\n\r\n", b"data: x\r\n\n", b"data: \r\n\n", b"data:x\n\n",
])  # fmt: skip


@given(st.lists(READS, max_size=6))
def test_a_read_is_told_the_same_whatever_those_before_it_looked_like(reads: list[bytes]):
    reader = EventReader(event_bytes=100)
    assert [reader.feed(read) for read in reads] == [payloads(read) for read in reads]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("step", [1, 3, 100])
@pytest.mark.parametrize("text", [b'{%b "a": 1%b}', b'[{%b "a": 1%b}]'])
def test_json_in_place_of_the_last_event_is_told_at_the_end(text: bytes, end: bytes, step: int):
    json = text % (end, end)
    assert read(b"data: x" + end + end + json, step) == [b"x", text % (b"\n", b"\n")]
    assert read(json + end, step) == [text % (b"\n", b"\n")]


@pytest.mark.parametrize("rest", [b'{"a": 1', b"[DONE]", b"[1]", b"error", b'"a": {}', b": {}"])
def test_what_is_no_whole_object_is_not_told(rest: bytes):
    assert read(b"data: x\n\n" + rest, 100) == [b"x"]


def test_a_field_behind_what_begins_as_json_counts_as_ever():
    assert read(b"{\ndata: x\n}", 100) == [b"x"]


def test_what_is_left_is_given_once_and_only_up_to_the_limit():
    reader = EventReader(event_bytes=10)
    reader.feed(b"data: 1\n\n{}")
    assert (reader.rest(), reader.rest()) == (b"{}", b"")
    reader = EventReader(event_bytes=10)
    reader.feed(b'data: 1\n\n{"a": 12345}')
    assert reader.rest() == b""


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        (b"\r\n {} \n", b"{}"),
        (b"\xef\xbb\xbf{", b"{"),
        (b"[\n{", b"[\n{"),
        (b"[DONE]", b""),
        (b"data: {}", b""),
        (b"", b""),
    ],
)
def test_only_what_begins_as_an_object_or_a_list_of_some_stands_in_no_event(rest: bytes, text: bytes):
    assert unframed(rest) == text
