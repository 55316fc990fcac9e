"""The fuzzer's own reading of requests: what it takes, and where it stops."""

import pytest

from slow.fuzz.strict import Request, requests

GOOD = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nX-One:  b \r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = (
    b"POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n1\r\n}\r\n0\r\nt: u\r\n\r\n"
)
STOPS = {
    "two lengths": GOOD.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n"),
    "length beside chunked": CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n", 1),
    "signed length": GOOD.replace(b": 2", b": +2"),
    "coding after a vertical tab": CHUNKED.replace(b": chunked", b": \x0bchunked"),
    "chunked on HTTP/1.0": CHUNKED.replace(b"/1.1", b"/1.0"),
    "no host": GOOD.replace(b"Host: a\r\n", b""),
    "two hosts": GOOD.replace(b"Host: a\r\n", b"Host: a\r\nHost: a\r\n"),
    "space before the colon": GOOD.replace(b"X-One:", b"X-One :"),
    "folded line": GOOD.replace(b"X-One:", b"X-One: a\r\n b:"),
    "NUL": GOOD.replace(b"b \r\n", b"b\0\r\n"),
    "bare LF": GOOD.replace(b"Host: a\r\n", b"Host: a\n"),
    "bad version": GOOD.replace(b"/1.1", b"/2.0"),
    "chunk size with a prefix": CHUNKED.replace(b"1\r\n}", b"0x1\r\n}"),
    "chunk longer than its size": CHUNKED.replace(b"1\r\n}", b"1\r\n}}"),
    "no end of the head": GOOD[:-4],
}


def test_requests_are_read_one_behind_the_other():
    one = Request(b"POST", b"/v1/x", [(b"host", b"a"), (b"x-one", b"b"), (b"content-length", b"2")], b"{}")
    two = Request(b"POST", b"/v1/x", [(b"host", b"a"), (b"transfer-encoding", b"chunked")], b"{}")
    assert requests(b"\r\n" + GOOD + CHUNKED + GOOD) == [one, two, one]


@pytest.mark.parametrize("doubtful", STOPS.values(), ids=STOPS)
def test_nothing_is_read_behind_a_request_with_two_readings(doubtful: bytes):
    assert len(requests(GOOD + doubtful + GOOD)) == 1


def test_a_request_that_is_not_whole_is_none():
    assert [len(requests(GOOD + data[:-1])) for data in (GOOD, CHUNKED)] == [1, 1]


def test_nothing_is_read_behind_the_last_request_of_a_connection():
    assert len(requests(GOOD.replace(b"Host", b"Connection: x, close\r\nHost") + GOOD)) == 1
    assert len(requests(GOOD.replace(b"/1.1", b"/1.0") + GOOD)) == 1
