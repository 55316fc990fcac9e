"""What a reply writes, read by h11's client: same events, one write for the head and the first piece."""

import asyncio
from collections.abc import Callable

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.server.reply import Answer, Reply
from support.fake_transport import FakeTransport

TYPE = (b"content-type", b"text/plain")
LINE = b"content-type: text/plain"


class Written:
    """A reply on a transport that remembers."""

    def __init__(self, *, http11: bool = True, keep_alive: bool = True, bodyless: bool = False) -> None:
        self.transport = FakeTransport()
        self.finished: list[bool] = []
        self.reply = Reply(
            self.transport, self.finished.append, http11=http11, keep_alive=keep_alive, bodyless=bodyless
        )

    def read(self, method: str = "POST", *, closed: bool = False) -> tuple[h11.Response, bytes]:
        """The whole response as h11 reads it. Raises: h11.RemoteProtocolError."""
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[("host", "relay")]))
        client.send(h11.EndOfMessage())
        client.receive_data(self.transport.written)
        if closed:
            client.receive_data(b"")
        response = client.next_event()
        assert isinstance(response, h11.Response)
        body = b""
        while isinstance(event := client.next_event(), h11.Data):
            body += event.data
        assert isinstance(event, h11.EndOfMessage)
        assert client.trailing_data[0] == b""
        return response, body


def header(response: h11.Response, name: bytes) -> bytes | None:
    return dict(response.headers).get(name)


def test_a_known_length():
    one = Written()
    one.reply.start(200, [LINE], 10, b"hello")
    one.reply.write(b"")
    one.reply.write(b"world")
    one.reply.end()
    response, body = one.read()
    assert (response.status_code, response.reason, body) == (200, b"OK", b"helloworld")
    assert header(response, b"content-length") == b"10"
    assert (one.finished, one.reply.state, one.reply.body_bytes, one.reply.status) == ([True], "ended", 10, 200)


def test_an_unknown_length_is_chunked():
    one = Written()
    one.reply.start(200, [LINE], None)
    one.reply.write(b"hello")
    one.reply.end(b"world")
    response, body = one.read()
    assert header(response, b"transfer-encoding") == b"chunked"
    assert body == b"helloworld"
    assert one.finished == [True]


def test_an_unknown_length_on_http_1_0_ends_with_the_connection():
    one = Written(http11=False, keep_alive=False)
    one.reply.start(200, [LINE], None, b"hello")
    one.reply.end(b"world")
    response, body = one.read(closed=True)
    assert body == b"helloworld"
    assert header(response, b"transfer-encoding") is None
    assert header(response, b"connection") == b"close"
    assert one.finished == [False]


@given(st.lists(st.binary(max_size=40), max_size=6), st.binary(max_size=40))
def test_chunks_are_written_as_h11_writes_them(pieces: list[bytes], last: bytes):
    one = Written()
    one.reply.start(200, [], None)
    for piece in pieces:
        one.reply.write(piece)
    one.reply.end(last)
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n")
    server.next_event()
    server.next_event()
    theirs = server.send(h11.Response(status_code=200, headers=[], reason=b"OK"))
    for piece in (*pieces, last):
        theirs = (theirs or b"") + (server.send(h11.Data(data=piece)) or b"")
    theirs = (theirs or b"") + (server.send(h11.EndOfMessage()) or b"")
    body = one.transport.written.partition(b"\r\n\r\n")[2]
    assert body == theirs.partition(b"\r\n\r\n")[2]


def test_the_head_goes_out_with_the_first_piece_and_the_end_with_the_last():
    one = Written()
    one.reply.start(200, [LINE], None, b"first")
    one.reply.write(b"second")
    one.reply.end(b"third")
    assert len(one.transport.writes) == 3


def test_a_whole_answer_is_one_write():
    one = Written()
    one.reply.send(Answer(404, [TYPE], b"nothing here"))
    assert len(one.transport.writes) == 1
    response, body = one.read()
    assert (response.status_code, body) == (404, b"nothing here")


def test_header_lines_keep_their_order_and_repeats():
    one = Written()
    one.reply.common = [(b"vary", b"origin")]
    one.reply.send(Answer(200, [(b"b", b"1"), (b"a", b"2"), (b"b", b"3")]))
    response, _ = one.read()
    assert list(response.headers) == [
        (b"b", b"1"),
        (b"a", b"2"),
        (b"b", b"3"),
        (b"vary", b"origin"),
        (b"content-length", b"0"),
    ]


@pytest.mark.parametrize("length", [7, None])
def test_a_head_answer_has_the_head_of_its_body_and_no_body(length: int | None):
    one = Written(bodyless=True)
    one.reply.start(200, [LINE], length, b"content")
    one.reply.write(b"more")
    one.reply.end(b"end")
    response, body = one.read("HEAD")
    assert body == b""
    assert header(response, b"content-length") == (b"7" if length else None)
    assert one.transport.written.endswith(b"\r\n\r\n")
    assert one.finished == [True]


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("length", [0, None])
def test_statuses_without_a_body_have_no_framing(status: int, length: int | None):
    one = Written()
    one.reply.start(status, [], length, b"ignored")
    one.reply.end()
    response, body = one.read()
    assert (response.status_code, body, list(response.headers)) == (status, b"", [])


def test_an_unknown_status_has_a_reason_all_the_same():
    one = Written()
    one.reply.send(Answer(529, []))
    assert one.read()[0].reason == b"Unassigned"


@pytest.mark.parametrize("end", [Reply.end, Reply.abort])
def test_nothing_is_written_after_the_end_and_it_ends_once(end: Callable[[Reply], None]):
    one = Written()
    one.reply.start(200, [], None, b"x")
    end(one.reply)
    before = one.transport.written
    one.reply.write(b"late")
    one.reply.end(b"later")
    one.reply.abort()
    assert one.transport.written == before
    assert len(one.finished) == 1


def test_an_abort_cuts_the_connection_without_an_end():
    one = Written()
    one.reply.start(200, [], None, b"x")
    one.reply.abort()
    assert one.transport.aborted
    assert not one.transport.written.endswith(b"0\r\n\r\n")
    assert (one.finished, one.reply.state) == ([False], "aborted")


def test_the_last_reply_of_a_connection_says_so():
    one = Written()
    one.reply.close_after()
    one.reply.send(Answer(200, []))
    assert header(one.read()[0], b"connection") == b"close"
    assert one.finished == [False]


def test_a_client_that_reads_slowly_is_passed_on():
    one = Written()
    one.reply.pause(True)
    told: list[bool] = []
    one.reply.on_pause = told.append
    one.reply.pause(False)
    one.reply.pause(True)
    assert told == [False, True]
    assert one.reply.paused


def test_a_transport_is_only_needed_when_something_is_written():
    one = Written()
    assert isinstance(one.transport, asyncio.Transport)
    assert not one.reply.started
    assert one.transport.writes == []


@pytest.mark.parametrize("last", [Reply.end, Reply.abort])
def test_what_is_said_after_the_client_has_gone_goes_nowhere_and_ends_as_ever(last: Callable[[Reply], None]):
    one = Written()
    one.reply.start(200, [LINE], None, b"a")
    said = one.transport.written
    one.reply.lose_client()
    one.reply.write(b"b")
    last(one.reply)
    assert one.transport.written == said
    assert not one.transport.aborted
    assert len(one.finished) == 1
