"""Request heads: what is refused with which status, and that both lanes read alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.server.head import Incoming, read_any, read_head, read_plain
from fastproxy.snapshot import Limits

LINE = b"POST /v1/messages HTTP/1.1"
HOST = b"Host: 127.0.0.1"
LIMITS = Limits()


def raw(*lines: bytes) -> bytes:
    return b"\r\n".join([*lines, b"", b""])


def read(*lines: bytes) -> Incoming:
    return read_head(raw(*lines), LIMITS)


def refusal(*lines: bytes, limits: Limits = LIMITS) -> Fault:
    with pytest.raises(Fault) as caught:
        read_head(raw(*lines), limits)
    assert caught.value.kind == "bad_request"
    return caught.value


# What passes.


def test_a_plain_head_is_read_in_the_fast_lane():
    incoming = read_plain(raw(LINE, HOST, b"X-One: a  b", b"x-one: c", b"Content-Length: 12"))
    assert incoming is not None
    assert (incoming.head.method, incoming.head.target) == (b"POST", b"/v1/messages")
    assert incoming.head.headers == [
        (b"host", b"127.0.0.1"),
        (b"x-one", b"a  b"),
        (b"x-one", b"c"),
        (b"content-length", b"12"),
    ]
    assert (incoming.length_bytes, incoming.keep_alive, incoming.expects_continue) == (12, True, False)


@pytest.mark.parametrize(
    "line",
    [
        b"x: a ",
        b"x:a",
        b"x:  a",
        b"x:",
        b"x: a\tb",
        b"transfer-encoding: chunked",
        b"expect: 100-continue",
        b"upgrade: h2c",
        b"connection: close",
    ],
)
def test_what_is_unusual_is_left_to_the_slow_lane_and_read_there(line: bytes):
    assert read_plain(raw(LINE, HOST, line)) is None
    assert read(LINE, HOST, line).head.headers[1][0] == line.partition(b":")[0]


def test_white_space_around_a_value_is_no_part_of_it():
    assert read(LINE, HOST, b"x: \t a b \t").head.get(b"x") == b"a b"


def test_chunked_bodies_have_no_length():
    assert read(LINE, HOST, b"Transfer-Encoding: Chunked").length_bytes is None


def test_no_length_means_no_body():
    assert read(b"GET / HTTP/1.1", HOST).length_bytes == 0


def test_the_query_stays_as_it_came():
    head = read(b"POST /v1/messages?beta=true&x=%2F&x=a+b HTTP/1.1", HOST).head
    assert (head.path, head.query) == (b"/v1/messages", b"beta=true&x=%2F&x=a+b")


@pytest.mark.parametrize("value", [b"0", b"00012", b"9223372036854775807"])
def test_plain_lengths(value: bytes):
    assert read(LINE, HOST, b"content-length: " + value).length_bytes == int(value)


def test_h2c_and_websocket_upgrades_change_nothing():
    incoming = read(
        LINE,
        HOST,
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAA",
        b"content-length: 3",
    )
    assert (incoming.length_bytes, incoming.keep_alive) == (3, True)


def test_an_absolute_target_is_its_path_and_its_host_counts():
    head = read(b"POST http://relay.test:80/v1/messages?a=b HTTP/1.1", HOST, b"x: y").head
    assert head.target == b"/v1/messages?a=b"
    assert head.headers == [(b"host", b"relay.test:80"), (b"x", b"y")]
    assert read(b"POST http://relay.test HTTP/1.1", HOST).head.target == b"/"


@pytest.mark.parametrize("target", [b"*", b"127.0.0.1:443", b"ftp://x/y", b"//evil.test/x", b"@evil.test"])
def test_other_targets_stay_as_they_are_for_the_route_table_to_refuse(target: bytes):
    assert read(b"GET " + target + b" HTTP/1.1", HOST).head.target == target


@pytest.mark.parametrize("value", [b"close", b"Close", b"keep-alive, close", b"x-a,close"])
def test_connection_close_ends_the_connection(value: bytes):
    assert not read(LINE, HOST, b"connection: " + value).keep_alive


def test_any_of_several_connection_lines_may_say_close():
    assert not read(LINE, HOST, b"connection: keep-alive", b"connection: close").keep_alive


def test_http_1_0_ends_its_connection_and_gets_no_100():
    incoming = read(b"POST / HTTP/1.0", HOST, b"connection: keep-alive", b"expect: 100-continue", b"content-length: 3")
    assert (incoming.keep_alive, incoming.expects_continue, incoming.length_bytes) == (False, False, 3)
    assert not incoming.head.http11


def test_100_continue_is_expected():
    assert read(LINE, HOST, b"Expect: 100-Continue", b"content-length: 3").expects_continue


# What does not.

LENGTHS = [
    b"+5",
    b"-1",
    b"0x5",
    b"1_0",
    b"5,6",
    b"5, 5",
    b"5.0",
    b"",
    b"5 5",
    b"9223372036854775808",
    b"1" * 30,
    b"\xb2",
    b"\xd9\xa5",
]
REFUSED = {
    "length beside chunked": [b"content-length: 5", b"transfer-encoding: chunked"],
    "chunked beside length": [b"transfer-encoding: chunked", b"content-length: 5"],
    "two lengths": [b"content-length: 5", b"content-length: 6"],
    "the same length twice": [b"content-length: 5", b"content-length: 5"],
    "another coding": [b"transfer-encoding: gzip"],
    "a coding before chunked": [b"transfer-encoding: gzip, chunked"],
    "a coding behind chunked": [b"transfer-encoding: chunked, identity"],
    "chunked twice": [b"transfer-encoding: chunked", b"transfer-encoding: chunked"],
    "chunked with a parameter": [b"transfer-encoding: chunked;q=1"],
    "xchunked": [b"transfer-encoding: xchunked"],
    "chunked in quotes": [b'transfer-encoding: "chunked"'],
    "chunked behind a vertical tab": [b"transfer-encoding: \x0bchunked"],
    "no coding": [b"transfer-encoding:"],
    "space before the colon": [b"x-one : a"],
    "tab before the colon": [b"content-length\t: 5"],
    "folded line": [b"x-one: a", b" b"],
    "line folded with a tab": [b"x-one: a", b"\tb"],
    "NUL": [b"x-one: a\0b"],
    "bare CR": [b"x-one: a\rb"],
    "bare LF": [b"x-one: a\nx-two: b"],
    "another control character": [b"x-one: a\x01b"],
    "DEL": [b"x-one: a\x7fb"],
    "name with a space": [b"x one: a"],
    "name that is empty": [b": a"],
    "name that is not ASCII": [b"x-\xe9: a"],
    "no colon": [b"x-one"],
    "two hosts": [b"host: 127.0.0.1"],
}


@pytest.mark.parametrize("lines", REFUSED.values(), ids=REFUSED)
def test_what_two_parsers_could_read_in_two_ways_is_refused(lines: list[bytes]):
    assert refusal(LINE, HOST, *lines).status == 400


@pytest.mark.parametrize("value", LENGTHS)
def test_a_length_that_is_not_a_plain_number_is_refused(value: bytes):
    assert refusal(LINE, HOST, b"Content-Length: " + value).status == 400


@pytest.mark.parametrize(
    "line",
    [
        b"POST / HTTP/2.0",
        b"POST / HTTP/11",
        b"POST /",
        b"POST  / HTTP/1.1",
        b"POST /a b HTTP/1.1",
        b"POST /\xe9 HTTP/1.1",
        b" POST / HTTP/1.1",
        b"PO(ST / HTTP/1.1",
        b"POST / http/1.1",
        b"",
    ],
)
def test_a_malformed_request_line_is_refused(line: bytes):
    assert refusal(line, HOST).status == 400


def test_a_folded_first_header_line_is_refused():
    assert refusal(LINE, b" x: y", HOST).status == 400


def test_a_head_without_host_is_refused():
    assert refusal(LINE, b"x: y").status == 400


def test_chunked_on_http_1_0_is_refused():
    assert refusal(b"POST / HTTP/1.0", HOST, b"transfer-encoding: chunked").status == 400


@pytest.mark.parametrize("value", [b"200-ok", b"100-continue, x", b""])
def test_another_expectation_is_refused(value: bytes):
    assert refusal(LINE, HOST, b"expect: " + value).status == 417


def test_a_long_request_line_is_refused():
    line = b"GET /" + b"a" * LIMITS.target_bytes + b" HTTP/1.1"
    assert refusal(line, HOST).status == 414


def test_too_many_header_lines_are_refused():
    limits = Limits(head_count=3)
    assert len(read_head(raw(LINE, HOST, b"a: 1", b"b: 2"), limits).head.headers) == 3
    assert refusal(LINE, HOST, b"a: 1", b"b: 2", b"c: 3", limits=limits).status == 431


def test_a_refusal_repeats_nothing_of_the_head():
    fault = refusal(LINE, HOST, b"authorization: Bearer sk-secret\0")
    assert "sk-secret" not in fault.message
    fault = refusal(LINE, HOST, b"authorization Bearer sk-secret")
    assert "sk-secret" not in fault.message


# Both lanes.

NAMES = st.sampled_from(
    [
        b"Host",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Connection",
        b"Expect",
        b"Upgrade",
        b"X-a",
        b"x-a",
        b"",
        b"x a",
        b"x\xe9",
    ]
)
VALUES = st.sampled_from(
    [
        b"127.0.0.1",
        b"5",
        b"05",
        b"+5",
        b"5,5",
        b"chunked",
        b"close",
        b"keep-alive",
        b"Keep-Alive",
        b"100-continue",
        b"",
        b"a: b",
        b"a  b",
        b"\xe9",
    ]
) | st.binary(max_size=6)
COLONS = st.sampled_from([b": "] * 6 + [b":", b" : ", b":  ", b":\t", b"", b": \x0b"])
ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r\n ", b" \r\n", b"\r\r\n"])
METHODS = st.sampled_from([b"GET", b"POST", b"CONNECT", b"get", b"G(T", b""])
TARGETS = st.sampled_from([b"/", b"/v1/x?y=z", b"*", b"http://a/b", b"/\xe9", b"/a b", b"a:443", b"", b"/\x7f"])
VERSIONS = st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b""])


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """A head of good and bad parts, perhaps with one byte changed; it ends where the connection would end it."""
    out = b" ".join([draw(METHODS), draw(TARGETS), draw(VERSIONS)]) + draw(ENDS)
    if draw(st.integers(0, 9)):
        out += b"Host: 127.0.0.1\r\n"
    for _ in range(draw(st.integers(0, 4))):
        out += draw(NAMES) + draw(COLONS) + draw(VALUES) + draw(ENDS)
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(out) - 1))
        out = out[:at] + draw(st.binary(min_size=1, max_size=1)) + out[at + 1 :]
    whole = out.rstrip(b"\r\n") + b"\r\n\r\n"
    return whole[: whole.index(b"\r\n\r\n") + 4]


def outcome(read_lane: object, head: bytes) -> object:
    try:
        incoming = read_lane(head)  # type: ignore[operator]
    except Fault as fault:
        return fault.status
    return incoming


@given(heads())
def test_the_fast_lane_reads_as_the_slow_one_or_leaves_it_to_that(head: bytes):
    fast = outcome(read_plain, head)
    if fast is not None:
        assert fast == outcome(read_any, head)


@given(heads())
def test_what_passes_has_one_host_and_one_framing(head: bytes):
    incoming = outcome(lambda one: read_head(one, LIMITS), head)
    if isinstance(incoming, Incoming):
        names = [name for name, _ in incoming.head.headers]
        assert names.count(b"host") == 1 or not incoming.head.http11
        assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
        assert not any(byte in value for _, value in incoming.head.headers for byte in b"\r\n\0")
