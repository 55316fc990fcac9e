"""The test's side of the vendor process: accounts made, answers ordered, what arrived asked for."""

import atexit
import subprocess
import sys
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import orjson

from fastproxy.providers.base import OAuth


class Vendor:
    """A vendor with an address and accounts of its own. `origin` is where its APIs and its token endpoint are."""

    def __init__(self) -> None:
        self.port = int(_told("open"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        _told(f"close {self.port}")

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_url(self) -> str:
        return f"{self.origin}/oauth/token"

    @property
    def oauth(self) -> OAuth:
        """Its record, as a provider has it."""
        return OAuth(
            client_id="ours",
            token_url=self.token_url,
            authorize_url=f"{self.origin}/oauth/authorize",
            device_url=f"{self.origin}/oauth/device",
            exchange_url=f"{self.origin}/copilot_internal/v2/token",
            scopes=("read", "write"),
        )

    def order(self, **order: Any) -> dict[str, Any]:
        body = orjson.dumps(order)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/control", body)
            told: dict[str, Any] = orjson.loads(connection.getresponse().read())
        finally:
            connection.close()
        return told

    def set(self, **values: Any) -> None:
        """delay_seconds, answer_delay_seconds, lifetime_seconds, token_answers, held, keep_old_tokens, device_answer.

        What they are: `vendor_main.Vendor`.
        """
        self.order(set=values)

    def key(self, name: str, key: str) -> None:
        """An account that a plain key opens."""
        self.order(account=name, key=key)

    def login(self, name: str) -> dict[str, Any]:
        """An account's new tokens: access_token, refresh_token, expires_in."""
        login: dict[str, Any] = self.order(account=name, login=True)["login"]
        return login

    def answers(self, name: str, *answers: dict[str, Any], stuck: bool = False) -> None:
        """What the account's next requests get: {"status", "headers", "body"}. stuck: the first of them, for ever."""
        self.order(account=name, answers=list(answers), stuck=stuck)

    def limit(self, name: str, answer: dict[str, Any], **quota: float) -> None:
        """A quota: requests= as many in seconds=, at_once=, each takes delay_seconds=. answer: what all others get."""
        self.order(account=name, quota={**quota, "answer": answer})

    def gone(self) -> list[str]:
        """The accounts of those who went away while an answer in pieces was on its way."""
        gone: list[str] = self.order(recall=True)["gone"]
        return gone

    def forget(self) -> None:
        """What has arrived so far."""
        self.order(forget=True)

    def report(self, name: str, report: dict[str, Any]) -> None:
        """What is told of the account's quotas; {"status": 429, ...} for a refusal."""
        self.order(account=name, report=report)

    def seen(self) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = self.order(recall=True)["seen"]
        return seen

    def grants(self) -> list[dict[str, Any]]:
        grants: list[dict[str, Any]] = self.order(recall=True)["grants"]
        return grants

    def waiting(self) -> int:
        """How many token answers are held at the moment."""
        waiting: int = self.order(recall=True)["waiting"]
        return waiting


def _told(line: str) -> bytes:
    """What the process of all vendors of this worker answers: one starts in 1 ms there, and in 300 as a process."""
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line.encode() + b"\n")
    process.stdin.flush()
    return process.stdout.readline()


@cache
def _process() -> "subprocess.Popen[bytes]":
    program = str(Path(__file__).with_name("vendor_main.py"))
    process = subprocess.Popen([sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(process.communicate, timeout=10)
    return process
