"""What the replaying upstream does with one request: a list of acts on a raw socket.

Data and pure builders only. Faults are scripts like any other: nothing here knows which of them are "right".
"""

from collections.abc import Iterable, Sequence

import msgspec

Header = tuple[str, str]

JSON: Header = ("content-type", "application/json")
SSE: Header = ("content-type", "text/event-stream; charset=utf-8")


class Act(msgspec.Struct, frozen=True, tag=True):
    """One act. The acts of a script are played in order; the connection stays open after the last one."""


class Send(Act, frozen=True):
    """Write these bytes as they are."""

    data: bytes


class SendCut(Act, frozen=True):
    """Write `data` as two chunks with a pause in between, cut where the request's `x-lab-cut` header says."""

    data: bytes
    pause_seconds: float = 0.001


class Pour(Act, frozen=True):
    """Write `piece` so many times, no faster than the peer reads."""

    piece: bytes
    times: int


class Pause(Act, frozen=True):
    """Do nothing for a while."""

    seconds: float


class AwaitLeave(Act, frozen=True):
    """Do nothing until the peer closes the connection, at most so long."""

    seconds: float


class Close(Act, frozen=True):
    """End the connection as a good server does: FIN."""


class Reset(Act, frozen=True):
    """Break the connection: RST."""


AnyAct = Send | SendCut | Pour | Pause | AwaitLeave | Close | Reset


class Seen(msgspec.Struct, frozen=True):
    """One request as it arrived. Times are CLOCK_MONOTONIC seconds, which all processes of a machine share.

    connection: number of the connection it came on. sent_bytes: what the script has written so far.
    left_at: when the peer closed the connection while the script was still being played; None if it did not.
    """

    connection: int
    head: bytes
    body: bytes
    arrived_at: float
    sent_bytes: int = 0
    finished_at: float | None = None
    left_at: float | None = None

    @property
    def request_line(self) -> bytes:
        return self.head.partition(b"\r\n")[0]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Header lines in order, names in lower case."""
        lines = self.head.rstrip(b"\r\n").split(b"\r\n")[1:]
        pairs = (line.partition(b":") for line in lines)
        return [(name.lower(), value.strip()) for name, _, value in pairs]

    def get(self, name: bytes) -> list[bytes]:
        """Every value under a lower-case name."""
        return [value for key, value in self.headers if key == name]


def head(status: int, headers: Iterable[Header], *, reason: str = "Scripted") -> bytes:
    """A response head with its blank line."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def whole(body: bytes, *, status: int = 200, headers: Sequence[Header] = (JSON,)) -> list[AnyAct]:
    """A response delimited by its Content-Length."""
    return [Send(head(status, [*headers, ("content-length", str(len(body)))]) + body)]


def streamed(pieces: Iterable[bytes], *, status: int = 200, headers: Sequence[Header] = (SSE,)) -> list[AnyAct]:
    """A chunked response, every piece a chunk and a write of its own."""
    return [begun(status=status, headers=headers), *(Send(chunk(piece)) for piece in pieces), Send(b"0\r\n\r\n")]


def begun(*, status: int = 200, headers: Sequence[Header] = (SSE,)) -> Send:
    """The head of a chunked response."""
    return Send(head(status, [*headers, ("transfer-encoding", "chunked")]))


def until_close(body: bytes, *, status: int = 200, headers: Sequence[Header] = (JSON,)) -> list[AnyAct]:
    """A response that ends with the connection."""
    return [Send(head(status, [*headers, ("connection", "close")]) + body), Close()]


def paced(pieces: Iterable[bytes], seconds: float, *, headers: Sequence[Header] = (SSE,)) -> list[AnyAct]:
    """A chunked response with a pause after every piece."""
    acts: list[AnyAct] = [begun(headers=headers)]
    for piece in pieces:
        acts += [Send(chunk(piece)), Pause(seconds)]
    return [*acts, Send(b"0\r\n\r\n")]
