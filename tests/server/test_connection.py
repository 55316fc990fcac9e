"""A client connection as transcripts: what the client sends, what it sees. No socket, a clock moved by hand."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

import pytest

from fastproxy import clock
from fastproxy.clock import Sweep
from fastproxy.errors import Fault
from fastproxy.framing.http1 import RequestHead
from fastproxy.server import connection as module
from fastproxy.server.connection import CONTINUE, LINGER_SECONDS, Connection
from fastproxy.server.reply import Answer, Reply
from fastproxy.snapshot import Limits
from support.fake_transport import FakeTransport
from support.loops import in_loop, turns

Serve = Callable[[bytes, Reply], Awaitable[None]]
HOST = b"host: relay\r\n"


@dataclass
class Served:
    """The admission of one request."""

    door: "RecordingDoor"
    target: bytes

    def serve(self, body: bytes, reply: Reply) -> Coroutine[object, object, None]:
        return self._serve(body, reply)

    async def _serve(self, body: bytes, reply: Reply) -> None:
        self.door.served.append((self.target, body))
        try:
            await self.door.play(body, reply)
        except asyncio.CancelledError:
            self.door.cancelled.append(self.target)
            raise


async def echo(body: bytes, reply: Reply) -> None:
    reply.send(Answer(200, [], body))


@dataclass
class RecordingDoor:
    """What stands behind the connection: refuses /no, serves all else by `play`."""

    play: Serve = echo
    served: list[tuple[bytes, bytes]] = field(default_factory=list)
    cancelled: list[bytes] = field(default_factory=list)

    def admit(self, head: RequestHead) -> Served:
        if head.path == b"/no":
            raise Fault("unauthorized", "no")
        return Served(self, head.target)

    def refuse(self, fault: Fault, head: RequestHead | None) -> Answer:
        return Answer(fault.status, [(b"x-path", head.path if head is not None else b"unknown")], fault.message.encode())


@dataclass
class Shared:
    """What all connections share."""

    door: RecordingDoor
    limits: Limits
    sweep: Sweep = field(default_factory=Sweep)
    draining: bool = False
    connections: set[Connection] = field(default_factory=set)


class Client:
    """The client's end: `says` sends bytes, `sees` is what came since the last call."""

    def __init__(self, play: Serve = echo, limits: Limits | None = None, shared: Shared | None = None) -> None:
        self.shared = shared or Shared(RecordingDoor(play), limits or Limits())
        self.door = self.shared.door
        self.connection = Connection(self.shared)
        self.transport = FakeTransport(self.connection)
        self.connection.connection_made(self.transport)

    async def says(self, *pieces: bytes) -> None:
        for piece in pieces:
            if self.transport.reading and not self.transport.is_closing():
                self.connection.data_received(piece)
        await turns()

    def sees(self) -> bytes:
        return self.transport.take()

    def waits(self, seconds: float) -> None:
        self.shared.sweep.run(clock.monotonic() + seconds)


def post(target: bytes = b"/a", body: bytes = b"", *lines: bytes) -> bytes:
    head = b"POST %b HTTP/1.1\r\n%b" % (target, HOST)
    return head + b"".join(line + b"\r\n" for line in lines) + b"content-length: %d\r\n\r\n%b" % (len(body), body)


def ok(body: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


class Held:
    """An exchange that the test ends: `reply` is there once it has begun."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.go = asyncio.Event()

    async def __call__(self, body: bytes, reply: Reply) -> None:
        self.replies.append(reply)
        await self.go.wait()
        self.go.clear()
        reply.send(Answer(200, [], body))


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


# Refusals.


@in_loop
async def test_a_refusal_without_a_body_keeps_the_connection():
    client = Client()
    await client.says(b"GET /no HTTP/1.1\r\n" + HOST + b"\r\n" + b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n")
    answers = client.sees()
    assert status_of(answers) == 401
    assert answers.endswith(ok())
    assert not client.transport.is_closing()


@in_loop
async def test_a_refused_head_of_a_head_request_has_no_body():
    client = Client()
    await client.says(b"HEAD /no HTTP/1.1\r\n" + HOST + b"\r\n")
    assert client.sees().endswith(b"\r\n\r\n")


@in_loop
async def test_a_refusal_before_the_body_reads_on_for_a_moment_so_that_it_is_not_lost():
    client = Client()
    await client.says(post(b"/no", b"x" * 100)[:-50])
    assert status_of(client.sees()) == 401
    assert client.transport.eof_written
    await client.says(b"x" * 50)
    assert not client.transport.is_closing()
    client.waits(LINGER_SECONDS + 1)
    assert client.transport.closed
    assert client.sees() == b""
    assert client.door.served == []


@in_loop
async def test_what_lingers_is_bounded():
    client = Client(limits=Limits(body_bytes=100))
    await client.says(post(b"/no", b"x" * 50)[:-50], b"x" * 99, b"x" * 2)
    assert client.transport.closed


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nhost: x\n\n", 400),
        (b"\0", 400),
        (b"\x16\x03\x01\x02\0", 400),
        (b"GET /" + b"a" * 400, 414),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * 400, 431),
        (b"GET / HTTP/1.1\r\nhost: x\r\nexpect: a cake\r\n\r\n", 417),
    ],
)
@in_loop
async def test_a_malformed_head_is_refused_and_what_follows_is_not_read(sent: bytes, status: int):
    client = Client(limits=Limits(head_bytes=300, target_bytes=200))
    await client.says(sent, post(b"/b"))
    answer = client.sees()
    assert status_of(answer) == status
    assert answer.count(b"content-length: ") == 1
    assert b"connection: close" in answer
    assert client.door.served == []


@in_loop
async def test_one_connection_too_many_is_told_so():
    shared = Shared(RecordingDoor(), Limits(connections=1))
    first, second = Client(shared=shared), Client(shared=shared)
    assert first.sees() == b""
    assert status_of(second.sees()) == 503
    await second.says(post(b"/a"))
    assert second.sees() == b""
    second.waits(LINGER_SECONDS + 1)
    await turns()
    assert shared.connections == {first.connection}
    await first.says(post(b"/a"))
    assert first.sees() == ok()


# Waits.


@in_loop
async def test_an_idle_connection_is_closed_in_silence():
    client = Client()
    client.waits(client.shared.limits.keepalive_seconds - 1)
    assert not client.transport.is_closing()
    client.waits(client.shared.limits.keepalive_seconds + 1)
    assert client.transport.closed
    assert client.sees() == b""


@in_loop
async def test_a_head_that_does_not_come_in_time_is_408_however_it_drips(monkeypatch: pytest.MonkeyPatch):
    client = Client()
    now = clock.monotonic()
    await client.says(b"GET / HT")
    monkeypatch.setattr(module, "monotonic", lambda: now + 9)
    await client.says(b"T")
    client.waits(9)
    assert client.sees() == b""
    client.waits(client.shared.limits.head_seconds + 1)
    assert status_of(client.sees()) == 408


@in_loop
async def test_a_body_that_stops_coming_is_408_and_one_that_comes_slowly_is_not(monkeypatch: pytest.MonkeyPatch):
    client = Client()
    now = clock.monotonic()
    idle = client.shared.limits.body_idle_seconds
    await client.says(post(b"/a", b"abc")[:-3])
    monkeypatch.setattr(module, "monotonic", lambda: now + idle)
    await client.says(b"a")
    client.waits(idle + 5)
    assert client.sees() == b""
    client.waits(2 * idle + 5)
    answer = client.sees()
    assert status_of(answer) == 408
    assert b"x-path: /a" in answer


@in_loop
async def test_a_running_exchange_is_not_timed_by_the_connection():
    held = Held()
    client = Client(held)
    await client.says(post(b"/a"))
    client.waits(100_000)
    assert not client.transport.is_closing()
    held.go.set()
    await turns()
    assert client.sees() == ok()


# Ends.


@in_loop
async def test_a_client_that_leaves_cancels_its_exchange():
    held = Held()
    client = Client(held)
    await client.says(post(b"/a"))
    client.connection.connection_lost(None)
    await turns()
    assert client.door.cancelled == [b"/a"]
    assert client.shared.connections == set()
    assert len(client.shared.sweep) == 0


@in_loop
async def test_a_client_that_half_closes_counts_as_gone():
    client = Client()
    assert client.connection.eof_received() is False


@in_loop
async def test_a_slow_client_pauses_the_reply_that_runs_and_no_other():
    held = Held()
    client = Client(held)
    client.connection.pause_writing()
    client.connection.resume_writing()
    await client.says(post(b"/a"))
    client.connection.pause_writing()
    assert held.replies[0].paused
    client.connection.resume_writing()
    assert not held.replies[0].paused
    assert client.transport.high_bytes == client.shared.limits.write_buffer_bytes
    held.go.set()


@in_loop
async def test_a_reply_begins_paused_while_the_one_before_it_is_still_unread():
    held = Held()
    client = Client(held)
    await client.says(post(b"/a") + post(b"/b"))
    client.connection.pause_writing()
    held.go.set()
    await turns()
    assert held.replies[1].paused
    client.connection.resume_writing()
    assert not held.replies[1].paused
    held.go.set()


@in_loop
async def test_a_drain_closes_what_is_idle_and_lets_what_runs_be_the_last():
    held = Held()
    shared = Shared(RecordingDoor(held), Limits())
    idle, busy = Client(shared=shared), Client(shared=shared)
    await busy.says(post(b"/a"))
    shared.draining = True
    idle.connection.drain()
    busy.connection.drain()
    assert idle.transport.closed
    assert not busy.transport.is_closing()
    held.go.set()
    await turns()
    assert b"connection: close" in busy.sees()
    assert busy.transport.closed


@in_loop
async def test_a_refusal_while_draining_says_that_it_is_the_last():
    client = Client()
    client.shared.draining = True
    await client.says(b"GET /no HTTP/1.1\r\n" + HOST + b"\r\n")
    assert b"connection: close" in client.sees()


@in_loop
async def test_an_aborted_reply_ends_the_connection():
    async def play(body: bytes, reply: Reply) -> None:
        reply.start(200, [], 10, b"half")
        reply.abort()

    client = Client(play)
    await client.says(post(b"/a") + post(b"/b"))
    assert client.transport.aborted
    assert client.door.served == [(b"/a", b"")]


@in_loop
async def test_an_abort_cuts_whatever_goes_on():
    held = Held()
    client = Client(held)
    await client.says(post(b"/a"))
    client.connection.abort()
    await turns()
    assert client.transport.aborted
    assert client.door.cancelled == [b"/a"]
