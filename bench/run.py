"""`make bench`: the relay beside a frozen reference and, where it is installed, nginx; on this machine only.

Starts everything itself, ends everything itself, and talks to nothing beyond 127.0.0.1. Linux only: it reads other
processes' CPU clocks.
"""

import argparse
import contextlib
import importlib.metadata
import os
import platform
import re
import resource
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

import msgspec

from . import cells, nginx, relays, report, wire
from .cases import CASES, EQUAL_CASE, IDLE_MODEL, IDLE_STREAMS, Case
from .gates import cell_verdicts, verdicts
from .job import Job, Outcome
from .processes import BenchError, Load, Started, cores, listening, load, python
from .result import Memory, Result
from .rounds import Series, ratios, take

_HERE = Path(__file__).resolve().parent
_FILES = 8192

Say = Callable[[str], None]


def measure(*, quick: bool, say: Say) -> Result:
    """One whole run: under a minute when quick, about a quarter of an hour else. say: told what happens, line by line.

    Raises: BenchError when a relay doesn't start or a request fails.
    """
    if sys.platform != "linux":
        raise BenchError("the bench needs Linux: it reads the CPU clocks of other processes")
    _allow_files()
    with contextlib.ExitStack() as stack:
        load_core, relay_core = cores()
        upstream = stack.enter_context(listening("upstream", python("upstream"), core=load_core))
        generator = stack.enter_context(load(load_core))
        others = _others(stack, upstream.port, relay_core)
        compared = {"fastproxy": stack.enter_context(relays.product(upstream.port, relay_core)), **others}
        say(f"comparing {', '.join(compared)}; relays on core {relay_core}, clients and upstream on core {load_core}")
        memory = {name: _memory(generator, relay) for name, relay in compared.items()}
        equal = _equal(generator, upstream.port, relay_core, EQUAL_CASE.rounds[quick])
        say("two equal relays: " + " ".join(f"{figure:.2f}" for figure in equal))
        cases: dict[str, dict[str, Series]] = {}
        for case in CASES:
            rounds = case.rounds[quick]
            if rounds:
                direct = _take(generator, case, 1, {"direct": upstream})
                cases[case.name] = {**_take(generator, case, rounds, compared), **direct}
                say(_line(case, cases[case.name]))
        translated = {
            kind.name: _take_cells(generator, kind, compared, quick=quick) for kind in cells.KINDS if kind.rounds[quick]
        }
        for kind in cells.KINDS:
            if kind.name in translated:
                say(_line(kind, translated[kind.name]))
    found = [*verdicts(cases, equal, memory["fastproxy"]), *cell_verdicts(translated, equal)]
    return Result(_machine(), quick, equal, cases, translated, memory, found)


def _others(stack: contextlib.ExitStack, upstream_port: int, core: int | None) -> dict[str, Started]:
    found = {"reference": stack.enter_context(relays.reference(upstream_port, core))}
    binary = nginx.binary()
    if binary:
        found["nginx"] = stack.enter_context(nginx.relay(binary, upstream_port, core))
    return found


def _take(generator: Load, case: Case, rounds: int, targets: Mapping[str, Started]) -> dict[str, Series]:
    """The case through every target. What is watched is the relay; `direct` has none, so its cost is 0."""

    def run(name: str) -> Outcome:
        target = targets[name]
        return generator.run(case.job(target.port, () if name == "direct" else (target.pid,)))

    return take(case, rounds, list(targets), run)


def _take_cells(generator: Load, kind: Case, compared: Mapping[str, Started], *, quick: bool) -> dict[str, Series]:
    """A kind of work through every cell, through fastproxy untranslated, and through nginx where it is installed."""
    product, outside = compared["fastproxy"], compared.get("nginx")
    jobs = {cells.title(cell): cells.job(kind, cell, product.port, (product.pid,)) for cell in cells.cells(quick=quick)}
    jobs[cells.PASSTHROUGH] = kind.job(product.port, (product.pid,))
    if outside is not None:
        jobs["nginx"] = kind.job(outside.port, (outside.pid,))
    return take(kind, kind.rounds[quick], list(jobs), lambda name: generator.run(jobs[name]))


def _equal(generator: Load, upstream_port: int, core: int | None, rounds: int) -> list[float]:
    """Round by round, what one reference took of what another took: 1 on a machine that can be measured on."""
    with relays.reference(upstream_port, core) as one, relays.reference(upstream_port, core) as two:
        taken = _take(generator, EQUAL_CASE, rounds, {"one": one, "two": two})
    return ratios(taken, "one", "two")


def _memory(generator: Load, relay: Started) -> Memory:
    """At rest after a little work, then with idle streams. Only true of a process that has done nothing bigger yet."""
    generator.run(Job(port=relay.port, model=wire.JSON_MODEL, connections=4, requests=100))
    outcome = generator.run(
        Job(
            port=relay.port,
            model=IDLE_MODEL,
            connections=IDLE_STREAMS,
            requests=IDLE_STREAMS,
            watched=(relay.pid,),
            until_first_event=True,
        ),
    )
    before, after = outcome.memory_bytes
    return Memory(before, (after - before) / IDLE_STREAMS)


def _line(case: Case, taken: Mapping[str, Series]) -> str:
    costs = ", ".join(
        f"{name} {statistics.median(series.cost_us):.1f}" for name, series in taken.items() if name != "direct"
    )
    return f"{case.title}: us per {case.unit}: {costs}"


def _machine() -> dict[str, str]:
    """What changes figures, and nothing that tells whose machine it is."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    binary = nginx.binary()
    version = subprocess.run([binary, "-v"], capture_output=True, text=True, check=True).stderr if binary else ""
    packages = ("uvloop", "aiohttp", "h11", "orjson")
    return {
        "processor": f"{model[1] if model else platform.machine()}, {len(os.sched_getaffinity(0))} cores",
        "Python": platform.python_version(),
        "libraries": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages),
        "nginx": version.partition("/")[2].strip() or "not installed",
    }


def _allow_files() -> None:
    """Room for 512 streams on both sides of a relay: 1024 open files, the usual soft limit, are too few."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, hard), hard))


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signal module's signature
    """Leave through every `finally`: they end the child processes."""
    sys.exit(128 + number)


def main() -> int:
    """The exit status: 1 when a gate is over its limit or the bench could not run."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and cases, under a minute")
    quick: bool = parser.parse_args().quick
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        result = measure(quick=quick, say=lambda line: print(line, flush=True))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    results = _HERE / "results"
    results.mkdir(exist_ok=True)
    stored = msgspec.json.format(msgspec.json.encode(result))
    (results / ("quick.json" if quick else "full.json")).write_bytes(stored)
    if not quick:
        (_HERE / "RESULTS.md").write_text(report.markdown(result))
    for verdict in result.verdicts:
        print(report.line(verdict))
    return int(any(verdict.state == "over" for verdict in result.verdicts))


if __name__ == "__main__":
    sys.exit(main())
