"""`make test-clients`: real command line clients through a real relay, where nothing can leave the machine.

Installs them, then starts itself again in a network namespace that has a loopback and nothing else. Exits with 1 when a
client that could be run did not do its turns, or what it sent did not arrive whole.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from time import monotonic

import msgspec

from slow.bounded import environment, say
from slow.clients import model
from slow.clients.install import program
from slow.clients.known import CLIENTS, QUIET, Known, write_files
from slow.clients.tee import Tee
from slow.clients.verdict import compared
from slow.host import Host
from support.relay import Relay, config

TURN_SECONDS = 90.0
ALL_SECONDS = 900.0
INSIDE = "--inside"
TURNS = {"plain turn": (model.PLAIN, model.PLAIN_TEXT), "tool turn": (model.WITH_TOOL, model.TOOL_TEXT)}


class Turn(msgspec.Struct, frozen=True):
    """How one run of a client went."""

    seconds: float
    requests: int
    problems: list[str]


def main() -> int:
    if INSIDE in sys.argv:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607 - where it lies differs
        return asyncio.run(_run_all())
    unshare = shutil.which("unshare")
    if (
        unshare is None
        or shutil.which("ip") is None
        or subprocess.run([unshare, "-rn", "true"], check=False).returncode
    ):
        say("skipped: this machine gives no network namespace (unshare -rn), and nothing may leave it")
        return 0
    for known in CLIENTS:
        found = program(known)
        say(f"{known.name} {known.version}: {'installed' if isinstance(found, Path) else f'skipped: {found}'}")
    again = [unshare, "-rn", sys.executable, "-m", "slow.clients", INSIDE]
    return subprocess.run(again, timeout=ALL_SECONDS, check=False).returncode


async def _run_all() -> int:
    failed = 0
    async with Host(model.answer) as host:
        for known in CLIENTS:
            found = program(known)
            if not isinstance(found, Path):
                continue
            for title, (prompt, text) in TURNS.items():
                host.arrivals.clear()
                turn = await _turn(known, found, host, prompt, text)
                say(
                    f"{'FAILED' if turn.problems else 'ok    '}  {known.name}, {title}: {turn.seconds:.1f} s, "
                    f"{turn.requests} requests arrived whole" + "".join(f"\n        {one}" for one in turn.problems)
                )
                failed += bool(turn.problems)
    return int(failed > 0)


async def _turn(known: Known, path: Path, host: Host, prompt: str, text: str) -> Turn:
    """One run: its exit status, what it printed, and what of it arrived upstream."""
    with tempfile.TemporaryDirectory(prefix="fastproxy-client-") as directory:
        home = Path(directory) / "home"
        work = Path(directory) / "work"
        work.mkdir()
        with Relay(Path(directory) / "relay", config(host.origin)) as relay:
            async with Tee(relay.port) as tee:
                setting = known.setting(tee.url, prompt)
                write_files(home, setting.files)
                started = monotonic()
                environ = {**environment(), **QUIET, "HOME": str(home), **setting.environ}
                status, output = await _output([str(path), *setting.arguments], environ, work)
                seconds = monotonic() - started
                whole = compared(tee.requests(), host.arrivals)
            problems = [*whole.problems, *relay.complaints()]
    if status != 0:
        problems.append(f"exit status {status}")
    if text not in output:
        problems.append(f"did not print the answer, but: {output[-1500:]!r}")
    if text == model.TOOL_TEXT and not any(model.PROOF in seen.body for seen in host.arrivals):
        problems.append("did not send back what the command printed")
    return Turn(seconds, whole.requests, problems)


async def _output(command: list[str], environ: dict[str, str], directory: Path) -> tuple[int | str, str]:
    """Exit status ("timeout" for none in TURN_SECONDS) and everything printed."""
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert child.stdout is not None
    try:
        async with asyncio.timeout(TURN_SECONDS):
            printed = await child.stdout.read()
            return await child.wait(), printed.decode(errors="replace")
    except TimeoutError:
        return "timeout", ""
    finally:
        with suppress(ProcessLookupError):  # a client may leave a server of its own behind
            os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
