"""The clients of the bench: a process of its own that does one job per line of its input (bench/job.py).

Raw protocols and prebuilt requests. The work is fixed, not the time, so that every relay meets the same load; what a
relay takes is read from its own CPU clock, so that the speed of this generator does not matter.
"""

import asyncio
import sys
import time
from typing import cast

import msgspec
import uvloop

from . import meter, wire
from .answer import Answer, BadAnswerError
from .dialects import DIALECTS
from .job import Job, Outcome, spread

JOB_SECONDS = 60.0
# A warm-up answer takes so long that every connection is busy at once: then the relay has opened all of its own, too.
_WARM_MODEL = "bench-1x1-{milliseconds}ms"
_WARM_MILLISECONDS = 50
_WARM_MILLISECONDS_PER_100 = 60
_SETTLE_SECONDS = 0.05


class Moment(msgspec.Struct, frozen=True):
    """Where a job stands: the watched processes' CPU time, the clock, and how many events have come."""

    cpu_seconds: float
    at_seconds: float
    events: int


class Work:
    """What all clients of one job share: requests still to send, what came back, and when it is over.

    all_flow: the moment when every stream has had an event. first_ends: the moment when the first answer is whole.
    """

    def __init__(self, job: Job, model: str, requests: int) -> None:
        named = f"{job.provider}/{model}" if job.provider else model
        self.request = wire.request(named, port=job.port, body_bytes=job.body_bytes, client=job.client)
        self.stamp = DIALECTS[job.client].stamp
        self.plan = wire.plan(model)
        self.to_send = requests
        self.to_finish = requests
        self.until_first_event = job.until_first_event
        self.joined = 0
        self.all_flow: Moment | None = None
        self.first_ends: Moment | None = None
        self._watched = job.watched
        self._to_flow = job.connections
        self.delays: list[int] = []
        self.times: list[int] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def moment(self) -> Moment:
        return Moment(meter.cpu_seconds(self._watched), time.monotonic(), len(self.delays))

    def flows(self) -> None:
        """One more stream has had its first event."""
        self._to_flow -= 1
        if not self._to_flow:
            self.all_flow = self.moment()

    def finish(self, answer: Answer, nanoseconds: int) -> None:
        if self.first_ends is None:
            self.first_ends = self.moment()
        expected = self.plan.total if self.plan else 0
        if answer.events != expected:
            self.fail(BadAnswerError(f"{answer.events} events of {expected}"))
        self.joined += answer.joined
        self.times.append(nanoseconds)
        self.to_finish -= 1
        if not self.to_finish and not self.over.done():
            self.over.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.over.done():
            self.over.set_exception(error)


class Client(asyncio.Protocol):
    """One connection with one request at a time; it goes on until the work has none left."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._work: Work | None = None
        self._answer = Answer([])
        self._sent_at_nanoseconds = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape, not by class

    def connection_lost(self, exc: Exception | None) -> None:
        if self._work is not None:
            self._work.fail(exc or ConnectionError("the relay closed the connection"))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        work = self._work
        if work is None:
            return
        flowed = self._answer.events
        try:
            whole = self._answer.feed(data, now)
        except (BadAnswerError, ValueError) as error:
            work.fail(error)
            return
        if not flowed and self._answer.events:
            work.flows()
        if whole or (work.until_first_event and self._answer.events):
            self._work = None
            work.finish(self._answer, now - self._sent_at_nanoseconds)
            self.start(work)

    def start(self, work: Work) -> None:
        """Send the next request of `work`, if there is one."""
        if not work.to_send or self._transport is None:
            return
        work.to_send -= 1
        self._work = work
        self._answer = Answer(work.delays, work.stamp)
        self._sent_at_nanoseconds = time.monotonic_ns()
        self._transport.write(work.request)

    def close(self) -> None:
        self._work = None
        if self._transport is not None:
            self._transport.abort()


async def run(job: Job) -> Outcome:
    """The job done once, its warm-up not counted. A failure of any request is the outcome's error."""
    clients: list[Client] = []
    try:
        async with asyncio.timeout(JOB_SECONDS):
            return await _measure(job, clients)
    except (OSError, BadAnswerError, TimeoutError, ValueError) as error:
        return Outcome(error=f"{type(error).__name__}: {error}")
    finally:
        for client in clients:
            client.close()


async def _measure(job: Job, clients: list[Client]) -> Outcome:
    memory_before = meter.memory_bytes(job.watched)
    loop = asyncio.get_running_loop()
    for _ in range(job.connections):
        _, client = await loop.create_connection(Client, "127.0.0.1", job.port)
        clients.append(client)
    if not job.until_first_event:
        milliseconds = _WARM_MILLISECONDS + job.connections * _WARM_MILLISECONDS_PER_100 // 100
        warm_model = _WARM_MODEL.format(milliseconds=milliseconds)
        warm_up = Work(msgspec.structs.replace(job, body_bytes=1000), warm_model, job.connections)
        await _do(warm_up, clients, 0.0)
    await asyncio.sleep(_SETTLE_SECONDS)
    work = Work(job, job.model, job.requests)
    begin = work.moment()
    await _do(work, clients, job.spread_seconds)
    end = work.moment()
    if job.while_all_flow:
        begin, end = work.all_flow or begin, work.first_ends or end
        if begin.events >= end.events:
            return Outcome(error="the first stream ended before the last one began")
    return Outcome(
        requests=job.requests,
        events=end.events - begin.events,
        joined=work.joined,
        seconds=end.at_seconds - begin.at_seconds,
        cpu_seconds=end.cpu_seconds - begin.cpu_seconds,
        memory_bytes=(memory_before, meter.memory_bytes(job.watched)),
        event_delay=spread(work.delays[begin.events : end.events]),
        answer_time=spread(work.times),
    )


async def _do(work: Work, clients: list[Client], spread_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    for number, client in enumerate(clients):
        if spread_seconds:
            loop.call_later(number * spread_seconds / len(clients), client.start, work)
        else:
            client.start(work)
    await work.over


def main() -> None:
    """Jobs from standard input, one JSON line each; outcomes to standard output; until the input ends."""
    for line in sys.stdin.buffer:
        outcome = uvloop.run(run(msgspec.json.decode(line, type=Job)))
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
