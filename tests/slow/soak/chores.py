"""What administrators do meanwhile: reloads by SIGHUP, tokens issued, used and revoked through the command line."""

import asyncio
import os
import signal
import subprocess
import sys
from itertools import count
from time import monotonic

import orjson

from slow.bounded import environment
from slow.soak.client import Client
from slow.soak.errands import Stage
from support.callers import CHAT
from support.relay import Relay

RELOAD_SECONDS = 5.0
TOKEN_SECONDS = 7.0
NOTICED_SECONDS = 4.0  # two promised, and two for a machine that is shared
COMMAND_SECONDS = 30.0


async def reload(relay: Relay, texts: tuple[str, str]) -> None:
    """Write the one configuration and the other, in turn, each with a SIGHUP, for ever."""
    for number in count(1):
        await asyncio.sleep(RELOAD_SECONDS)
        relay.write_config(texts[number % 2])
        os.kill(relay.pid, signal.SIGHUP)


async def tokens(relay: Relay, stage: Stage) -> tuple[int, str]:
    """One token from issue to revocation: usage records made, and what went wrong."""
    made = orjson.loads(await _command(relay, "issue", "soak", "--json"))
    records = await _until(stage, made["token"], 200)
    if not records:
        return 0, "an issued token was not accepted"
    await _command(relay, "revoke", made["id"])
    served = await _until(stage, made["token"], 401)
    return records + abs(served), "" if served >= 0 else "a revoked token was still accepted"


async def _until(stage: Stage, token: str, status: int) -> int:
    """Ask until the answer has this status. How many exchanges were served; below zero (or 0 for 200) when in vain."""
    served = 0
    deadline = monotonic() + NOTICED_SECONDS
    while monotonic() < deadline:
        async with Client(stage.port) as client:
            answer = await client.ask(stage.request(CHAT, "whole", stream=False, token=token))
        served += answer.status == 200
        if answer.status == status:
            return served
        await asyncio.sleep(0.2)
    return -served


async def _command(relay: Relay, *arguments: str) -> bytes:
    """What `fastproxy token` prints."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "fastproxy", "token", *arguments],
        env=environment(FASTPROXY_STATE_DIR=str(relay.state), NO_COLOR="1"),
        cwd=relay.directory,
        capture_output=True,
        timeout=COMMAND_SECONDS,
        check=True,
    )
    return done.stdout
