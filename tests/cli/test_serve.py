"""`fastproxy serve` as a process: it listens, says how to use it, and ends when told."""

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest


class Served(NamedTuple):
    process: subprocess.Popen[str]
    banner: str
    port: int


@pytest.fixture
def serve(home: Path, tmp_path: Path) -> Iterator:
    """Starts `fastproxy serve` on a free port, and ends by its pid whatever is still running."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, python: tuple[str, ...] = ()) -> Served:
        command = [sys.executable, *python, "-m", "fastproxy", "serve", "--listen", "127.0.0.1:0", *arguments]
        log = (tmp_path / f"log-{len(processes)}").open("w")
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=dict(os.environ))
        log.close()
        processes.append(process)
        banner = ""
        for line in process.stdout:
            banner += line
            if found := re.search(r"curl http://127\.0\.0\.1:(\d+)/", line):
                return Served(process, banner, int(found[1]))
        raise AssertionError(f"no banner: {banner}{(tmp_path / 'log-0').read_text()}")

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        process.stdout.close()


def status_of(port: int, token: str = "") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {token}"} if token else {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_fresh_machine_gets_a_token_that_opens_the_relay_and_is_shown_once(serve) -> None:
    first = serve()
    token = re.search(r"fp-[\w-]{43}", first.banner)[0]
    assert status_of(first.port) == 401
    assert status_of(first.port, token) == 200
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(10) == 0
    second = serve()
    assert token not in second.banner
    assert status_of(second.port, token) == 200


def test_a_token_issued_or_revoked_meanwhile_counts_without_a_restart(serve, run) -> None:
    relay = serve()
    token = run("token", "issue", "laptop").out.strip()
    assert eventually(lambda: status_of(relay.port, token) == 200)
    run("token", "revoke", "laptop")
    assert eventually(lambda: status_of(relay.port, token) == 401)


def test_serving_imports_no_tables(serve, tmp_path) -> None:
    serve(python=("-X", "importtime"))
    imported = re.findall(r"\|\s+([\w.]+)$", (tmp_path / "log-0").read_text(), re.MULTILINE)
    assert "h11" in imported
    assert [name for name in imported if name.partition(".")[0] == "rich"] == []


def test_a_mistake_in_the_configuration_ends_with_two_and_its_place(tmp_path, run) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[server]\nworkerss = 2\n")
    ended = run("serve", "--config", path)
    assert ended.code == 2
    assert ended.err.startswith(f"{path}:2:1: ")


def test_a_flag_that_can_not_be_used_blames_the_command_line(run) -> None:
    ended = run("serve", "--listen", "nowhere")
    assert ended.code == 2
    assert "command line" in ended.err


def test_a_port_that_is_taken_ends_with_one(serve, run) -> None:
    relay = serve()
    ended = run("serve", "--listen", f"127.0.0.1:{relay.port}")
    assert ended.code == 1
    assert str(relay.port) in ended.err


def eventually(condition, seconds: float = 5.0) -> bool:
    """Whether the condition comes true in time; the relay looks at its files once a second."""
    import threading

    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return True
        pause.wait(0.05)
    return False
