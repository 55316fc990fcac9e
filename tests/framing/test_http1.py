"""The response-head reader against h11: what we accept it reads alike, and nothing is accepted that it refuses."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.framing.http1 import (
    KNOWN_NAMES,
    MAX_LENGTH,
    ResponseHead,
    fields_of,
    names_of,
    parse_length,
    parse_response_head,
    plain_fields,
    request_head,
)

TOKENS = st.text("abcxyz-!#09_", min_size=1, max_size=12)
VALUES = st.text("".join(map(chr, [*range(0x20, 0x7F), 0x09, *range(0x80, 0x100)])), max_size=20)


def through_h11(head: bytes) -> h11.Response | h11.InformationalResponse | None:
    """h11's reading of the same head, or None when it refuses."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "upstream")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(head + b"\r\n")
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError:
        return None
    return event if isinstance(event, h11.Response | h11.InformationalResponse) else None


def through_us(head: bytes) -> ResponseHead | None:
    try:
        return parse_response_head(head)
    except Fault as fault:
        return None if fault.kind == "upstream_garbage" else pytest.fail(f"the wrong kind of fault: {fault!r}")


@given(st.integers(200, 599), TOKENS, st.lists(st.tuples(TOKENS, VALUES), max_size=8))
def test_what_we_accept_h11_reads_alike(status, reason, headers):
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}:{value}" for name, value in headers)]
    head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    ours, theirs = through_us(head), through_h11(head)
    if ours is None:
        return
    assert theirs is not None, "we accept what h11 refuses"
    assert ours.status == theirs.status_code
    assert ours.headers == [(bytes(name), bytes(value)) for name, value in theirs.headers]


@given(
    st.sampled_from(
        [
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\nx-request-id: a b\r\n",
            b"HTTP/1.0 404 Not Found\r\nconnection: keep-alive\r\ncontent-length: 0\r\n",
        ]
    ),
    st.data(),
)
def test_a_mutated_head_is_never_read_where_h11_refuses_it(head, data):
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(head) - 1))
        replacement = data.draw(
            st.sampled_from([b"", b"\r", b"\n", b"\0", b" ", b":", b"\t", b"\x7f", b"\xff", b"1", b","])
        )
        head = head[:at] + replacement + head[at + 1 :]
    ours = through_us(head)
    if ours is None:
        return
    theirs = through_h11(head)
    assert theirs is not None, "we accept what h11 refuses"
    assert ours.status == theirs.status_code
    assert [name for name, _ in ours.headers] == [bytes(name) for name, _ in theirs.headers]


@given(st.binary(max_size=120))
def test_garbage_raises_nothing_but_an_upstream_fault(head):
    through_us(head)
    through_us(b"HTTP/1.1 200 OK\r\n" + head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\r\n",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\n",
        b"HTTP/1.1 2000 OK\r\n",
        b"HTTP/1.1 099 OK\r\n",
        b"HTTP/1.1  200 OK\r\n",
        b"HTTP/1.1 20O OK\r\n",
        b"HTTP/2 200 OK\r\n",
        b"HTTP/1.2 200 OK\r\n",
        b"http/1.1 200 OK\r\n",
        b"ICY 200 OK\r\n",
        b" HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 O\0K\r\n",
        b"HTTP/1.1 200 OK\r\nname : value\r\n",
        b"HTTP/1.1 200 OK\r\nname: value\r\n folded\r\n",
        b"HTTP/1.1 200 OK\r\n: value\r\n",
        b"HTTP/1.1 200 OK\r\nname\r\n",
        b"HTTP/1.1 200 OK\r\nname: a\0b\r\n",
        b"HTTP/1.1 200 OK\r\nname: a\rb\r\n",
        b"HTTP/1.1 200 OK\r\nname: a\nb: c\r\n",
        b"HTTP/1.1 200 OK\r\nn\xe4me: value\r\n",
        b"HTTP/1.1 200 OK\r\nname: a\x7f\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: \x0bchunked\r\n",
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n",
    ],
)
def test_a_head_that_could_be_read_in_two_ways_is_refused(head):
    assert through_us(head) is None


@pytest.mark.parametrize(
    "value", [b"+5", b"-1", b"0x5", b"1_0", b"5,6", b"5.0", b" 5", b"\xb2", b"", b"9" * 19, b"1" * 20]
)
def test_a_length_that_is_not_plain_digits_below_2_to_63_is_refused(value):
    with pytest.raises(Fault) as caught:
        parse_length(value)
    assert caught.value.kind == "upstream_garbage"


def test_the_largest_length_is_accepted():
    assert parse_length(b"%d" % MAX_LENGTH) == MAX_LENGTH


def test_repeated_equal_lengths_are_one_length():
    head = through_us(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nContent-Length: 5\r\n")
    assert head is not None
    assert head.length_bytes == 5


@pytest.mark.parametrize(
    ("head", "chunked", "length", "keep_alive"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n", False, 7, True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n", True, None, True),
        (b"HTTP/1.1 200 OK\r\n", False, None, False),
        (b"HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 7\r\n", False, 7, False),
        (b"HTTP/1.1 200 OK\r\nconnection: x-a, close\r\ncontent-length: 7\r\n", False, 7, False),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\nconnection: keep-alive\r\ncontent-length: 7\r\n", False, 7, False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 7\r\n", False, 7, False),
        (b"HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 7\r\n", False, 7, True),
        (b"HTTP/1.1 204 No Content\r\n", False, 0, True),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n", False, 0, True),
        (b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n", False, 0, True),
    ],
)
def test_framing_and_reuse_follow_the_head(head, chunked, length, keep_alive):
    parsed = parse_response_head(head)
    assert (parsed.chunked, parsed.length_bytes, parsed.keep_alive) == (chunked, length, keep_alive)


def test_a_head_with_too_many_lines_is_refused():
    lines = b"x: y\r\n" * 5
    assert len(parse_response_head(b"HTTP/1.1 200 OK\r\n" + lines, max_headers=5).headers) == 5
    with pytest.raises(Fault):
        parse_response_head(b"HTTP/1.1 200 OK\r\n" + lines, max_headers=4)


def test_header_order_repeats_and_obsolete_text_survive():
    head = parse_response_head(b"HTTP/1.1 200 OK\r\nB: 1\r\na:  x\t\r\nb: \xe4\r\n")
    assert head.headers == [(b"b", b"1"), (b"a", b"x"), (b"b", b"\xe4")]
    assert head.get(b"b") == b"1"
    assert head.get(b"c") is None


def test_a_request_target_splits_at_its_first_question_mark():
    head = request_head(b"GET", b"/v1/x?a=1?b", fields_of([(b"host", b"h")]))
    assert (head.path, head.query) == (b"/v1/x", b"a=1?b")
    assert head.get(b"host") == b"h"
    assert head.get(b"accept") is None


# Header lines as they came.


def test_lines_stay_as_they_were_spelled_and_are_found_in_lower_case():
    fields = plain_fields(b"\r\nX-One: a: b\r\nETag: \xe4\r\nx-one: c")
    assert fields is not None
    head = request_head(b"GET", b"/", fields)
    assert head.lines == [b"X-One: a: b", b"ETag: \xe4", b"x-one: c"]
    assert head.headers == [(b"x-one", b"a: b"), (b"etag", b"\xe4"), (b"x-one", b"c")]
    assert (head.get(b"x-one"), head.every(b"x-one"), head.every(b"etag")) == (b"a: b", [b"a: b", b"c"], [b"\xe4"])
    assert head.names.repeated == {b"x-one"}


@pytest.mark.parametrize(
    "block",
    [
        b"\r\nx:a", b"\r\nx:  a", b"\r\nx: a ", b"\r\nx: a \r\ny: b", b"\r\nx: ", b"\r\nx: \r\ny: b", b"\r\nx", b"\r\n",
        b"\r\n x: a", b"\r\nx: a\r\n b", b"\r\nx : a", b"\r\n: a", b"\r\nx: a\r\ny", b"\r\nx: a\r\ny\r\nz: b",
        b"\r\nx: a\nb: c", b"\r\nx: a\rb: c", b"\r\nx: a\tb", b"\r\nx: a\0", b"\r\nx: \x7f", b"\r\nx\xe4: a",
        b"\r\nx: a\r\r\n\ny: b", b"\r\nx: a\n\ry: b\r\nz: c",
    ],
)  # fmt: skip
def test_any_other_spelling_is_not_plain(block: bytes):
    assert plain_fields(block) is None


def test_no_lines_are_plain():
    assert plain_fields(b"") == fields_of(())


@given(st.lists(st.tuples(TOKENS, VALUES), max_size=6))
def test_what_is_plain_reads_as_a_line_by_line_reader_would(headers):
    block = "".join(f"\r\n{name}: {value}" for name, value in headers).encode("latin-1")
    fields = plain_fields(block)
    if fields is not None:
        pairs = [line.partition(b": ") for line in block.split(b"\r\n")[1:]]
        head = request_head(b"GET", b"/", fields)
        assert head.headers == [(name.lower(), value) for name, _, value in pairs]
        assert b"\r\n".join([b"", *head.lines]) == block


def test_several_connection_lines_count_as_one():
    fields = fields_of([(b"Connection", b"x-a"), (b"y", b"1"), (b"connection", b"close")])
    assert request_head(b"GET", b"/", fields).connection == b"x-a,close"
    assert request_head(b"GET", b"/", fields_of([(b"y", b"1")])).connection is None


def test_the_names_of_a_head_are_remembered_and_forgotten():
    names = (b"Host", b"X-A")
    assert names_of(names) is names_of((b"Host", b"X-A"))
    for number in range(2 * KNOWN_NAMES):
        names_of((b"x-%d" % number,))
    assert names_of.cache_info().currsize <= KNOWN_NAMES
