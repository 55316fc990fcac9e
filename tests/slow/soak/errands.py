"""What clients do in the soak: a table of errands, each with what it must lead to.

An errand returns a sentence for what went wrong, "" for nothing. What the upstream plays is taught once, at the start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random

import msgspec

from slow.soak.client import Client
from support import script
from support.callers import CALLERS, CHAT, Caller
from support.relay import TOKEN
from support.script import AnyAct, AwaitLeave, Reset, Send, chunk
from support.upstream import Upstream
from support.wire import Answer, request

GAP_SECONDS = 0.05
EVENTS = 20  # of a paced stream
BIG_EVENTS = [b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % (b"a" * 20_000)] * 100
BIG = b"".join([*BIG_EVENTS, *CHAT.events])
SMALL_BUFFER_BYTES = 4096
LEAVE_SECONDS = 0.4  # until a client leaves that has had no answer
STRANGER = "fp-nobody-" + "0" * 32


class Stage(msgspec.Struct, frozen=True):
    """Where errands are run. scripts: names the upstream knows, by what they play and the caller's format."""

    port: int
    scripts: Mapping[tuple[str, str], str]

    def request(self, caller: Caller, play: str, *, stream: bool, token: str = TOKEN, body: bytes = b"") -> bytes:
        name = self.scripts.get((play, caller.format), "")
        target = caller.stream_target if stream else caller.whole_target
        headers = [("authorization", f"Bearer {token}"), ("x-lab", name)]
        return request(target, body or (caller.stream_body if stream else caller.whole_body), headers)


Run = Callable[[Stage, Random], Awaitable[str]]


class Errand(msgspec.Struct, frozen=True):
    """weight: how often, beside the others. records, cancelled: what it adds to the usage records."""

    run: Run
    weight: int
    records: int = 1
    cancelled: int = 0


def teach(upstream: Upstream) -> dict[tuple[str, str], str]:
    """Every script, for every format."""
    return {(play, caller.format): upstream.teach(acts) for caller in CALLERS for play, acts in _plays(caller).items()}


def _plays(caller: Caller) -> dict[str, list[AnyAct]]:
    first = Send(chunk(caller.events[0]))
    return {
        "whole": script.whole(caller.answer),
        "stream": script.streamed(caller.events),
        "paced": script.paced([*[caller.events[1]] * EVENTS, *caller.events], GAP_SECONDS),
        "silent": [AwaitLeave(30)],
        "cut before": [Reset()],
        "cut within": [script.begun(), first, Reset()],
        "big": script.streamed([BIG]),
    }


def _want(answer: Answer, status: int, body: bytes | None = None) -> str:
    if answer.status != status or not answer.complete:
        return f"status {answer.status}, complete: {answer.complete}; {status} was due"
    return "" if body is None or answer.body == body else "other bytes than the upstream sent"


async def _whole(stage: Stage, chance: Random) -> str:
    """Three on one connection, the third of another format."""
    async with Client(stage.port) as client:
        for caller in chance.choices(CALLERS, k=3):
            problem = _want(await client.ask(stage.request(caller, "whole", stream=False)), 200, caller.answer)
            if problem:
                return problem
    return ""


async def _stream(stage: Stage, chance: Random) -> str:
    caller = chance.choice(CALLERS)
    async with Client(stage.port) as client:
        answer = await client.ask(stage.request(caller, "stream", stream=True))
    return _want(answer, 200, b"".join(caller.events))


async def _paced(stage: Stage, chance: Random) -> str:
    caller = chance.choice(CALLERS)
    async with Client(stage.port) as client:
        answer = await client.ask(stage.request(caller, "paced", stream=True))
    return _want(answer, 200, caller.events[1] * EVENTS + b"".join(caller.events))


async def _leave_stream(stage: Stage, chance: Random) -> str:
    caller = chance.choice(CALLERS)
    async with Client(stage.port) as client:
        await client.send(stage.request(caller, "paced", stream=True))
        if not (await client.first_bytes()).startswith(b"HTTP/1.1 200"):
            return "no stream to leave"
        if chance.random() < 0.5:
            client.reset()
    return ""


async def _leave_silence(stage: Stage, chance: Random) -> str:
    caller = chance.choice(CALLERS)
    async with Client(stage.port) as client:
        await client.send(stage.request(caller, "silent", stream=chance.random() < 0.5))
        await asyncio.sleep(LEAVE_SECONDS)
        if chance.random() < 0.5:
            client.reset()
    return ""


async def _cut_before(stage: Stage, chance: Random) -> str:
    async with Client(stage.port) as client:
        return _want(await client.ask(stage.request(chance.choice(CALLERS), "cut before", stream=False)), 502)


async def _cut_within(stage: Stage, chance: Random) -> str:
    caller = chance.choice(CALLERS)
    async with Client(stage.port) as client:
        answer = await client.ask(stage.request(caller, "cut within", stream=True))
    if answer.complete and (b'"error"' not in answer.body or not answer.body.startswith(caller.events[0])):
        return "a broken stream without its error event"
    return _want(answer, 200)


async def _read_slowly(stage: Stage, chance: Random) -> str:
    pause_seconds = chance.choice((0.02, 0.05))
    async with Client(stage.port, receive_buffer_bytes=SMALL_BUFFER_BYTES, pause_seconds=pause_seconds) as client:
        return _want(await client.ask(stage.request(CHAT, "big", stream=True)), 200, BIG)


async def _malformed(stage: Stage, chance: Random) -> str:
    line = chance.choice(
        (b"x-one: a\0b\r\n", b"content-length: +5\r\n", b"transfer-encoding: xchunked\r\n", b"no colon\r\n")
    )
    good = stage.request(CHAT, "whole", stream=False)
    async with Client(stage.port) as client:
        return _want(await client.ask(good.replace(b"\r\n", b"\r\n" + line, 1)), 400)


async def _stranger(stage: Stage, chance: Random) -> str:
    caller = chance.choice(CALLERS)
    async with Client(stage.port) as client:
        return _want(await client.ask(stage.request(caller, "whole", stream=False, token=STRANGER)), 401)


async def _bad_json(stage: Stage, chance: Random) -> str:
    caller = chance.choice(CALLERS)
    broken = caller.whole_body.rstrip()[:-1]
    async with Client(stage.port) as client:
        return _want(await client.ask(stage.request(caller, "whole", stream=False, body=broken)), 400)


async def _echo(stage: Stage, chance: Random) -> str:
    body = CHAT.whole_body.replace(b'"lab-1"', b'"fastproxy/echo"')
    async with Client(stage.port) as client:
        return _want(await client.ask(stage.request(CHAT, "", stream=chance.random() < 0.5, body=body)), 200)


ERRANDS: Mapping[str, Errand] = {
    "whole": Errand(_whole, 6, records=3),
    "stream": Errand(_stream, 6),
    "paced stream": Errand(_paced, 5),
    "left in the stream": Errand(_leave_stream, 3, cancelled=1),
    "left before the head": Errand(_leave_silence, 2, cancelled=1),
    "cut before the head": Errand(_cut_before, 2),
    "cut in the stream": Errand(_cut_within, 2),
    "read slowly": Errand(_read_slowly, 1),
    "malformed": Errand(_malformed, 2, records=0),
    "a stranger's": Errand(_stranger, 2, records=0),
    "bad JSON": Errand(_bad_json, 2),
    "echo": Errand(_echo, 2),
}
