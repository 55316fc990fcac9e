"""Gate A: what the relay does for a request and for an event, counted and not timed, so that no machine is too noisy.

Runs in `make check`: half a minute, exit status 1 when a count is over its limit. Counts are differences between a
long and a short job of the same kind, so that connecting, warming up and shutting down cancel out. `--calls` (and a
count over its limit) shows which functions were called most.
"""

import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import orjson

from . import meter, relays, wire
from .dialects import CELLS, CHAT
from .job import Job
from .processes import BenchError, Load, Started, listening, load, python

TELL_SECONDS = 5.0
_SHORT, _LONG = 20, 220
_SHOWN = 25


class Counts(msgspec.Struct, frozen=True):
    """What the relay's loop has done: calls by function, read and write system calls."""

    calls: dict[str, int]
    reads: int
    writes: int


class Kind(msgspec.Struct, frozen=True):
    """A kind of work, and the most that one unit of it may take.

    model: as bench/wire.py; "{count}" becomes the number of units, or the number of requests does, without it.
    calls: Python-level calls. writes: system calls; one for each read from the upstream, and nothing per event.
    client, host: the formats; a host that speaks another than the client is translated.
    """

    name: str
    model: str
    calls: float
    writes: float
    client: str = CHAT
    host: str = CHAT


def _translated(client: str, host: str, calls: float) -> Kind:
    return Kind(f"paced event, {client} over {host}", "bench-{count}x1-4ms", calls, 1.1, client, host)


def _translated_request(client: str, host: str, calls: float) -> Kind:
    return Kind(f"1 KB JSON request, {client} over {host}", wire.JSON_MODEL, calls, 3.1, client, host)


def _translated_stream(client: str, host: str, calls: float) -> Kind:
    return Kind(f"20-event stream, {client} over {host}", "bench-1x20-0ms", calls, 4.6, client, host)


# Counted on CPython 3.11 with uvloop: 382, 15 to 17 and 68 calls; 23 to 28 for a translated event. Counts move with how
# reads fall together, so the limits leave them room: lower them with it.
_TRANSLATED_CALLS = {
    ("openai-chat", "openai-responses"): 32,
    ("openai-chat", "anthropic"): 30,
    ("openai-chat", "gemini"): 32,
    ("openai-responses", "openai-chat"): 29,
    ("openai-responses", "anthropic"): 31,
    ("openai-responses", "gemini"): 31,
    ("anthropic", "openai-chat"): 27,
    ("anthropic", "openai-responses"): 29,
    ("anthropic", "gemini"): 29,
    ("gemini", "openai-chat"): 31,
    ("gemini", "openai-responses"): 32,
    ("gemini", "anthropic"): 31,
}
# Whole exchanges, a JSON one and a stream, in cells in which each format is once the client's and once the host's:
# counted 729 to 779, and 961 to 1019.
_WHOLE_CALLS = {
    ("openai-chat", "anthropic"): (800, 1120),
    ("anthropic", "openai-responses"): (830, 1110),
    ("openai-responses", "gemini"): (780, 1070),
    ("gemini", "openai-chat"): (830, 1060),
}
KINDS = (
    Kind("1 KB JSON request", wire.JSON_MODEL, calls=385, writes=3.1),
    Kind("paced event", "bench-{count}x1-4ms", calls=17.5, writes=1.1),
    Kind("20 events in one write", "bench-{count}x20-4ms", calls=75, writes=1.1),
    *(_translated(client, host, _TRANSLATED_CALLS[client, host]) for client, host in CELLS),
    *(_translated_request(*cell, calls) for cell, (calls, _) in _WHOLE_CALLS.items()),
    *(_translated_stream(*cell, calls) for cell, (_, calls) in _WHOLE_CALLS.items()),
)


class Counted(msgspec.Struct, frozen=True):
    """What one unit of a kind took. by_function: its calls, the most frequent first."""

    kind: Kind
    by_function: dict[str, float]
    reads: float
    writes: float

    @property
    def calls(self) -> float:
        return sum(self.by_function.values())

    @property
    def over(self) -> bool:
        return self.calls > self.kind.calls or self.writes > self.kind.writes


def job(kind: Kind, count: int, port: int) -> Job:
    """The job of `count` units of a kind, over one connection."""
    provider = "" if kind.client == kind.host else relays.PROVIDERS[kind.host]
    asked = Job(port=port, model=kind.model, requests=count, client=kind.client, provider=provider)
    if "{count}" in kind.model:
        return msgspec.structs.replace(asked, model=kind.model.format(count=count), requests=1)
    return asked


def per_unit(kind: Kind, short: Counts, long: Counts) -> Counted:
    """What one unit took. short, long: what a job of _SHORT and one of _LONG units did."""
    units = _LONG - _SHORT
    by_function = {name: (calls - short.calls.get(name, 0)) / units for name, calls in long.calls.items()}
    return Counted(
        kind,
        dict(sorted(by_function.items(), key=lambda item: -item[1])),
        (long.reads - short.reads) / units,
        (long.writes - short.writes) / units,
    )


def count(kinds: tuple[Kind, ...] = KINDS) -> list[Counted]:
    """Every kind, counted on a real relay. Raises: BenchError when it doesn't start or a request fails."""
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(listening("upstream", python("upstream"), core=None))
        generator = stack.enter_context(load(None))
        relay, count_file = stack.enter_context(_profiled(upstream.port))
        counted = []
        for kind in kinds:
            generator.run(job(kind, _SHORT, relay.port))
            short = _difference(generator, job(kind, _SHORT, relay.port), relay, count_file)
            long = _difference(generator, job(kind, _LONG, relay.port), relay, count_file)
            counted.append(per_unit(kind, short, long))
        return counted


@contextlib.contextmanager
def _profiled(upstream_port: int) -> Iterator[tuple[Started, Path]]:
    with tempfile.TemporaryDirectory(prefix="bench-gate-") as name:
        directory = Path(name)
        config = relays.write_config(directory, upstream_port)
        count_file = directory / "calls"
        command = python("profiled", str(config), str(directory / "state"), str(count_file))
        with listening("fastproxy", command, core=None, environ=relays.product_environ(directory)) as started:
            yield started, count_file


def _difference(generator: Load, work: Job, relay: Started, count_file: Path) -> Counts:
    before = _counts(relay, count_file)
    generator.run(work)
    after = _counts(relay, count_file)
    calls = {name: calls - before.calls.get(name, 0) for name, calls in after.calls.items()}
    return Counts(calls, after.reads - before.reads, after.writes - before.writes)


def _counts(relay: Started, count_file: Path) -> Counts:
    count_file.unlink(missing_ok=True)
    reads, writes = meter.io_calls(relay.pid)
    os.kill(relay.pid, signal.SIGUSR1)
    deadline = time.monotonic() + TELL_SECONDS
    while not count_file.exists():
        if time.monotonic() > deadline:
            raise BenchError("the relay does not tell its calls")
        time.sleep(0.01)
    return Counts(orjson.loads(count_file.read_bytes()), reads, writes)


def main() -> int:
    """The exit status: 1 when a count is over its limit or nothing could be counted."""
    if sys.platform != "linux":
        print("gate A needs Linux: it reads /proc; nothing was counted")
        return 0
    try:
        counted = count()
    except BenchError as error:
        print(f"gate A: {error}", file=sys.stderr)
        return 1
    for each in counted:
        print(
            f"{'over' if each.over else 'ok':5}{each.kind.name}: {each.calls:.1f} calls (limit {each.kind.calls:g}), "
            f"{each.writes:.2f} writes (limit {each.kind.writes:g}), {each.reads:.2f} reads",
        )
        if each.over or "--calls" in sys.argv:
            for name, calls in list(each.by_function.items())[:_SHOWN]:
                print(f"     {calls:7.2f}  {name}")
    return int(any(each.over for each in counted))


if __name__ == "__main__":
    sys.exit(main())
