"""A client connection without a socket: a fake transport on one side, a recording door on the other."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

from fastproxy import clock
from fastproxy.clock import Sweep
from fastproxy.errors import Fault
from fastproxy.framing.http1 import RequestHead
from fastproxy.server.connection import Connection
from fastproxy.server.reply import Answer, Reply
from fastproxy.snapshot import Limits
from support.fake_transport import FakeTransport
from support.loops import turns

Serve = Callable[[bytes, Reply], Awaitable[None]]
HOST = b"host: relay\r\n"


@dataclass
class Served:
    """The admission of one request."""

    door: "RecordingDoor"
    target: bytes
    body_bytes: int = sys.maxsize

    def serve(self, body: bytes, reply: Reply) -> Coroutine[object, object, None]:
        return self._serve(body, reply)

    async def _serve(self, body: bytes, reply: Reply) -> None:
        self.door.served.append((self.target, body))
        try:
            await self.door.play(body, reply)
        except asyncio.CancelledError:
            self.door.cancelled.append(self.target)
            raise


async def echo(body: bytes, reply: Reply) -> None:
    reply.send(Answer(200, [], body))


@dataclass
class RecordingDoor:
    """What stands behind the connection: refuses /no, serves all else by `play`."""

    play: Serve = echo
    served: list[tuple[bytes, bytes]] = field(default_factory=list)
    cancelled: list[bytes] = field(default_factory=list)

    def admit(self, head: RequestHead) -> Served:
        if head.path == b"/no":
            raise Fault("unauthorized", "no")
        return Served(self, head.target)

    def refuse(self, fault: Fault, head: RequestHead | None) -> Answer:
        return Answer(
            fault.status, [(b"x-path", head.path if head is not None else b"unknown")], fault.message.encode()
        )


@dataclass
class Shared:
    """What all connections share."""

    door: RecordingDoor
    limits: Limits
    sweep: Sweep = field(default_factory=Sweep)
    draining: bool = False
    connections: set[Connection] = field(default_factory=set)


class Client:
    """The client's end: `says` sends bytes, `sees` is what came since the last call."""

    def __init__(self, play: Serve = echo, limits: Limits | None = None, shared: Shared | None = None) -> None:
        self.shared = shared or Shared(RecordingDoor(play), limits or Limits())
        self.door = self.shared.door
        self.connection = Connection(self.shared)
        self.transport = FakeTransport(self.connection)
        self.connection.connection_made(self.transport)

    async def says(self, *pieces: bytes) -> None:
        for piece in pieces:
            if self.transport.reading and not self.transport.is_closing():
                self.connection.data_received(piece)
        await turns()

    def sees(self) -> bytes:
        return self.transport.take()

    def waits(self, seconds: float) -> None:
        self.shared.sweep.run(clock.monotonic() + seconds)


def post(target: bytes = b"/a", body: bytes = b"", *lines: bytes) -> bytes:
    head = b"POST %b HTTP/1.1\r\n%b" % (target, HOST)
    return head + b"".join(line + b"\r\n" for line in lines) + b"content-length: %d\r\n\r\n%b" % (len(body), body)


def ok(body: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


class Held:
    """An exchange that the test ends: `reply` is there once it has begun."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.go = asyncio.Event()

    async def __call__(self, body: bytes, reply: Reply) -> None:
        self.replies.append(reply)
        await self.go.wait()
        self.go.clear()
        reply.send(Answer(200, [], body))
