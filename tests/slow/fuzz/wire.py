"""Cases without end against one real relay process, until time is up or one fails.

Beside what each case may lead to, the relay as a whole: it runs, its log holds no traceback, no error and no secret,
its memory and its files stay what they were after a warm-up.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import msgspec

from slow.bounded import Deadline, say
from slow.fuzz import failures
from slow.fuzz.cases import Case, build
from slow.fuzz.lane import WATCHDOG_SECONDS, Lane, StuckError
from slow.fuzz.verdict import problems
from support.process import descriptors, resident_bytes
from support.relay import Relay, config

WARM_CASES = 2000
MEMORY_BYTES = 48 << 20  # of growth after WARM_CASES
FILES = 40  # over those after WARM_CASES: idle upstream connections come and go
MAX_FAILURES = 20
REPORT_SECONDS = 30.0
_BUGS = ("exchange failed", "endpoint failed", "event loop:")
_LIMITS = f"""
[limits]
body_idle_seconds = {WATCHDOG_SECONDS}
head_seconds = {WATCHDOG_SECONDS}
[upstream]
first_byte_seconds = {WATCHDOG_SECONDS}
idle_seconds = {WATCHDOG_SECONDS}
"""


class Tally(msgspec.Struct):
    """What a run has come to. kinds: cases by kind. forwarded: requests that arrived upstream."""

    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    forwarded: int = 0
    failed: int = 0
    growth_bytes: int = 0


class Run:
    """One relay, one lane."""

    def __init__(self, relay: Relay, lane: Lane, deadline: Deadline) -> None:
        self._relay = relay
        self._lane = lane
        self._deadline = deadline
        self._log = relay.directory / "stderr"
        self._logged_bytes = 0
        self._warm_bytes = 0
        self._warm_files = 0
        self.tally = Tally()

    async def cases(self, cases: Iterator[tuple[str, Case]]) -> Tally:
        """Play cases, each with a name for its file, until time is up or MAX_FAILURES have failed."""
        reported = self._deadline.spent_seconds
        for name, case in cases:
            found = await self._judge(case)
            if found:
                self.tally.failed += 1
                say(f"  {name}: {'; '.join(found)} -> {failures.write(case, found, name)}")
            if self._deadline.over or self.tally.failed >= MAX_FAILURES or self._relay.process.poll() is not None:
                break
            if self._deadline.spent_seconds - reported > REPORT_SECONDS:
                reported = self._deadline.spent_seconds
                say(f"  {self._deadline.spent_seconds:4.0f} s: {self.line()}")
        return self.tally

    def line(self) -> str:
        tally = self.tally
        return (
            f"{tally.kinds.total()} cases, {tally.forwarded} forwarded, {tally.failed} failed, "
            f"memory {tally.growth_bytes / 2**20:+.1f} MiB since case {WARM_CASES}"
        )

    async def _judge(self, case: Case) -> list[str]:
        self.tally.kinds[case.kind] += 1
        try:
            sent, received, arrived = await self._lane.play(self._relay.port, case)
        except StuckError:
            found = ["a good request has no answer, or its connection no end"]
        except OSError as error:
            found = [f"no connection: {error}"]
        else:
            self.tally.forwarded += len(arrived)
            found = problems(case, sent, received, arrived)
        if self._lane.host.strays:
            found.append("bytes upstream that are no request")
            self._lane.host.strays.clear()
        return found + self._complaints() + self._growth()

    def _complaints(self) -> list[str]:
        """What the relay has logged meanwhile and must not."""
        size = self._log.stat().st_size
        if size == self._logged_bytes:
            return []
        with self._log.open("rb") as log:
            log.seek(self._logged_bytes)
            new = log.read(size - self._logged_bytes).decode(errors="replace")
        self._logged_bytes = size
        return self._relay.complaints() + [
            f"logged: {line}" for line in new.splitlines() if any(b in line for b in _BUGS)
        ]

    def _growth(self) -> list[str]:
        """Whether the relay has died or grown; looked at now and then."""
        number = self.tally.kinds.total()
        if self._relay.process.poll() is not None:
            return ["the relay has ended"]
        if number % 250 or number < WARM_CASES:
            return []
        memory, files = resident_bytes(self._relay.pid), descriptors(self._relay.pid)
        if number == WARM_CASES:
            self._warm_bytes, self._warm_files = memory, files
        self.tally.growth_bytes = memory - self._warm_bytes
        found = [f"memory grew by {self.tally.growth_bytes} bytes"] if self.tally.growth_bytes > MEMORY_BYTES else []
        return found + (
            [f"{files} files are open, {self._warm_files} were"] if files > self._warm_files + FILES else []
        )


def generated(seed: int) -> Iterator[tuple[str, Case]]:
    """Cases of a seed, for ever, each with its name."""
    for number in count(1):
        yield f"wire-{seed}-{number}", build(seed, number)


async def fuzz(seed: int, minutes: float) -> bool:
    """Whether all went well."""
    return await _run(generated(seed), Deadline(minutes * 60))


async def replay(path: Path) -> bool:
    """Play one failed case again; whether it now goes well."""
    return await _run(iter([(f"again-{path.stem}", failures.read(path))]), Deadline(60))


async def _run(cases: Iterator[tuple[str, Case]], deadline: Deadline) -> bool:
    lane = Lane()
    with tempfile.TemporaryDirectory(prefix="fastproxy-fuzz-") as directory:
        async with lane.host as host:
            text = config(host.origin, extra=_LIMITS)
            with Relay(Path(directory), text) as relay:
                run = Run(relay, lane, deadline)
                tally = await run.cases(cases)
                say(f"wire: {run.line()}; {dict(tally.kinds)}")
                alive = relay.process.poll() is None and relay.ask("/healthz", method="GET").status == 200
                complaints = relay.complaints()
    for complaint in complaints:
        say(f"  {complaint}")
    return alive and not tally.failed and not complaints
