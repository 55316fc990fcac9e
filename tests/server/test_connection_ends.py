"""A client connection as transcripts: what is refused, what takes too long, how it ends. The clock moves by hand."""

import pytest

from fastproxy import clock
from fastproxy.server import connection as module
from fastproxy.server.connection import LINGER_SECONDS
from fastproxy.server.reply import Reply
from fastproxy.snapshot import Limits
from support.connections import HOST, Client, Held, RecordingDoor, Shared, ok, post, status_of
from support.loops import in_loop, turns

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
async def test_the_next_request_waits_while_the_reply_before_it_is_unread():
    held = Held()
    client = Client(held)
    await client.says(post(b"/a") + post(b"/b"))
    client.connection.pause_writing()
    held.go.set()
    await turns()
    assert client.door.served == [(b"/a", b"")]
    assert not client.transport.reading
    client.connection.resume_writing()
    await turns()
    assert client.door.served == [(b"/a", b""), (b"/b", b"")]
    assert client.transport.reading
    held.go.set()


@in_loop
async def test_a_client_that_never_reads_its_reply_is_cut_off():
    client = Client()
    client.connection.pause_writing()
    stall = client.shared.limits.write_stall_seconds
    client.waits(stall - 1)
    assert not client.transport.is_closing()
    client.waits(stall + 1)
    assert client.transport.aborted


@in_loop
async def test_a_client_that_never_reads_its_last_reply_is_cut_off_too():
    client = Client()
    await client.says(post(b"/a", b"", b"connection: close"))
    assert not client.transport.aborted
    client.connection.expire(clock.monotonic() + client.shared.limits.write_stall_seconds + 1)
    assert client.transport.aborted


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
