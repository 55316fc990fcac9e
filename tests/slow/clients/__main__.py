"""`make test-clients`: real command line clients through a real relay, where nothing can leave the machine.

Installs them, then starts itself again in a network namespace that has a loopback and nothing else. Exits with 1 when a
client that could be run did not do its turns, or what it sent did not arrive: whole at a host of its own format, in the
host's words at one of each other format.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from itertools import product
from pathlib import Path
from time import monotonic

import msgspec

from slow.bounded import environment, say
from slow.clients import model
from slow.clients.install import program
from slow.clients.known import CLIENTS, QUIET, Known, write_files
from slow.clients.tee import Tee
from slow.clients.verdict import compared, crossed
from slow.host import Host
from support.exchange import FORMATS, Format
from support.relay import Relay, config
from support.script import Seen

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
            for speaks, title in product(FORMATS, TURNS):
                host.arrivals.clear()
                turn = await _turn(known, found, host, speaks, title)
                arrived = "whole" if speaks == known.speaks else f"as {speaks}"
                say(
                    f"{'FAILED' if turn.problems else 'ok    '}  {known.name}, {title}: {turn.seconds:.1f} s, "
                    f"{turn.requests} requests arrived {arrived}" + "".join(f"\n        {one}" for one in turn.problems)
                )
                failed += bool(turn.problems)
    return int(failed > 0)


async def _turn(known: Known, path: Path, host: Host, speaks: Format, title: str) -> Turn:
    """One run against a host of this format: its exit status, what it printed, and what of it arrived upstream."""
    prompt, text = TURNS[title]
    verdict = compared if speaks == known.speaks else crossed
    with tempfile.TemporaryDirectory(prefix="fastproxy-client-") as directory:
        home = Path(directory) / "home"
        work = Path(directory) / "work"
        work.mkdir()
        with Relay(Path(directory) / "relay", config(host.origin, formats=f'["{speaks}"]')) as relay:
            async with Tee(relay.port) as tee:
                setting = known.setting(tee.url, prompt)
                write_files(home, setting.files)
                started = monotonic()
                environ = {**environment(), **QUIET, "HOME": str(home), **setting.environ}
                status, output = await _output([str(path), *setting.arguments], environ, work)
                seconds = monotonic() - started
                whole = verdict(tee.requests(), host.arrivals)
            problems = [*whole.problems, *relay.complaints()]
    if status != 0:
        problems.append(f"exit status {status}")
    if text not in output:
        problems.append(f"did not print the answer, but: {output[-1500:]!r}")
    if text == model.TOOL_TEXT:
        problems += _about_the_loop(host.arrivals, signs=speaks != "openai-chat")
    return Turn(seconds, whole.requests, problems)


def _about_the_loop(arrived: list[Seen], *, signs: bool) -> list[str]:
    """What the second request of a tool's turn lacks. signs: whether the host has signed its thought."""
    said = [seen.body for seen in arrived if model.PROOF in seen.body]
    if not said:
        return ["did not send back what the command printed"]
    lost = signs and not any(model.SIGNATURE.encode() in body for body in said)
    return ["the proof of the thought before the call is lost"] if lost else []


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
