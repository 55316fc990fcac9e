"""A client connection as transcripts: what the client sends, what it sees. Requests, their order and their bodies."""

from fastproxy.server.connection import CONTINUE
from fastproxy.server.reply import Answer, Reply
from fastproxy.snapshot import Limits
from support.connections import HOST, Client, Held, ok, post, status_of
from support.loops import in_loop, turns

# Requests and their order.


@in_loop
async def test_keep_alive_serves_one_request_after_the_other():
    client = Client()
    await client.says(post(b"/a", b"one"))
    assert client.sees() == ok(b"one")
    await client.says(post(b"/b", b"two"))
    assert client.sees() == ok(b"two")
    assert client.door.served == [(b"/a", b"one"), (b"/b", b"two")]
    assert client.connection.idle


@in_loop
async def test_a_request_may_come_byte_by_byte():
    client = Client()
    await client.says(*(bytes([byte]) for byte in post(b"/a", b"one")))
    assert client.sees() == ok(b"one")


@in_loop
async def test_pipelined_requests_wait_for_the_reply_before_them_and_keep_their_order():
    held = Held()
    client = Client(held)
    await client.says(post(b"/a", b"1") + post(b"/b", b"2") + post(b"/c", b"3")[:20])
    assert client.door.served == [(b"/a", b"1")]
    held.go.set()
    await turns()
    assert client.sees() == ok(b"1")
    assert client.door.served == [(b"/a", b"1"), (b"/b", b"2")]
    await client.says(post(b"/c", b"3")[20:])
    held.go.set()
    await turns()
    held.go.set()
    await turns()
    assert client.sees() == ok(b"2") + ok(b"3")


@in_loop
async def test_what_is_pipelined_is_bounded_by_not_reading_on():
    held = Held()
    client = Client(held, Limits(head_bytes=200))
    await client.says(post(b"/a", b"1"))
    await client.says(b"x" * 150)
    assert client.transport.reading
    await client.says(b"x" * 100)
    assert not client.transport.reading
    held.go.set()
    await turns()
    assert client.transport.reading


@in_loop
async def test_an_empty_line_before_a_request_is_forgiven():
    client = Client()
    await client.says(b"\r\n\r\n" + post(b"/a", b"x"))
    assert client.sees() == ok(b"x")


@in_loop
async def test_head_gets_no_body():
    async def play(body: bytes, reply: Reply) -> None:
        reply.send(Answer(200, [], b"content"))

    client = Client(play)
    await client.says(b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert client.sees() == b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n"
    assert not client.transport.is_closing()


@in_loop
async def test_connection_close_is_obeyed():
    client = Client()
    await client.says(post(b"/a", b"x", b"connection: close"))
    assert client.sees() == b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx"
    assert client.transport.closed


@in_loop
async def test_http_1_0_is_served_once():
    client = Client()
    await client.says(b"POST / HTTP/1.0\r\n" + HOST + b"content-length: 1\r\n\r\nx")
    assert b"connection: close" in client.sees()
    assert client.transport.closed


# Bodies.


@in_loop
async def test_a_chunked_body_is_put_together_and_its_trailers_dropped():
    client = Client()
    head = b"POST /a HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n"
    await client.says(head + b"3\r\none\r\n", b"4;x=y\r\n two", b"\r\n0\r\nx-trailer: 1\r\n\r\n" + post(b"/b"))
    assert client.door.served == [(b"/a", b"one two"), (b"/b", b"")]
    assert client.sees() == ok(b"one two") + ok()


@in_loop
async def test_a_broken_chunk_is_refused_and_nothing_behind_it_is_read():
    client = Client()
    head = b"POST /a HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n"
    await client.says(head + b"0x3\r\none\r\n0\r\n\r\n" + post(b"/b"), post(b"/c"))
    answer = client.sees()
    assert status_of(answer) == 400
    assert b"connection: close" in answer
    assert client.door.served == []


@in_loop
async def test_a_body_too_large_is_refused_by_its_length_alone():
    client = Client(limits=Limits(body_bytes=10))
    await client.says(post(b"/a", b"x" * 11)[:-11])
    answer = client.sees()
    assert status_of(answer) == 413
    assert b"x-path: /a" in answer
    assert client.transport.eof_written


@in_loop
async def test_a_chunked_body_too_large_is_refused_when_it_passes_the_limit():
    client = Client(limits=Limits(body_bytes=10))
    head = b"POST /a HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n"
    await client.says(head + b"8\r\n12345678\r\n")
    assert client.sees() == b""
    await client.says(b"3\r\n123\r\n")
    assert status_of(client.sees()) == 413
    assert client.door.served == []


@in_loop
async def test_a_body_of_the_largest_size_is_served():
    client = Client(limits=Limits(body_bytes=10))
    await client.says(post(b"/a", b"x" * 10))
    assert client.sees() == ok(b"x" * 10)


# Expect.

EXPECTING = b"POST %b HTTP/1.1\r\n" + HOST + b"expect: 100-continue\r\ncontent-length: 3\r\n\r\n"


@in_loop
async def test_100_is_said_when_the_body_is_wanted():
    client = Client()
    await client.says(EXPECTING % b"/a")
    assert client.sees() == CONTINUE
    await client.says(b"one")
    assert client.sees() == ok(b"one")


@in_loop
async def test_100_is_not_said_when_the_body_is_not_wanted():
    client = Client()
    await client.says(EXPECTING % b"/no")
    answer = client.sees()
    assert status_of(answer) == 401
    assert CONTINUE not in answer
    client = Client(limits=Limits(body_bytes=2))
    await client.says(EXPECTING % b"/a")
    assert status_of(client.sees()) == 413


@in_loop
async def test_100_is_not_said_when_the_body_is_there_already():
    client = Client()
    await client.says(EXPECTING % b"/a" + b"one")
    assert client.sees() == ok(b"one")
