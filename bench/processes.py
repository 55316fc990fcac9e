"""Child processes of the bench: started on a chosen core, found by the address they print, ended whatever happens.

Only processes started here are ever ended, each by its own handle.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from .job import Job, Outcome

START_SECONDS = 20.0
STOP_SECONDS = 5.0
_ADDRESS = re.compile(rb"http://127\.0\.0\.1:(\d+)")
# The bench is `bench` in a checkout and `fastproxy.bench` where it was installed: either is imported from here.
_PACKAGE = __spec__.parent or ""
_ROOT = Path(__file__).resolve().parents[_PACKAGE.count(".") + 1]


class BenchError(Exception):
    """The bench can't go on. The message is one a person can act on."""


class Started(msgspec.Struct, frozen=True):
    """A running child. port: where it listens on 127.0.0.1."""

    name: str
    pid: int
    port: int


def cores() -> tuple[int | None, int | None]:
    """The core for clients and upstream, and the core for relays; None for both where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of the bench with this interpreter."""
    return [sys.executable, "-m", f"{_PACKAGE}.{module}", *arguments]


@contextlib.contextmanager
def listening(
    name: str,
    command: Sequence[str],
    *,
    core: int | None,
    environ: Mapping[str, str] | None = None,
    port: int | None = None,
    start_seconds: float = START_SECONDS,
) -> Iterator[Started]:
    """A child that listens: on `port`, or where it says by printing `http://127.0.0.1:PORT`.

    Raises: BenchError with the end of its output when it ends, or says and takes nothing in start_seconds.
    """
    with tempfile.TemporaryFile() as log, _child(command, core, environ, log.fileno(), None) as child:
        deadline = time.monotonic() + start_seconds
        while (found := _port_of(log, port)) is None:
            if child.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{name} did not start: {_output(log)[-2000:].decode(errors='replace')}")
            time.sleep(0.02)
        yield Started(name, child.pid, found)


def _port_of(log: IO[bytes], port: int | None) -> int | None:
    """The port the child listens on; None while it doesn't."""
    if port is None:
        address = _ADDRESS.search(_output(log))
        port = int(address[1]) if address else None
    if port is None:
        return None
    with socket.socket() as probe:
        return port if probe.connect_ex(("127.0.0.1", port)) == 0 else None


def _output(log: IO[bytes]) -> bytes:
    """What the child has printed. Read by position: the child's own writes share the file's offset."""
    return os.pread(log.fileno(), 1 << 20, 0)


class Load:
    """The load generator, as its harness sees it."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child

    def run(self, job: Job) -> Outcome:
        """The outcome of a job. Raises: BenchError when any of its requests failed."""
        assert self._child.stdin is not None  # noqa: S101 - narrows a type: started with pipes
        assert self._child.stdout is not None  # noqa: S101 - as above
        self._child.stdin.write(msgspec.json.encode(job) + b"\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise BenchError("the load generator ended early")
        outcome = msgspec.json.decode(line, type=Outcome)
        if outcome.error:
            raise BenchError(f"{job.model} on port {job.port} with {job.connections} connections: {outcome.error}")
        return outcome


@contextlib.contextmanager
def load(core: int | None) -> Iterator[Load]:
    """A load generator that takes jobs."""
    with _child(python("load"), core, None, subprocess.PIPE, subprocess.PIPE) as child:
        yield Load(child)


@contextlib.contextmanager
def _child(
    command: Sequence[str],
    core: int | None,
    environ: Mapping[str, str] | None,
    stdout: int,
    stdin: int | None,
) -> Iterator["subprocess.Popen[bytes]"]:
    with _pinned_to(core):
        child = subprocess.Popen(
            command,
            cwd=_ROOT,
            env={"PATH": os.environ.get("PATH", os.defpath), **(environ or {})},  # nobody's keys, nobody's proxy
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT if stdin is None else None,
        )
    try:
        yield child
    finally:
        _end(child)


def _end(child: "subprocess.Popen[bytes]") -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextlib.contextmanager
def _pinned_to(core: int | None) -> Iterator[None]:
    """Children started inside run on this core, with all their threads."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
