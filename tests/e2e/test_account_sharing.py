"""One login, several owners: relays that don't know each other, and the vendor's own tool, all renew the same file."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import orjson
import pytest

from support import logins, tool_main
from support.account_clients import ask_as, at_once, served_by
from support.logins import MODEL
from support.relay import Relay
from support.vendor import Vendor

TOOL_SECONDS = os.environ.get("TOOL_SECONDS", "4")
TOOL = str(tool_main.__file__)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def pair(vendor: Vendor, home: Path, tmp_path: Path) -> Iterator[tuple[Path, list[Relay]]]:
    """The file, with a login that has ended, and two relays with state directories of their own."""
    file = logins.tool_file(home, vendor, "acc-a", lasts_seconds=-5)
    relays = []
    for name in ("one", "two"):
        logins.link(tmp_path / name / "state", file, "acc-a")
        relays.append(Relay(tmp_path / name, logins.config(vendor), {"HOME": str(home)}))
    for relay in relays:
        relay.await_ready()
    yield file, relays
    for relay in relays:
        relay.stop()
        assert relay.complaints() == []
        assert logins.disabled(relay.state) == {}


def ask(relay: Relay, session: str = "") -> str:
    return served_by(ask_as(relay, "anthropic", session, model=MODEL))


def refreshed(vendor: Vendor) -> list[str]:
    return [grant["refresh_token"] for grant in vendor.grants()]


def test_two_relays_with_one_file_renew_it_once(vendor: Vendor, pair: tuple[Path, list[Relay]]):
    file, relays = pair
    assert set(at_once(lambda number: ask(relays[number % 2], str(number)), range(20))) == {"acc-a"}
    assert len(refreshed(vendor)) == 1
    document = orjson.loads(file.read_bytes())
    assert document["claudeAiOauth"]["subscriptionType"] == "max"
    assert document["mcpOAuth"]["s|1"]["accessToken"] == "mcp-secret"
    assert b"12345678901234567890123" in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("guard", [[], ["nolock"]], ids=["locking-tool", "careless-tool"])
def test_two_relays_and_the_tool_share_a_login(vendor: Vendor, pair: tuple[Path, list[Relay]], guard: list[str]):
    """The tool renews every moment, and the vendor ends the token before at once: nobody ever sees a refusal."""
    file, relays = pair
    vendor.set(delay_seconds=0.05)
    command = [sys.executable, TOOL, str(file), vendor.token_url, TOOL_SECONDS, *guard]
    tool = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ended = Event()

    def converse(number: int) -> int:
        turns = 0
        while not ended.is_set():
            assert ask(relays[number % 2], str(number)) == "acc-a"
            turns += 1
        return turns

    def wait(_: int) -> int:
        try:
            out, err = tool.communicate(timeout=float(TOOL_SECONDS) + 30)
        finally:
            ended.set()
        assert tool.returncode == 0, err
        return int(out)

    renewed, *turns = at_once(lambda number: wait(number) if number < 0 else converse(number), range(-1, 4), threads=5)
    assert renewed >= 2
    assert min(turns) > 3
    spent = refreshed(vendor)
    if not guard:
        assert len(set(spent)) == len(spent), "a token was sent twice"
    tokens = tool_main.renew(vendor.token_url, tool_main.tokens_of(file)["refreshToken"])
    assert tokens is not None, "the login in the file is not the last one"
    tool_main.write(file, tokens)
    assert set(at_once(lambda number: ask(relays[number % 2], str(number)), range(4))) == {"acc-a"}
