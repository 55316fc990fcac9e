"""Listening sockets: what can be had, what can't and why; and the drain at the end."""

import asyncio
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from fastproxy.clock import Sweep
from fastproxy.errors import Fault
from fastproxy.framing.http1 import RequestHead
from fastproxy.server.listener import Listener, ListenError, address_of, open_socket
from fastproxy.server.reply import Answer, Reply
from fastproxy.snapshot import Limits
from support.loops import in_both_loops, until

GET = b"GET / HTTP/1.1\r\nhost: relay\r\n\r\n"


class Admission:
    """Answers when the test says so."""

    body_bytes = 1000

    def __init__(self, go: asyncio.Event) -> None:
        self._go = go

    async def serve(self, body: bytes, reply: Reply) -> None:
        await self._go.wait()
        reply.send(Answer(200, [], b"served"))


class Door:
    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()

    def admit(self, head: RequestHead) -> Admission:
        return Admission(self.go)

    def refuse(self, fault: Fault, head: RequestHead | None) -> Answer:
        return Answer(fault.status, [], b"refused")


async def started(address: str = "127.0.0.1:0") -> tuple[Listener, Door, str]:
    one = open_socket(address, share=False)
    door = Door()
    listener = Listener(Limits(), door, Sweep())
    await listener.start([one])
    return listener, door, address_of(one)


async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("unix:"):
        return await asyncio.open_unix_connection(address.removeprefix("unix:"))
    host, _, port = address.removeprefix("http://").rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))


# Sockets.


@pytest.mark.parametrize(
    ("address", "host"),
    [("127.0.0.1:0", "http://127.0.0.1:"), (":0", "http://127.0.0.1:"), ("[::1]:0", "http://[::1]:")],
)
def test_a_port_is_opened_and_says_its_address(address: str, host: str):
    with open_socket(address, share=False) as one:
        assert address_of(one).startswith(host)
        assert not address_of(one).endswith(":0")
        assert not one.getblocking()


def test_an_ipv6_port_leaves_ipv4_alone():
    with open_socket("[::1]:0", share=False) as one:
        assert one.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


def test_a_port_that_is_taken_is_an_error_that_names_its_owner():
    with open_socket("127.0.0.1:0", share=False) as one:
        port = one.getsockname()[1]
        with pytest.raises(ListenError) as caught:
            open_socket(f"127.0.0.1:{port}", share=False)
        assert "in use" in str(caught.value)
        assert f"pid {os.getpid()}" in str(caught.value)


def test_several_processes_may_share_a_port_only_when_all_want_to():
    with open_socket("127.0.0.1:0", share=True) as one:
        address = f"127.0.0.1:{one.getsockname()[1]}"
        open_socket(address, share=True).close()
        with pytest.raises(ListenError):
            open_socket(address, share=False)


@pytest.mark.parametrize("address", ["127.0.0.1:http-ish", "no.such.host.invalid:80", "127.0.0.1"])
def test_what_is_no_address_is_an_error(address: str):
    with pytest.raises(ListenError):
        open_socket(address, share=False)


def test_a_foreign_address_is_an_error():
    with pytest.raises(ListenError, match=r"192\.0\.2\.1:0"):
        open_socket("192.0.2.1:0", share=False)


def test_a_unix_socket_is_for_its_owner_alone(tmp_path: Path):
    path = tmp_path / "relay.sock"
    before = os.umask(0)
    try:
        with open_socket(f"unix:{path}", share=False) as one:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert address_of(one) == f"unix:{path}"
    finally:
        os.umask(before)


def test_a_unix_socket_that_a_dead_process_left_is_replaced(tmp_path: Path):
    path = tmp_path / "relay.sock"
    open_socket(f"unix:{path}", share=False).close()
    assert path.exists()
    open_socket(f"unix:{path}", share=False).close()


def test_a_unix_socket_that_is_alive_is_left_alone(tmp_path: Path):
    path = tmp_path / "relay.sock"
    with open_socket(f"unix:{path}", share=False), pytest.raises(ListenError, match="another process listens there"):
        open_socket(f"unix:{path}", share=False)


def test_a_file_that_is_no_socket_is_never_removed(tmp_path: Path):
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(ListenError):
        open_socket(f"unix:{path}", share=False)
    assert path.read_text() == "data"


def test_a_unix_socket_in_no_directory_is_an_error(tmp_path: Path):
    with pytest.raises(ListenError):
        open_socket(f"unix:{tmp_path}/none/relay.sock", share=False)


# Serving.


@pytest.mark.parametrize("kind", ["127.0.0.1:0", "[::1]:0", "unix"])
@in_both_loops
async def test_clients_are_served_on_every_kind_of_socket(kind: str, tmp_path: Path):
    listener, _, address = await started(f"unix:{tmp_path}/relay.sock" if kind == "unix" else kind)
    reader, writer = await connect(address)
    writer.write(GET)
    assert (await reader.readuntil(b"served")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(listener.connections) == 1
    writer.close()
    assert await listener.drain(5) == 0
    await writer.wait_closed()


@in_both_loops
async def test_a_drain_ends_idle_connections_at_once_and_lets_running_ones_finish():
    listener, door, address = await started()
    idle_reader, idle_writer = await connect(address)
    idle_writer.write(GET)
    await idle_reader.readuntil(b"served")
    door.go.clear()
    reader, writer = await connect(address)
    writer.write(GET)
    await until(lambda: len(listener.connections) == 2 and not all(one.idle for one in listener.connections))
    drain = asyncio.create_task(listener.drain(10))
    assert await idle_reader.read() == b""
    late_reader, late_writer = await connect(address)  # still accepted, so that the door can say what is going on
    late_writer.write(GET)
    assert not drain.done()
    door.go.set()
    for one in (reader, late_reader):
        answer = await one.read()
        assert b"connection: close" in answer
        assert answer.endswith(b"served")
    assert await drain == 0
    with pytest.raises(ConnectionError):
        await connect(address)
    for one in (idle_writer, writer, late_writer):
        one.close()


@in_both_loops
async def test_what_does_not_end_in_time_is_cut_off_and_counted():
    listener, door, address = await started()
    door.go.clear()
    reader, writer = await connect(address)
    writer.write(GET)
    await until(lambda: any(not one.idle for one in listener.connections))
    assert await listener.drain(0.1) == 1
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()


@in_both_loops
async def test_a_drain_refuses_connections_although_the_parent_holds_the_socket_too():
    one = open_socket("127.0.0.1:0", share=True)
    address = address_of(one)
    with one.dup():
        listener = Listener(Limits(), Door(), Sweep())
        await listener.start([one])
        _, writer = await connect(address)
        writer.close()
        assert await listener.drain(5) == 0
        with pytest.raises(ConnectionRefusedError):
            await connect(address)


@in_both_loops
async def test_a_drain_leaves_what_systemd_has_handed_over_open():
    one = open_socket("127.0.0.1:0", share=False)
    address = address_of(one)
    with one.dup():
        listener = Listener(Limits(), Door(), Sweep())
        await listener.start([one])
        assert await listener.drain(5) == 0
        _, writer = await connect(address)  # waits in the queue for the relay that systemd starts next
        writer.close()
