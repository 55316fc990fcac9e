"""The yardstick: a minimal relay, frozen.

Never optimise it, never fix its missing parts: every ratio in RESULTS.md is measured against exactly these lines.
It does what no relay can leave out (client token, model, h11 request head, header rules, own framing, backpressure,
keep-alive on both sides, one write per read) and nothing else: no errors mapped, no retry, no usage, no timeouts.
"""

import asyncio
import sys

import h11
import orjson
import uvloop

from . import wire

TOKENS = {f"Bearer {wire.TOKEN}".encode(): "bench"}
MODEL_PREFIX = "bench-"
DROPPED = frozenset({b"connection", b"keep-alive", b"host", b"authorization", b"transfer-encoding", b"content-length"})


class Client(asyncio.Protocol):
    """A caller's connection: one request at a time, relayed to an idle or a new upstream connection."""

    def __init__(self, upstream_port: int, idle: "list[Upstream]") -> None:
        self.upstream_port, self.idle = upstream_port, idle
        self.upstream: Upstream | None = None
        self.transport: asyncio.Transport
        self.pieces: list[bytes] = []
        self.head: h11.Request | None = None
        self.missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
        if self.head is not None:
            self.missing -= len(data)
        elif (end := (received := b"".join(self.pieces)).find(b"\r\n\r\n")) >= 0:
            parser = h11.Connection(h11.SERVER)
            parser.receive_data(received[: end + 4])
            self.head = parser.next_event()  # type: ignore[assignment]
            length = next((int(value) for name, value in self.head.headers if name == b"content-length"), 0)  # type: ignore[union-attr]
            self.pieces = [received[end + 4 :]]
            self.missing = length - len(self.pieces[0])
        if self.head is not None and self.missing == 0:
            self.relay(self.head, b"".join(self.pieces))
            self.head, self.pieces = None, []

    def relay(self, head: h11.Request, body: bytes) -> None:
        headers = dict(head.headers)
        if headers.get(b"authorization") not in TOKENS or not orjson.loads(body)["model"].startswith(MODEL_PREFIX):
            self.transport.write(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")
            return
        kept = b"".join(b"%b: %b\r\n" % header for header in head.headers if header[0] not in DROPPED)
        request = b"%b %b HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %b\r\ncontent-length: %d\r\n%b\r\n" % (
            *(head.method, head.target, wire.UPSTREAM_KEY.encode(), len(body), kept),
        )
        if self.idle:
            self.upstream = self.idle.pop()
            self.upstream.send(self, request, body)
        else:
            self.upstream = upstream = Upstream(self.idle)
            loop = asyncio.get_running_loop()
            connecting = loop.create_task(loop.create_connection(lambda: upstream, "127.0.0.1", self.upstream_port))
            connecting.add_done_callback(lambda _: upstream.send(self, request, body))

    def pause_writing(self) -> None:
        if self.upstream is not None:
            self.upstream.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.upstream is not None:
            self.upstream.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self.upstream is not None:
            self.upstream.transport.abort()


class Upstream(asyncio.Protocol):
    """A connection to the provider: idle in the pool, or plugged into one client."""

    def __init__(self, idle: "list[Upstream]") -> None:
        self.idle = idle
        self.client: Client | None = None
        self.transport: asyncio.Transport
        self.tail = b""
        self.in_body = self.chunked = False
        self.missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def send(self, client: Client, head: bytes, body: bytes) -> None:
        self.client, self.in_body, self.tail = client, False, b""
        self.transport.writelines((head, body))

    def data_received(self, data: bytes) -> None:
        head, data = b"", self.tail + data
        if not self.in_body:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.tail = data
                return
            head, data, self.in_body = self.read_head(data[:end]), data[end + 4 :], True
        body, done = self.read_chunks(data) if self.chunked else self.read_body(data)
        if self.client is None:
            self.transport.abort()
            return
        if head or body:
            self.client.transport.write(head + body)
        if done:
            self.client.upstream = None
            self.client = None
            self.idle.append(self)

    def read_head(self, head: bytes) -> bytes:
        status, *lines = head.split(b"\r\n")
        kept, self.chunked = [status], False
        for line in lines:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"transfer-encoding":
                self.chunked = True
                kept.append(b"transfer-encoding: chunked")
            elif name == b"content-length":
                self.missing = int(value)
                kept.append(line)
            elif name not in DROPPED:
                kept.append(line)
        return b"\r\n".join(kept) + b"\r\n\r\n"

    def read_body(self, data: bytes) -> tuple[bytes, bool]:
        self.missing -= len(data)
        self.tail = b""
        return data, self.missing == 0

    def read_chunks(self, data: bytes) -> tuple[bytes, bool]:
        at, done, pieces = 0, False, []
        while not done and (line_end := data.find(b"\r\n", at)) >= 0:
            size = int(data[at:line_end], 16)
            if len(data) < line_end + 4 + size:
                break
            pieces.append(data[line_end + 2 : line_end + 2 + size])
            at, done = line_end + 4 + size, size == 0
        self.tail = data[at:]
        body = b"".join(pieces)
        framed = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return framed + (b"0\r\n\r\n" if done else b""), done

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self.client is not None:
            self.client.transport.abort()
        elif self in self.idle:
            self.idle.remove(self)


async def serve(upstream_port: int) -> None:
    """Relay from a free port, printed as one line, until the process is told to end."""
    loop, idle = asyncio.get_running_loop(), list[Upstream]()
    server = await loop.create_server(lambda: Client(upstream_port, idle), "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
