"""One worker from its first socket to its last byte, in the test's own loop: serving, reloading, stopping."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fastproxy.current import Source
from fastproxy.server.listener import open_socket
from fastproxy.usage.report import summary
from fastproxy.usage.store import DATABASE
from fastproxy.worker import Worker, _log_by_place
from support.loops import in_both_loops, in_loop, until

CONFIG = """
[server]
listen = ["127.0.0.1:0"]
[access]
tokens = ["env:TEST_TOKEN"]
{extra}
"""
ENVIRON = {"TEST_TOKEN": "fp-test-token-of-some-length"}
BODY = b'{"model":"fastproxy/echo","messages":[{"role":"user","content":"hi"}]}'


class Running:
    """A worker that serves, and its configuration file."""

    def __init__(self, directory: Path) -> None:
        self.state = directory / "state"
        self.state.mkdir(mode=0o700)
        self.config = directory / "config.toml"
        self.write("")
        self.socket: socket.socket = open_socket("127.0.0.1:0", share=False)
        self.port = self.socket.getsockname()[1]
        source = Source(self.config, {}, ENVIRON)
        self.worker = Worker(source, source.load(), self.state)

    def write(self, extra: str) -> None:
        beside = self.config.with_suffix(".new")
        beside.write_text(CONFIG.format(extra=extra))
        beside.replace(self.config)

    async def ask(self, request: bytes) -> bytes:
        """The answer to a request that says `connection: close`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer

    async def status(self, path: str) -> int:
        return int(
            (await self.ask(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())).split()[1]
        )

    async def chat(self) -> bytes:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        head += b"authorization: Bearer %b\r\ncontent-length: %d\r\n\r\n"
        return await self.ask(head % (ENVIRON["TEST_TOKEN"].encode(), len(BODY)) + BODY)


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Running]:
    """Stopped by SIGTERM when the block ends, and then it must end."""
    one = Running(directory)
    announced = asyncio.Event()
    task = asyncio.create_task(one.worker.run([one.socket], announced.set))
    await asyncio.wait({task, asyncio.create_task(announced.wait())}, return_when=asyncio.FIRST_COMPLETED)
    assert announced.is_set()
    try:
        yield one
    finally:
        signal.raise_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await task


@in_both_loops
async def test_a_worker_serves_until_it_is_told_to_stop_and_loses_no_record(tmp_path: Path):
    async with running(tmp_path) as one:
        assert await one.status("/readyz") == 200
        answer = await one.chat()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"echo: hi" in answer
    [row] = summary(one.state / DATABASE, 0, 1e12)
    assert row.requests == 1
    with pytest.raises(ConnectionError):
        await one.status("/readyz")


@in_loop
async def test_a_reload_swaps_the_whole_configuration(tmp_path: Path):
    async with running(tmp_path) as one:
        before = one.worker._relay.view
        one.write('[aliases]\nquick = "fastproxy/echo"\n[upstream]\nidle_seconds = 7.0\n[limits]\nhead_bytes = 5000\n')
        await one.worker.reload()
        after = one.worker._relay.view
        assert after is not before
        assert after.snapshot.aliases == {"quick": "fastproxy/echo"}
        assert one.worker._listener.limits.head_bytes == 5000
        assert one.worker._relay.attempts.pool._settings.idle_seconds == 7.0
        assert (await one.chat()).startswith(b"HTTP/1.1 200 OK\r\n")


@in_loop
async def test_connections_to_upstreams_stay_when_their_settings_do(tmp_path: Path):
    async with running(tmp_path) as one:
        pool = one.worker._relay.attempts.pool
        one.write('[aliases]\nquick = "fastproxy/echo"\n')
        await one.worker.reload()
        assert one.worker._relay.attempts.pool is pool


@in_loop
async def test_sighup_reloads(tmp_path: Path):
    async with running(tmp_path) as one:
        one.write('[aliases]\nquick = "fastproxy/echo"\n')
        signal.raise_signal(signal.SIGHUP)
        await until(lambda: one.worker._relay.view.snapshot.aliases)


@in_loop
async def test_a_changed_file_is_noticed_by_itself(tmp_path: Path):
    async with running(tmp_path) as one:
        one.write('[aliases]\nquick = "fastproxy/echo"\n')
        await until(lambda: one.worker._relay.view.snapshot.aliases)


@in_loop
async def test_a_bad_file_keeps_the_old_configuration_and_says_where(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with running(tmp_path) as one:
        before = one.worker._relay.view
        one.write("[aliasses]\n")
        await one.worker.reload()
        assert one.worker._relay.view is before
        assert (await one.chat()).startswith(b"HTTP/1.1 200 OK\r\n")
    assert "config.toml:6" in caplog.text
    assert "aliases" in caplog.text


@in_loop
async def test_a_drain_is_not_ready_and_a_second_signal_cuts_it_short(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with running(tmp_path) as one:
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n")
        await until(lambda: any(not each.idle for each in one.worker._listener.connections))
        signal.raise_signal(signal.SIGTERM)
        await until(lambda: not one.worker._admin.ready)
    assert "told twice to stop: 1 connections cut off" in caplog.text
    assert await reader.read() == b""
    writer.close()


def test_the_loops_own_reports_quote_nothing(caplog: pytest.LogCaptureFixture):
    loop = asyncio.new_event_loop()
    with caplog.at_level(logging.ERROR):
        _log_by_place(loop, {"message": "sk-secret", "exception": ValueError("sk-secret")})
        _log_by_place(loop, {"message": "sk-secret"})
    loop.close()
    assert "ValueError" in caplog.text
    assert "sk-secret" not in caplog.text


@in_loop
async def test_a_second_in_which_something_breaks_is_not_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ticks = []

    def broken() -> None:
        ticks.append(1)
        raise ValueError

    monkeypatch.setattr("fastproxy.worker.SWEEP_SECONDS", 0.01)
    async with running(tmp_path) as one:
        with monkeypatch.context() as patch:
            patch.setattr(one.worker, "_reload_tokens", broken)
            await until(lambda: len(ticks) > 2)
        assert await one.status("/healthz") == 200
