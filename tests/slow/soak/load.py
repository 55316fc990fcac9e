"""The errands at a steady rate, and a count of what they must have led to."""

import asyncio
from collections import Counter
from random import Random

import msgspec

from slow.bounded import Deadline
from slow.soak.errands import ERRANDS, Stage

SHOWN_PROBLEMS = 20


class Counts(msgspec.Struct):
    """done: errands ended, by name. records, cancelled: due in the usage records. problems: the first of them."""

    done: Counter[str] = msgspec.field(default_factory=Counter)
    records: int = 0
    cancelled: int = 0
    wrong: int = 0
    problems: list[str] = msgspec.field(default_factory=list)

    def blame(self, problem: str) -> None:
        self.wrong += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(problem)


class Load:
    """Starts errands and forgets none: `finish` waits for all."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._chance = Random(seed)
        self._running: set[asyncio.Task[None]] = set()
        self.counts = Counts()

    async def once_each(self) -> None:
        """Every errand once, one after the other: the relay then has loaded and opened what it ever will."""
        for name in ERRANDS:
            await self._run(name)

    async def steadily(self, deadline: Deadline, per_second: float) -> None:
        """A new errand every so often, whatever becomes of the others, until the deadline."""
        names = list(ERRANDS)
        weights = [ERRANDS[name].weight for name in names]
        started = asyncio.get_running_loop().time()
        number = 0
        while not deadline.over:
            (name,) = self._chance.choices(names, weights)
            task = asyncio.create_task(self._run(name))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            number += 1
            await asyncio.sleep(max(0.0, started + number / per_second - asyncio.get_running_loop().time()))

    async def finish(self) -> None:
        if self._running:
            await asyncio.wait(self._running)

    async def _run(self, name: str) -> None:
        errand, counts = ERRANDS[name], self.counts
        try:
            problem = await errand.run(self._stage, self._chance)
        except (OSError, TimeoutError) as error:
            problem = type(error).__name__
        counts.done[name] += 1
        counts.records += errand.records
        counts.cancelled += errand.cancelled
        if problem:
            counts.blame(f"{name}: {problem}")
