"""How a relay has a login renewed: by a process of its own, which goes on whatever becomes of the relay.

Never waits for one longer than WAIT_SECONDS (before it, CLAIM_SECONDS for somebody else's), and never ends one: a
process that is late still puts on the disk what it gets, and the relay finds it there. Nothing secret is in its
arguments or its environment, or comes back.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from fastproxy.accounts.claim import Claim
from fastproxy.accounts.errand import Errand, errand_for, packed
from fastproxy.accounts.holders import claim_path
from fastproxy.accounts.login import AccountError
from fastproxy.accounts.renewal import Outcome, Renewed
from fastproxy.clock import monotonic
from fastproxy.snapshot import Snapshot

WAIT_SECONDS = 30.0
CLAIM_SECONDS = WAIT_SECONDS  # for somebody else's renewal
CLAIM_PAUSE_SECONDS = 0.05  # between two looks at whether somebody else's renewal has ended
ANSWER_BYTES = 65536
_END_SECONDS = 5.0  # from the answer to the end of the process
_READ_BYTES = 4096
# Where a relay happens to be started is no place to import from: a `typing.py` there would be run, with logins at hand.
# A checkout that is not installed, run with `python -m`, is found nowhere else.
_PYTHON_OPTIONS = () if sys.path[:1] == [str(Path(__file__).parents[1])] else ("-P",)

Renew = Callable[[str, str], Awaitable[Renewed]]


class _Told(msgspec.Struct):
    """What `account refresh --json` says."""

    outcome: Outcome
    cause: str = ""
    retry_after_seconds: float | None = None


def spawn_renewal(snapshot: Callable[[], Snapshot], state_directory: Path) -> Renew:
    """What renews one account: (its id, digest of the token that was refused or "") -> how it ended. Never raises.

    snapshot: tells the configuration in effect.
    """
    return _Renewals(snapshot, state_directory).renew


class _Renewals:
    """The processes of one relay. late: those that were not waited for to the end; each is reaped at the next start.

    An event loop's own subprocesses are killed with the loop, so these are plain ones.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], state_directory: Path) -> None:
        self._snapshot = snapshot
        self._key = snapshot().keeping.key  # another kind takes effect at the next start, for all of the relay
        self._directory = state_directory
        self._environ = {**os.environ, "FASTPROXY_STATE_DIR": str(state_directory)}
        self._late: list[subprocess.Popen[bytes]] = []

    async def renew(self, account_id: str, used: str) -> Renewed:
        """By the one process of all workers and relays of this state directory that came first."""
        claim, give_up_at = Claim(claim_path(self._directory, account_id)), monotonic() + CLAIM_SECONDS
        try:
            while not claim.take():
                if monotonic() >= give_up_at:  # who holds it may have been stopped; the claim only saves processes
                    return await self._renewed(account_id, used)
                await asyncio.sleep(CLAIM_PAUSE_SECONDS)
            found = claim.found(used)
            if found is None:
                claim.begin()
                found = await self._renewed(account_id, used)
                claim.tell(used, found)
        except OSError:  # a directory that can't be written: renewals have a lock of their own, and say what is wrong
            return await self._renewed(account_id, used)
        finally:
            claim.leave()
        return found

    async def _renewed(self, account_id: str, used: str) -> Renewed:
        self._late = [one for one in self._late if one.poll() is None]
        try:
            errand = errand_for(account_id.partition(":")[0], self._snapshot(), os.environ)
            errand = msgspec.structs.replace(errand, key=self._key)
            process = await asyncio.to_thread(self._start, account_id, used, errand)
        except AccountError as error:
            return Renewed("failed", str(error))
        except OSError as error:
            return Renewed("failed", f"no process could be started for it: {error.strerror}")
        self._late.append(process)  # until it has ended: this task may be cancelled at any await
        told = await _told(process, monotonic() + WAIT_SECONDS)
        if told is None:
            return Renewed("failed", f"it has taken {WAIT_SECONDS:g} s and is still going on")
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, _END_SECONDS)
        try:
            return Renewed(*msgspec.structs.astuple(msgspec.json.decode(told, type=_Told)))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            why = f"ended with code {process.poll()} and without an answer"
            return Renewed("failed", f"the process for it {why}; `fastproxy account refresh {account_id}` may say more")

    def _start(self, account_id: str, used: str, errand: Errand) -> "subprocess.Popen[bytes]":
        """Raises: OSError."""
        command = [sys.executable, *_PYTHON_OPTIONS, "-m", "fastproxy", "account", "refresh"]
        process = subprocess.Popen(  # noqa: S603 - our own program, and no shell
            [*command, "--json", "--from-stdin", f"--used={used}", "--", account_id],
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl+C, and the end of a session, are for the relay
        )
        assert process.stdin is not None  # noqa: S101 - it was started with a pipe
        with suppress(BrokenPipeError), process.stdin as pipe:  # one that has ended already says why, or nothing
            pipe.write(packed(errand))
        return process


async def _told(process: "subprocess.Popen[bytes]", give_up_at: float) -> bytes | None:
    """All that it says until it closes its standard output; None when that takes too long."""
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    loop = asyncio.get_running_loop()
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    said, readable = bytearray(), asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        async with asyncio.timeout(give_up_at - monotonic()):
            while len(said) < ANSWER_BYTES:
                await readable.wait()
                readable.clear()
                with suppress(BlockingIOError):  # the loop may tell the same bytes twice
                    piece = os.read(descriptor, _READ_BYTES)
                    if not piece:
                        break
                    said += piece
    except TimeoutError:
        return None
    finally:
        loop.remove_reader(descriptor)
        process.stdout.close()
    return bytes(said)
