"""Relays that are killed at any moment of a renewal: the next one serves with the login, wherever it is kept."""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import orjson
import pytest

from support import logins
from support.account_clients import ask_as, served_by
from support.logins import MODEL
from support.relay import Relay
from support.vendor import Vendor

KILLS = int(os.environ.get("KILLS", "5"))  # `make chaos` takes its time
LATEST_SECONDS = 0.9  # after the relay's start: a renewal takes about half a second, and the vendor some of it


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


def test_no_login_is_lost_however_often_the_relay_is_killed_while_it_renews(vendor: Vendor, tmp_path: Path):
    """Two logins, one in the store and one in a tool's file, whose tokens end at once, so that each start renews."""
    directory, chance = tmp_path / "relay", random.Random(4)  # noqa: S311 - the same moments each time
    file = logins.tool_file(tmp_path, vendor, "acc-linked", lasts_seconds=-5)
    logins.keep(directory / "state", vendor, "acc-stored", lasts_seconds=-5)
    logins.link(directory / "state", file, "acc-linked")
    vendor.set(lifetime_seconds=20, delay_seconds=0.15)
    text, environ = logins.config(vendor), {"HOME": str(tmp_path)}
    for _ in range(KILLS):
        relay = Relay(directory, text, environ)
        sleep(chance.random() * LATEST_SECONDS)
        relay.signal(signal.SIGKILL)
        relay.process.wait()
        assert orjson.loads(file.read_bytes())["mcpOAuth"]["s|1"]["accessToken"] == "mcp-secret"
    vendor.set(lifetime_seconds=3600)
    with Relay(directory, text, environ) as relay:
        for label in ("acc-stored", "acc-linked"):
            assert served_by(ask_as(relay, "anthropic", model=MODEL, account=label)) == label
        assert relay.complaints() == []
    assert logins.disabled(directory / "state") == {}
    spent = [grant["refresh_token"] for grant in vendor.grants()]
    assert len(set(spent)) == len(spent), "a token was sent twice"
    assert len(spent) > KILLS, "too few renewals were under way"
    until = monotonic() + 5.0
    while left := [path.name for path in file.parent.iterdir() if path != file and "lock" not in path.name]:
        assert monotonic() < until, left
        sleep(0.05)
