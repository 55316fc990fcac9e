"""Renewals as processes of their own: one that has begun ends, whatever becomes of the relay that asked for it.

A refresh token can be used once. Were it spent in this process, a kill between the vendor's answer and our write would
lose the login for ever. Never: a secret on a command line.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from fastproxy.accounts.renewal import Renewed

WAIT_SECONDS = 30.0
_ANSWER_BYTES = 65536
_ANSWER = msgspec.json.Decoder(Renewed)

Renew = Callable[[str, str], Awaitable[Renewed]]


def spawn_renewal(config_path: Path | None, state_directory: Path) -> Renew:
    """What renews one login: `fastproxy account refresh ID`, with this relay's configuration and state."""

    async def renew(account_id: str, used: str) -> Renewed:
        command = [sys.executable, "-m", "fastproxy", "account", "refresh", account_id, "--json"]
        command += ["--used", used] if used else []
        command += ["--config", str(config_path)] if config_path is not None else []
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "FASTPROXY_STATE_DIR": str(state_directory)},
            )
        except OSError as error:
            return Renewed("failed", f"no process could be started: {error.strerror}")
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                told = await process.stdout.read(_ANSWER_BYTES)
                await process.wait()
        except TimeoutError:
            return Renewed("failed", f"the renewal took more than {WAIT_SECONDS:g} seconds")
        try:
            return _ANSWER.decode(told)
        except msgspec.DecodeError:
            return Renewed("failed", f"the renewal ended with {process.returncode} and said nothing")

    return renew
