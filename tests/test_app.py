"""`fastproxy serve` up to its first request: what is opened, what is said, and how it ends when it can't begin."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from fastproxy import app
from fastproxy.accounts.inventory import Stock
from fastproxy.accounts.stored import StoredAccount
from fastproxy.providers import codex, echo, openai
from fastproxy.server.listener import ListenError
from fastproxy.snapshot import Access, Account, Server, Snapshot

START_SECONDS = 20.0


def serve(directory: Path, config: str) -> subprocess.CompletedProcess[str]:
    """A start that must fail: what it said, and its exit code."""
    path = directory / "config.toml"
    path.write_text(config)
    code = (
        "import sys, pathlib as p, fastproxy.app as a; sys.exit(a.serve(p.Path(sys.argv[1]), {}, p.Path(sys.argv[2])))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(path), str(directory / "state")],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(directory)},
    )


# Starts that fail.


def test_a_bad_configuration_is_exit_2_and_says_where(tmp_path: Path):
    ended = serve(tmp_path, "[server]\nlissten = []\n")
    assert ended.returncode == 2
    assert "config.toml:2" in ended.stderr
    assert "listen" in ended.stderr
    assert (ended.stdout, "Traceback" in ended.stderr) == ("", False)
    assert not (tmp_path / "state").exists()


def test_a_port_that_is_taken_is_exit_1_and_names_its_owner(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = serve(tmp_path, f'[server]\nlisten = ["127.0.0.1:{taken.getsockname()[1]}"]\n')
    assert ended.returncode == 1
    assert "in use" in ended.stderr
    assert f"pid {os.getpid()}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_state_directory_that_cannot_be_made_is_exit_1(tmp_path: Path):
    (tmp_path / "state").write_text("a file")
    ended = serve(tmp_path, '[server]\nlisten = ["127.0.0.1:0"]\n')
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


# Sockets.


@pytest.fixture
def opened() -> Iterator[list[list[socket.socket]]]:
    """Sockets that are closed when the test ends."""
    per_worker: list[list[socket.socket]] = []
    yield per_worker
    for one in {one for sockets in per_worker for one in sockets}:
        one.close()


def open_for(opened: list[list[socket.socket]], *addresses: str, workers: int = 1) -> list[list[socket.socket]]:
    opened += app._open_sockets(Snapshot(server=Server(listen=addresses, workers=workers)))
    return opened


def test_one_worker_gets_every_address(opened: list[list[socket.socket]], tmp_path: Path):
    [sockets] = open_for(opened, "127.0.0.1:0", "[::1]:0", f"unix:{tmp_path}/s")
    assert [one.family for one in sockets] == [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX]


def test_several_workers_share_the_port_on_sockets_of_their_own_and_the_file_on_one(
    opened: list[list[socket.socket]], tmp_path: Path
):
    first, second = open_for(opened, "127.0.0.1:0", f"unix:{tmp_path}/s", workers=2)
    assert first[0].getsockname() == second[0].getsockname()
    assert first[0] is not second[0]
    assert first[1] is second[1]


def test_systemd_without_its_sockets_is_an_error(opened: list[list[socket.socket]]):
    with pytest.raises(ListenError, match="handed over no socket"):
        open_for(opened, "systemd")


# The banner.


def banner_of(
    opened: list[list[socket.socket]], snapshot: Snapshot, token: str | None = None, stock: Stock | None = None
) -> str:
    stock = stock or Stock(accounts=snapshot.accounts)
    return app.banner(snapshot, open_for(opened, "127.0.0.1:0")[0], token, stock)


def test_the_first_banner_shows_the_token_and_a_line_to_try_with_it(opened: list[list[socket.socket]]):
    snapshot = Snapshot(providers={"openai": openai.PROVIDER, "fastproxy": echo.PROVIDER})
    text = banner_of(opened, snapshot, "fp-first")
    port = opened[0][0].getsockname()[1]
    assert f"http://127.0.0.1:{port}" in text
    assert text.count("fp-first") == 2
    assert f'curl http://127.0.0.1:{port}/v1/chat/completions -H "authorization: Bearer fp-first"' in text
    assert "openai, fastproxy" in text


def test_a_later_banner_has_no_token_to_show(opened: list[list[socket.socket]]):
    text = banner_of(opened, Snapshot())
    assert "as issued before" in text
    assert '-H "authorization: Bearer $FASTPROXY_TOKEN"' in text  # a shell fills in nothing between single quotes


def test_an_open_relay_says_that_none_is_needed(opened: list[list[socket.socket]]):
    text = banner_of(opened, Snapshot(access=Access(require_token=False)))
    assert "Bearer none" in text
    assert "issue" not in text


def test_what_is_known_but_not_usable_is_counted(opened: list[list[socket.socket]]):
    text = banner_of(opened, Snapshot(unusable={"openai": "set OPENAI_API_KEY", "groq": "set GROQ_API_KEY"}))
    assert "2 more are known" in text
    assert "doctor" in text


def test_stored_accounts_are_named_and_make_their_provider_usable(opened: list[list[socket.socket]]):
    snapshot = Snapshot(
        providers={"codex": codex.PROVIDER, "fastproxy": echo.PROVIDER}, keyless={"openai": openai.PROVIDER}
    )
    empty = banner_of(opened, snapshot)
    assert "providers  fastproxy\n" in empty
    assert "1 more are known" in empty
    assert "accounts" not in empty
    stored = tuple(StoredAccount(f"openai:{number}", "openai", str(number), "key") for number in range(9))
    accounts = {"openai": tuple(Account("openai", one.id) for one in stored), "codex": (Account("codex", "codex:a"),)}
    text = banner_of(opened, snapshot, stock=Stock(accounts, stored, disabled={"openai:1": "closed"}))
    assert "providers  codex, openai, fastproxy\n" in text
    assert "accounts   openai:0, openai:1 (disabled), openai:2," in text
    assert "openai:7 and 1 more; see `fastproxy account list`" in text


def test_accounts_that_can_not_be_read_are_exit_1_and_say_why(tmp_path: Path):
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state/accounts.db").write_bytes(b"this is no database" * 100)
    ended = serve(tmp_path, '[server]\nlisten = ["127.0.0.1:0"]\n')
    assert ended.returncode == 1
    assert "accounts.db" in ended.stderr
    assert "Traceback" not in ended.stderr


# The loop and the log.


def test_the_loop_is_uvloop_unless_asyncio_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("FASTPROXY_LOOP", raising=False)
    assert app._loop_factory() is uvloop.Loop
    monkeypatch.setenv("FASTPROXY_LOOP", "asyncio")
    assert app._loop_factory() is None
    assert asyncio.Runner(loop_factory=app._loop_factory()) is not None


def test_other_libraries_log_errors_only(monkeypatch: pytest.MonkeyPatch):
    ours = logging.getLogger("fastproxy")
    level = ours.level
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    try:
        app._log_to_stderr("info")
        assert ours.isEnabledFor(logging.INFO)
        assert logging.root.level == logging.ERROR
    finally:
        ours.setLevel(level)
