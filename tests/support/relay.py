"""A real `fastproxy serve` process for tests: own state directory, own environment, a port of its own, a clean end.

Nothing of the developer's environment reaches it: no provider keys, no proxies, no configuration.
"""

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Self

import orjson

from support.wire import Answer, Wire, request

START_SECONDS = 20.0
STOP_SECONDS = 10.0
TOKEN = "fp-test-" + secrets.token_hex(16)
ADMIN_TOKEN = "fp-admin-" + secrets.token_hex(16)
UPSTREAM_KEY = "sk-lab-" + secrets.token_hex(16)
_ADDRESS = re.compile(r"http://127\.0\.0\.1:([1-9][0-9]*)")


def config(upstream_origin: str, *, extra: str = "", server: str = "", formats: str = "") -> str:
    """A configuration with one provider, "lab", that speaks all four formats and serves every model."""
    formats = formats or '["openai-chat", "openai-responses", "anthropic", "gemini"]'
    return f"""
[server]
listen = ["127.0.0.1:0"]
{server}
[access]
tokens = ["env:TEST_CLIENT_TOKEN"]
admin_token = "env:TEST_ADMIN_TOKEN"
[providers.lab]
formats = {formats}
base_url = "{upstream_origin}/v1"
api_key = "env:TEST_UPSTREAM_KEY"
models = ["*"]
{extra}
"""


class Relay:
    """A running relay. `stop` ends it by its pid; `complaints` says what is in its log and must not be."""

    def __init__(self, directory: Path, config_text: str | None, environ: Mapping[str, str] = {}) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.config_path = directory / "config.toml"
        self._output = directory / "stdout"
        self._log = directory / "stderr"
        directory.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "fastproxy", "serve"]
        if config_text is not None:
            self.write_config(config_text)
            command += ["--config", str(self.config_path)]
        with self._output.open("wb") as output, self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env=self._environment(environ),
                cwd=directory,
            )
        self._checked_bytes = 0
        self.port = self._wait_for_port()

    def __enter__(self) -> Self:
        self.await_ready()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def await_ready(self) -> None:
        """Return once requests are answered: the address is printed a moment before."""
        assert self.ask("/healthz", method="GET").status == 200

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def write_config(self, text: str) -> None:
        """Replace the file as careful editors do: write beside it, then rename."""
        beside = self.config_path.with_suffix(".new")
        beside.write_text(text)
        beside.replace(self.config_path)

    def wire(self, **options: float) -> Wire:
        return Wire(self.port, **options)  # type: ignore[arg-type]

    def ask(
        self, target: str, body: bytes = b"", headers: tuple[tuple[str, str], ...] = (), method: str = "POST"
    ) -> Answer:
        """One request with the client token, on a connection of its own."""
        with self.wire() as wire:
            wire.send(request(target, body, [("authorization", f"Bearer {TOKEN}"), *headers], method=method))
            return wire.answer(method)

    def admin(self, target: str) -> Answer:
        """GET with the admin token."""
        with self.wire() as wire:
            wire.send(request(target, headers=[("authorization", f"Bearer {ADMIN_TOKEN}")], method="GET"))
            return wire.answer("GET")

    def json(self, target: str) -> object:
        """What an admin GET answers, decoded."""
        return orjson.loads(self.admin(target).body)

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def stop(self) -> int:
        """The exit code, after SIGTERM; SIGKILL for one that does not obey, which its test will then report."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                return self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait(STOP_SECONDS)

    def complaints(self) -> list[str]:
        """What has been logged since the last call and must never be: tracebacks and secrets."""
        new = self._log.read_bytes()[self._checked_bytes :]
        self._checked_bytes += len(new)
        text = new.decode(errors="replace")
        found = ["a traceback:\n" + text[-4000:]] if "Traceback (most recent call last)" in text else []
        secret = {"the client token": TOKEN, "the admin token": ADMIN_TOKEN, "the upstream key": UPSTREAM_KEY}
        return found + [f"{name} is in the log" for name, value in secret.items() if value in text]

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        home = str(self.directory)
        return {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/config",
            "XDG_STATE_HOME": f"{home}/xdg-state",
            "FASTPROXY_STATE_DIR": str(self.state),
            "TEST_CLIENT_TOKEN": TOKEN,
            "TEST_ADMIN_TOKEN": ADMIN_TOKEN,
            "TEST_UPSTREAM_KEY": UPSTREAM_KEY,
            "NO_COLOR": "1",
            **extra,
        }

    def _wait_for_port(self) -> int:
        deadline = monotonic() + START_SECONDS
        while monotonic() < deadline:
            address = _ADDRESS.search(self.output)
            if address is not None:
                return int(address[1])
            if self.process.poll() is not None:
                break
            sleep(0.02)
        self.stop()
        raise AssertionError(f"the relay did not start; output:\n{self.output}\nlog:\n{self.log}")


StartRelay = Callable[..., Relay]
"""(config text, or None for none; **environment) -> a Relay that the test need not stop."""
