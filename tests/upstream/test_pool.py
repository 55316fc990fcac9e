"""The pool on real sockets: what is reused, what is thrown away, and what a connection that can't be had becomes."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import TCPConnector

from fastproxy.clock import Sweep
from fastproxy.errors import Fault
from fastproxy.snapshot import Upstream
from fastproxy.upstream.exchange import DeadConnection, Exchange
from fastproxy.upstream.pool import OPENING_AT_ONCE, Pool
from support.hosts import Host, Visit, scripted
from support.loops import in_both_loops, in_loop, turns

DIRECT = Upstream(proxy="direct")
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Collected:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.body = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data(self, data: bytes) -> None:
        self.body += data

    def end(self) -> None:
        self.done.set_result(None)

    def broken(self, fault: Fault) -> None:
        self.done.set_exception(fault)

    def expire(self, now: float) -> None:
        """It has no clock of its own."""


@asynccontextmanager
async def pooled(settings: Upstream = DIRECT) -> AsyncIterator[Pool]:
    """A pool that must have nothing lent out when the block ends."""
    pool = Pool(settings, Sweep())
    try:
        yield pool
        await turns()
        assert not pool._connector._acquired, "a connection was never given back"
        assert len(pool._sweep) == 0, "an exchange is still watched"
    finally:
        await pool.close()


async def whole(exchange: Exchange, lines: bytes = b"host: lab\r\ncontent-length: 0\r\n") -> bytes:
    """Ask and read the body to its end."""
    exchange.send(b"POST", b"/v1/messages", lines, b"")
    await exchange.head()
    sink = Collected()
    exchange.relay(sink)
    await sink.done
    return sink.body


async def ask(pool: Pool, origin: str) -> bytes:
    return await whole(await pool.open(origin))


@in_loop
async def test_only_so_many_connections_to_one_origin_are_opened_at_a_time(monkeypatch: pytest.MonkeyPatch):
    opening = most = 0

    async def create(*_: object) -> None:
        nonlocal opening, most
        opening += 1
        most = max(most, opening)
        await turns()
        opening -= 1
        raise OSError

    monkeypatch.setattr(TCPConnector, "_create_connection", create)
    async with pooled() as pool:
        wanted = (pool.open("http://127.0.0.1:9") for _ in range(3 * OPENING_AT_ONCE))
        faults = await asyncio.gather(*wanted, return_exceptions=True)
    assert {type(fault) for fault in faults} == {Fault}
    assert most == OPENING_AT_ONCE


@in_both_loops
async def test_a_connection_is_used_again():
    async with Host(scripted(OK, OK, OK)) as host, pooled() as pool:
        for _ in range(3):
            assert await ask(pool, host.origin) == b"ok"
        assert len(host.visits) == 1


@in_both_loops
async def test_bytes_that_come_on_an_idle_connection_never_reach_the_next_request():
    """The desync: another account's answer would be read as this one's (aio-libs/aiohttp#13656)."""
    stray_sent = asyncio.Event()

    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        if visit.number == 1:
            await asyncio.sleep(0.02)
            await visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nSTRAY")
            stray_sent.set()
            await visit.left()

    async with Host(play) as host, pooled() as pool:
        assert await ask(pool, host.origin) == b"ok"
        await stray_sent.wait()
        await asyncio.sleep(0.02)
        assert await ask(pool, host.origin) == b"ok"
        assert len(host.visits) == 2


@in_both_loops
async def test_nor_do_those_that_the_loop_has_not_read_yet():
    async def play(visit: Visit) -> None:
        for _ in range(2):
            await visit.request()
            await visit.send(OK)

    async with Host(play) as host, pooled() as pool:
        assert await ask(pool, host.origin) == b"ok"
        host.visits[0].send_now(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nSTRAY")
        assert await ask(pool, host.origin) == b"ok"
        assert len(host.visits) == 2


@pytest.mark.parametrize("extra", [b"x", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nSTRAY", b"\r\n"])
@in_both_loops
async def test_bytes_behind_the_body_cost_the_connection(extra: bytes):
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK + extra)
        await visit.left()

    async with Host(play) as host, pooled() as pool:
        assert await ask(pool, host.origin) == b"ok"
        assert await ask(pool, host.origin) == b"ok"
        assert len(host.visits) == 2
        await host.finished()


@in_both_loops
async def test_an_idle_connection_that_the_host_closed_is_not_used():
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        visit.close()

    async with Host(play) as host, pooled() as pool:
        assert await ask(pool, host.origin) == b"ok"
        await asyncio.sleep(0.02)
        assert await ask(pool, host.origin) == b"ok"


@pytest.mark.parametrize("leave", [Visit.close, Visit.reset])
@in_both_loops
async def test_a_pooled_connection_that_proves_dead_is_told_apart_and_a_fresh_one_serves(leave: object):
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        if visit.number == 1:
            await visit.request()
            leave(visit)  # type: ignore[operator]

    async with Host(play) as host, pooled() as pool:
        assert await ask(pool, host.origin) == b"ok"
        with pytest.raises(DeadConnection):
            await ask(pool, host.origin)
        assert await whole(await pool.open(host.origin, fresh=True)) == b"ok"


@in_both_loops
async def test_fresh_closes_the_idle_connections_that_it_meets():
    async with Host(scripted(OK, OK)) as host, pooled() as pool:
        first, second = await pool.open(host.origin), await pool.open(host.origin)
        assert [await whole(first), await whole(second)] == [b"ok", b"ok"]
        third = await pool.open(host.origin, fresh=True)
        assert await whole(third) == b"ok"
        assert len(host.visits) == 3


@in_loop
async def test_a_fresh_connection_that_dies_is_no_dead_pooled_one():
    async def play(visit: Visit) -> None:
        await visit.request()
        visit.close()

    async with Host(play) as host, pooled() as pool:
        with pytest.raises(Fault) as caught:
            await ask(pool, host.origin)
        assert caught.value.kind == "unreachable"


@in_both_loops
async def test_nobody_listening_is_unreachable():
    async with Host(scripted()) as host:
        origin = host.origin
    async with pooled() as pool:
        with pytest.raises(Fault) as caught:
            await pool.open(origin)
    assert (caught.value.kind, caught.value.status) == ("unreachable", 502)
    assert "127.0.0.1" in caught.value.message


@in_loop
async def test_a_name_that_does_not_resolve_is_unreachable():
    async with pooled() as pool:
        with pytest.raises(Fault) as caught:
            await pool.open("http://nowhere.invalid:80")
    assert caught.value.kind == "unreachable"
    assert "could not be resolved" in caught.value.message


@in_loop
async def test_no_free_connection_in_time_is_a_timeout():
    async with Host(scripted(OK)) as host, pooled(Upstream(proxy="direct", connections=1, connect_seconds=0.1)) as pool:
        first = await pool.open(host.origin)
        with pytest.raises(Fault) as caught:
            await pool.open(host.origin)
        assert (caught.value.kind, caught.value.status) == ("timeout", 504)
        first.close()


@in_loop
async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=20)  # noqa: ASYNC221 - before the loop has anything to do
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's side of the failed handshake
    async with pooled() as pool:
        with pytest.raises(Fault) as caught:
            await pool.open(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert caught.value.kind == "unreachable"
    assert "certificate" in caught.value.message
    server.close()


@in_both_loops
async def test_a_cancelled_open_leaves_nothing_behind():
    async with Host(scripted(OK)) as host, pooled(Upstream(proxy="direct", connections=1)) as pool:
        first = await pool.open(host.origin)
        waiting = asyncio.create_task(pool.open(host.origin))
        await turns()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        first.close()
        await turns()
        second = await pool.open(host.origin)
        second.close()


@pytest.mark.parametrize("delay", range(6))
@in_both_loops
async def test_an_open_cancelled_at_any_turn_leaves_nothing_behind(delay: int):
    async with Host(scripted(OK)) as host, pooled() as pool:
        opening = asyncio.create_task(pool.open(host.origin))
        await turns(delay)
        opening.cancel()
        with suppress(asyncio.CancelledError):
            (await opening).close()


@in_loop
async def test_a_plain_http_proxy_gets_the_whole_address_and_its_own_credential():
    async with Host(scripted(OK)) as proxy, pooled(Upstream(proxy=proxy.origin.replace("//", "//me:secret@"))) as pool:
        assert await ask(pool, "http://lab.test:80") == b"ok"
    request = proxy.requests[0]
    assert request.startswith(b"POST http://lab.test:80/v1/messages HTTP/1.1\r\nhost: lab\r\n")
    assert b"\r\nproxy-authorization: Basic bWU6c2VjcmV0\r\n" in request


@in_loop
async def test_an_https_address_is_reached_through_a_tunnel():
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 502 No Tunnel\r\ncontent-length: 0\r\n\r\n")

    async with Host(play) as proxy, pooled(Upstream(proxy=proxy.origin)) as pool:
        with pytest.raises(Fault) as caught:
            await pool.open("https://lab.test:443")
    assert caught.value.kind == "unreachable"
    assert proxy.requests[0].startswith(b"CONNECT lab.test:443 HTTP/1.1\r\n")


@in_loop
async def test_the_environment_names_a_proxy_which_this_machine_is_reached_without(monkeypatch: pytest.MonkeyPatch):
    async with Host(scripted(OK)) as host, Host(scripted(OK)) as proxy:
        for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.origin)
        async with pooled(Upstream()) as pool:
            assert await ask(pool, "http://lab.test:80") == b"ok"
            assert (len(proxy.requests), len(host.requests)) == (1, 0)
            assert await ask(pool, host.origin) == b"ok"
            assert await ask(pool, host.origin.replace("127.0.0.1", "localhost")) == b"ok"
        assert (len(proxy.requests), len(host.requests)) == (1, 2)
        async with pooled(Upstream(proxy=proxy.origin)) as pool:
            assert await ask(pool, host.origin) == b"ok"
        assert (len(proxy.requests), len(host.requests)) == (2, 2)


@in_loop
async def test_netrc_is_never_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with Host(scripted(OK)) as host, pooled(Upstream()) as pool:
        assert await ask(pool, host.origin) == b"ok"
    assert b"authorization" not in host.requests[0].lower()
