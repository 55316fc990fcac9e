"""A vendor's tool as a process: it renews the login in its file again and again under its lock, as Claude Code does.

Run as `python tool_main.py FILE TOKEN_URL SECONDS [nolock]`. It says "lost" when its login was refused and nobody had
put a newer one into the file, and how often it has renewed at the end.
"""

import os
import random
import sys
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson

from fastproxy import clock

PATIENCE_SECONDS = 3.0


@contextmanager
def locked(file: Path):
    """The directory that the tool makes while it renews."""
    lock = file.parent / ".oauth_refresh.lock"
    while True:
        with suppress(FileExistsError):
            lock.mkdir()
            break
        clock.pause(0.02)
    try:
        yield
    finally:
        lock.rmdir()


@contextmanager
def not_locked(_file: Path):
    """As its oldest releases did."""
    yield


def tokens_of(file: Path) -> dict[str, Any]:
    return orjson.loads(file.read_bytes())["claudeAiOauth"]


def renew(url: str, refresh: str) -> dict[str, Any] | None:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = HTTPConnection(host, timeout=20)
    try:
        body = orjson.dumps({"grant_type": "refresh_token", "refresh_token": refresh, "client_id": "tool"})
        connection.request("POST", f"/{path}", body, {"content-type": "application/json"})
        response = connection.getresponse()
        answer = orjson.loads(response.read())
    finally:
        connection.close()
    return answer if response.status == 200 else None


def write(file: Path, new: dict[str, Any]) -> None:
    document = orjson.loads(file.read_bytes())
    document["claudeAiOauth"] |= {
        "accessToken": new["access_token"],
        "refreshToken": new["refresh_token"],
        "expiresAt": int((clock.wall() + new["expires_in"]) * 1000),
    }
    beside = file.with_name(f".tool.{os.getpid()}")
    beside.touch(mode=0o600)
    beside.write_bytes(orjson.dumps(document))
    beside.replace(file)


def once(file: Path, url: str, guarded: Any) -> str:
    with guarded(file):
        used = tokens_of(file)["refreshToken"]
        new = renew(url, used)
        if new is not None:
            write(file, new)
            return "renewed"
    until = clock.monotonic() + PATIENCE_SECONDS
    while clock.monotonic() < until:
        if tokens_of(file)["refreshToken"] != used:
            return "adopted"
        clock.pause(0.02)
    return "lost"


def main() -> None:
    file, url, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    guarded = not_locked if sys.argv[4:] == ["nolock"] else locked
    chance, until, times = random.Random(7), clock.monotonic() + seconds, 0  # noqa: S311 - the same moments each time
    while clock.monotonic() < until:
        told = once(file, url, guarded)
        if told == "lost":
            sys.exit("lost")
        times += told == "renewed"
        clock.pause(chance.uniform(0.5, 2.0))
    sys.stdout.write(f"{times}\n")


if __name__ == "__main__":
    main()
