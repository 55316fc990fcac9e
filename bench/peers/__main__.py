"""`make bench-peers`: installs the peers, measures each beside fastproxy, and writes bench/PEERS.md.

Installs first, then starts itself again in a network namespace that has a loopback and nothing else, where the machine
gives one: no peer can call home from there. Exits with 0 also where a peer can't be installed or started; that is in
the report. Bounded: under eight minutes. Linux only.
"""

import contextlib
import datetime as dt
import importlib.metadata
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import NoReturn

from bench import nginx, relays
from bench.processes import BenchError, Started, cores, listening, python

from . import report
from .client import CaseError, Target
from .compare import Compared, memory_bytes, rows, warm
from .install import folder, install
from .known import PEERS, Peer, Place, write_files
from .work import CASES

INSTALL_SECONDS = 110.0  # of all peers together; what is installed stays, so that a second run has them all
PEER_SECONDS = 105.0
START_SECONDS = 60.0
INSIDE = "--inside"
_ENDING = (signal.SIGINT, signal.SIGTERM)
_REPORT = Path(__file__).resolve().parents[1] / "PEERS.md"


def main() -> int:
    """The exit status: 1 when fastproxy itself or the bench could not run."""
    if sys.platform != "linux":
        print("bench: needs Linux: it reads the CPU clocks of other processes", file=sys.stderr)
        return 1
    for number in _ENDING:
        signal.signal(number, _interrupted)
    if INSIDE in sys.argv:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607 - where it lies differs
        return _measure("in a network namespace with only a loopback")
    _install_all()
    unshare = _unshare()
    if unshare is None:
        say("no network namespace here (unshare -rn): what keeps the peers from calling home is their settings")
        return _measure("with every reporting home turned off that the peers document")
    again = [unshare, "-rn", sys.executable, "-m", "bench.peers", INSIDE]
    return _run(again)


def _run(command: list[str]) -> int:
    """The command's exit status. Where this process is told to end, the other one is, and ends its own children."""
    child = subprocess.Popen(command)
    try:
        return child.wait()
    finally:
        child.terminate()
        child.wait()


def say(line: str) -> None:
    """A line for the person who waits."""
    print(line, flush=True)


def _unshare() -> str | None:
    """The program that makes a network namespace, where it and what it needs are there and allowed."""
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("ip") is None:
        return None
    return None if subprocess.run([unshare, "-rn", "true"], check=False).returncode else unshare


def _install_all() -> None:
    deadline = monotonic() + INSTALL_SECONDS
    for peer in PEERS:
        problem = install(peer, deadline - monotonic())
        say(f"{peer.name} {peer.version}: {report.told(problem) or 'installed'}")


def _measure(network: str) -> int:
    load_core, relay_core = cores()
    if load_core is not None:
        os.sched_setaffinity(0, {load_core})
    try:
        with (
            listening("upstream", python("upstream"), core=load_core) as upstream,
            relays.product(upstream.port, relay_core) as product,
        ):
            own = Target("fastproxy", product.port, product.pid)
            warm(own)
            own_memory_bytes = memory_bytes(own)
            compared = [_compared(peer, own, upstream, relay_core) for peer in PEERS]
    except (BenchError, CaseError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    result = report.Result(_today(), _machine(), _own_version(), own_memory_bytes, compared, network)
    _REPORT.write_text(report.markdown(result))
    for line in report.lines(result):
        say(line)
    return 0


def _compared(peer: Peer, own: Target, upstream: Started, core: int | None) -> Compared:
    """The peer's figures, or why there are none."""
    nothing = Compared(peer.name, peer.version, peer.note)
    deadline = monotonic() + PEER_SECONDS
    if problem := install(peer, 0.0):
        return _failed(nothing, problem)
    try:
        with _running(peer, upstream.port, core) as started:
            target = Target(peer.name, started.port, started.pid, dict(peer.headers(upstream.port)))
            warm(target)
            memory = memory_bytes(target)
            cases = [case for case in CASES if peer.translates or not case.translated]
            return Compared(
                peer.name, peer.version, peer.note, rows(cases, own, target, deadline, say), memory_bytes=memory
            )
    except (BenchError, CaseError) as error:
        return _failed(nothing, str(error))


def _failed(nothing: Compared, problem: str) -> Compared:
    say(f"{nothing.name}: {report.told(problem)}")
    return Compared(nothing.name, nothing.version, nothing.note, problem=problem)


@contextlib.contextmanager
def _running(peer: Peer, upstream_port: int, core: int | None) -> Iterator[Started]:
    """The peer, started in a directory of its own that is gone afterwards. Raises: BenchError."""
    with tempfile.TemporaryDirectory(prefix="bench-peer-") as directory:
        files = Path(directory)
        port = nginx.free_port()
        setting = peer.setting(Place(folder(peer), files, port, upstream_port))
        write_files(files, setting.files)
        with listening(
            peer.name, setting.command, core=core, environ=setting.environ, port=port, start_seconds=START_SECONDS
        ) as started:
            yield started


def _machine() -> dict[str, str]:
    """What changes figures, and nothing that tells whose machine it is."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout if node else ""
    return {
        "processor": model[1] if model else platform.machine(),
        "Python": platform.python_version(),
        "Node.js": version.strip() or "not installed",
    }


def _own_version() -> str:
    return importlib.metadata.version("fastproxy-relay")


def _today() -> str:
    return dt.datetime.now(tz=dt.UTC).date().isoformat()


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signal module's signature
    """Leave through every `finally`, undisturbed: they end the child processes."""
    for ending in _ENDING:
        signal.signal(ending, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
