"""The chunk reader and writer against h11: equal bytes where both accept, and never laxer than it."""

import itertools

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.framing.chunked import (
    LAST_CHUNK,
    MAX_SIZE_LINE_BYTES,
    MAX_TRAILER_BYTES,
    MAX_TRAILERS,
    ChunkError,
    ChunkReader,
    frame,
)

BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def through_h11(data: bytes) -> tuple[bytes, bool] | None:
    """(body, whether it is complete) as h11 reads it, or None when it refuses."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "upstream")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(HEAD + data)
    body = b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return body, True
            elif event is h11.NEED_DATA:
                return body, False
    except h11.RemoteProtocolError:
        return None


def through_us(data: bytes, cuts: tuple[int, ...] = ()) -> tuple[bytes, bool, bytes] | None:
    """(body, whether it is complete, what came after it), fed in the pieces that `cuts` makes; None when refused."""
    reader = ChunkReader()
    body, rest = b"", b""
    edges = sorted({0, len(data), *(cut for cut in cuts if cut <= len(data))})
    try:
        for start, end in itertools.pairwise(edges):
            if reader.done:
                rest += data[start:end]
            else:
                body += reader.feed(data[start:end])
                rest = reader.rest
    except ChunkError:
        return None
    return body, reader.done, rest


def written(pieces: list[bytes]) -> bytes:
    return b"".join(map(frame, pieces)) + LAST_CHUNK


@given(BODIES)
def test_frames_are_the_bytes_that_h11_writes(pieces):
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    connection.next_event()
    connection.next_event()
    connection.send(h11.Response(status_code=200, headers=[("transfer-encoding", "chunked")]))
    theirs = b"".join(connection.send(h11.Data(data=piece)) for piece in pieces) + connection.send(h11.EndOfMessage())
    assert written(pieces) == theirs


@given(BODIES, st.lists(st.integers(0, 300), max_size=6), st.binary(max_size=10))
def test_any_split_gives_the_same_body_and_the_same_rest(pieces, cuts, after):
    data = written(pieces) + after
    assert through_us(data, tuple(cuts)) == (b"".join(pieces), True, after)


def test_every_byte_on_its_own_gives_the_same_body():
    data = b"5;name=value\r\nhello\r\n1\r\n!\r\n0\r\nx-trailer: y\r\n\r\n"
    assert through_us(data, tuple(range(len(data)))) == (b"hello!", True, b"")


@given(BODIES, st.data())
def test_a_mutated_body_is_never_read_where_h11_refuses_it_nor_otherwise(pieces, data):
    stream = written(pieces)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(stream) - 1))
        stream = (
            stream[:at]
            + data.draw(st.sampled_from([b"", b"\r", b"\n", b"0", b"f", b" ", b";", b"x", b"\0", b":"]))
            + stream[at + 1 :]
        )
        if not stream:
            return
    ours, theirs = through_us(stream), through_h11(stream)
    if ours is None or not ours[1]:
        return
    assert theirs is not None, "we accept what h11 refuses"
    assert (ours[0], ours[1]) == theirs


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_garbage_raises_nothing_but_a_chunk_error_and_the_same_for_any_split(data, cuts):
    assert through_us(data) == through_us(data, tuple(cuts))


@pytest.mark.parametrize(
    "data",
    [
        b"0x5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"1_0\r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"\r\nhello\r\n",
        b"g\r\n",
        b"5\nhello\r\n",
        b"5\r\nhello\n",
        b"5\r\nhelloXX",
        b"5\r\nhello\rX",
        b"5\r\nhelloworld\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5;a\x00b\r\nhello\r\n",
        b"5;a\nb\r\nhello\r\n",
        b"11111111111111111\r\n",
        b"0\r\nno-colon\r\n\r\n",
        b"0\r\n folded: x\r\n\r\n",
        b"0\r\nname : x\r\n\r\n",
        b"0\r\nx: y\n\r\n",
        b"0\r\n\n",
    ],
)
def test_broken_framing_is_refused_whole_and_byte_by_byte(data):
    assert through_us(data) is None
    assert through_us(data, tuple(range(len(data)))) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"5", b"5\r", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r", b"5\r\nhello\r\n", b"0\r\n", b"0\r\nx: y\r\n"],
)
def test_a_body_that_stops_early_is_not_done(data):
    outcome = through_us(data)
    assert outcome is not None
    assert not outcome[1]


def test_what_stood_before_a_break_is_told_with_the_error():
    with pytest.raises(ChunkError) as caught:
        ChunkReader().feed(b"5\r\nhello\r\nzz\r\n")
    assert caught.value.body == b"hello"


def test_a_size_line_may_be_long_but_not_endless():
    extension = b"5;" + b"x" * (MAX_SIZE_LINE_BYTES - 10) + b"\r\nhello\r\n"
    assert through_us(extension) == (b"hello", False, b"")
    reader = ChunkReader()
    with pytest.raises(ChunkError):
        for _ in range(MAX_SIZE_LINE_BYTES + 2):
            reader.feed(b";" if reader._buffer else b"5;")


def test_trailers_are_dropped_and_bounded_in_number_and_size():
    assert through_us(b"0\r\n" + b"x: y\r\n" * MAX_TRAILERS + b"\r\nNEXT") == (b"", True, b"NEXT")
    assert through_us(b"0\r\n" + b"x: y\r\n" * (MAX_TRAILERS + 1) + b"\r\n") is None
    big = b"x: " + b"y" * 9000 + b"\r\n"
    assert through_us(b"0\r\n" + big * (MAX_TRAILER_BYTES // len(big) + 1) + b"\r\n") is None


def test_a_whole_chunk_that_is_one_read_is_handed_on_without_a_copy():
    reader = ChunkReader()
    assert reader.feed(b"3e8\r\n") == b""
    body = b"z" * 1000
    assert reader.feed(body) is body


def test_a_size_of_sixteen_digits_is_a_size():
    reader = ChunkReader()
    assert reader.feed(b"0000000000000003\r\nabc\r\n") == b"abc"
