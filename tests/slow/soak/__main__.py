"""`make soak`: one relay under a mixed and steady load, watched from outside. Exits with 1 when a limit is passed."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from slow.bounded import Deadline, arguments, chosen_seed, say
from slow.soak import chores
from slow.soak.errands import ERRANDS, Stage, teach
from slow.soak.load import Counts, Load
from slow.soak.verdict import Check, verdicts
from slow.soak.watch import MIB, Look, Point, look, percentile
from support.process import resident_bytes
from support.relay import Relay, config
from support.upstream import Upstream

PER_SECOND = 25.0
ROWS = 20  # of the table
WARM_SHARE = 0.2
WARM_SECONDS = 15.0
IDLE_SECONDS = 4  # that an idle upstream connection is kept
QUIET_SECONDS = 25.0
_KEEPALIVE = f"[upstream]\nkeepalive_seconds = {IDLE_SECONDS}\n"
_EDITED = (f"{_KEEPALIVE}\n", f'{_KEEPALIVE}idle_seconds = 301\n[aliases]\nlighthouse = "lab/lab-1"\n')


class Soak:
    """One run from the first request to quiet."""

    def __init__(self, relay: Relay, upstream: Upstream, seed: int, minutes: float) -> None:
        self._relay = relay
        self._upstream = upstream
        self._stage = Stage(relay.port, teach(upstream))
        self._load = Load(self._stage, seed)
        self._deadline = Deadline(minutes * 60)
        text = relay.config_path.read_text()
        self._memory: list[Point] = []
        self._texts = (text, text.replace(*_EDITED))

    async def run(self) -> list[Check]:
        await self._load.once_each()
        before = await self._quiet(None)
        self._deadline = Deadline(self._deadline.left_seconds)
        say("   time  errands  wrong  memory MiB  files  in flight  upstream  lag p99 ms")
        others = [asyncio.create_task(one) for one in (self._sample(), self._table(), self._reload(), self._tokens())]
        await self._load.steadily(self._deadline, PER_SECOND)
        for task in others[:3]:
            task.cancel()
        for ended in await asyncio.gather(*others, return_exceptions=True):
            if isinstance(ended, Exception):
                self._load.counts.blame(f"the soak itself: {ended!r}")
        await self._load.finish()
        after = await self._quiet(before)
        say(self._row(after))
        rows = self._relay.json("/v1/usage?by=provider&since=0")
        return verdicts(before, after, self._memory, self._load.counts, rows) + self._health()

    def counts(self) -> Counts:
        return self._load.counts

    def _health(self) -> list[Check]:
        complaints = self._relay.complaints()
        return [
            Check("relay still runs", "yes" if self._relay.process.poll() is None else "no", "yes"),
            Check("complaints in the log", str(len(complaints)), "0"),
        ]

    async def _look(self) -> Look:
        return await asyncio.to_thread(look, self._relay, self._upstream)

    async def _quiet(self, before: Look | None) -> Look:
        """How the relay looks once nothing goes on any more; or in QUIET_SECONDS, if that does not come."""
        deadline = monotonic() + QUIET_SECONDS
        while True:
            await asyncio.sleep(0.5)
            now = await self._look()
            settled = now.in_flight == 0 and now.upstream == 0 and (before is None or now.files <= before.files)
            if settled or monotonic() > deadline:
                return now

    async def _sample(self) -> None:
        """Memory, every second after the warm-up."""
        await asyncio.sleep(max(WARM_SECONDS, WARM_SHARE * self._deadline.left_seconds))
        while True:
            self._memory.append((monotonic(), resident_bytes(self._relay.pid)))
            await asyncio.sleep(1)

    async def _table(self) -> None:
        pause_seconds = max(5.0, self._deadline.left_seconds / ROWS)
        while True:
            await asyncio.sleep(pause_seconds)
            say(self._row(await self._look()))

    async def _reload(self) -> None:
        await chores.reload(self._relay, self._texts)

    async def _tokens(self) -> None:
        """Tokens come and go until the deadline; the last one is brought to its end, for its records count."""
        while self._deadline.left_seconds > chores.TOKEN_SECONDS:
            await asyncio.sleep(chores.TOKEN_SECONDS)
            records, problem = await chores.tokens(self._relay, self._stage)
            self._load.counts.records += records
            if problem:
                self._load.counts.blame(problem)

    def _row(self, now: Look) -> str:
        counts = self._load.counts
        return (
            f"{self._deadline.spent_seconds:5.0f} s {counts.done.total():8} {counts.wrong:6} "
            f"{now.memory_bytes / MIB:11.1f} {now.files:6} {now.in_flight:10} {now.upstream:9} "
            f"{percentile(now.lag, 0.99) * 1000:11.1f}"
        )


@contextmanager
def _started(upstream: Upstream) -> Iterator[Relay]:
    text = config(upstream.origin, extra=_KEEPALIVE)
    with tempfile.TemporaryDirectory(prefix="fastproxy-soak-") as directory, Relay(Path(directory), text) as relay:
        yield relay


def main() -> int:
    chosen = arguments("soak the relay", minutes=10).parse_args()
    seed = chosen_seed(chosen.seed)
    say(f"seed {seed}; {PER_SECOND:.0f} errands a second for {chosen.minutes:g} minutes: {', '.join(ERRANDS)}")
    with Upstream() as upstream, _started(upstream) as relay:
        soak = Soak(relay, upstream, seed, chosen.minutes)
        checks = asyncio.run(soak.run())
    for problem in soak.counts().problems:
        say(f"  {problem}")
    for check in checks:
        say(check.line())
    return int(not all(check.held for check in checks))


if __name__ == "__main__":
    sys.exit(main())
