"""A client on a raw socket: sends the bytes it is given, reads answers strictly (h11), tells how they ended."""

import socket
import struct
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Self

import h11
import msgspec

READ_BYTES = 65536
WAIT_SECONDS = 10.0


class Answer(msgspec.Struct):
    """One response. complete: it ended as its framing promised. chunked: how it was framed. interim: 1xx before it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    complete: bool
    interim: list[int]

    def get(self, name: str) -> str | None:
        """The first value under a lower-case name, or None."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name.encode()), None)

    def all(self, name: str) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key == name.encode()]


class Wire:
    """One connection to the relay."""

    def __init__(self, port: int, *, timeout_seconds: float = WAIT_SECONDS, receive_buffer_bytes: int = 0) -> None:
        self._socket = socket.socket()
        if receive_buffer_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self._socket.settimeout(timeout_seconds)
        self._socket.connect(("127.0.0.1", port))
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_lossy(self, data: bytes) -> None:
        """Send to a peer that may have refused us already."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def half_close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Leave with a RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        self._socket.close()

    def answer(self, method: str = "POST") -> Answer:
        """The next response, to its end. Raises: h11.RemoteProtocolError when it is not HTTP/1.1."""
        answer = Answer(0, [], b"", complete=False, interim=[])
        body = bytearray()
        for event in self.events(method):
            if isinstance(event, h11.InformationalResponse):
                answer.interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                answer.status, answer.headers = event.status_code, list(event.headers)
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                answer.complete = True
        answer.body = bytes(body)
        return answer

    def events(self, method: str = "POST") -> Iterator[h11.Event]:
        """The next response event by event; ends after EndOfMessage, or without it when the connection was cut."""
        self._expect(method)
        while True:
            try:
                event = self._parser.next_event()
            except h11.RemoteProtocolError as error:
                if "closed" in str(error).lower() or "incomplete" in str(error):
                    return
                raise
            if event is h11.NEED_DATA:
                self._parser.receive_data(self._read())
            elif isinstance(event, h11.Event):
                yield event
                if isinstance(event, h11.EndOfMessage):
                    return
            else:
                return

    def until_closed(self) -> bytes:
        """Everything that still comes until the peer closes. Raises: TimeoutError when it does not."""
        data = bytearray()
        while piece := self._read():
            data += piece
        return bytes(data)

    def receive_exactly(self, size: int) -> bytes:
        """The next bytes, unparsed."""
        data = b""
        while len(data) < size and (piece := self._socket.recv(size - len(data))):
            data += piece
        return data

    def rest(self) -> bytes:
        """What came behind the last answer, until the peer closes. Raises: TimeoutError when it does not close."""
        return bytes(self._parser.trailing_data[0]) + self.until_closed()

    def is_closed_within(self, seconds: float) -> bool:
        """Whether the peer closes the connection; anything it still sends is thrown away."""
        deadline = monotonic() + seconds
        self._socket.settimeout(max(seconds, 0.001))
        try:
            while self._read():
                self._socket.settimeout(max(deadline - monotonic(), 0.001))
        except TimeoutError:
            return False
        return True

    def is_silent_for(self, seconds: float) -> bool:
        """Whether nothing comes, not even the end."""
        self._socket.settimeout(seconds)
        try:
            data = self._socket.recv(READ_BYTES)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(WAIT_SECONDS)
        self._parser.receive_data(data)
        return False

    def _expect(self, method: str) -> None:
        if self._parser.our_state is h11.DONE:
            self._parser.start_next_cycle()
        self._parser.send(h11.Request(method=method, target="/", headers=[("host", "unused")]))
        self._parser.send(h11.EndOfMessage())

    def _read(self) -> bytes:
        try:
            return self._socket.recv(READ_BYTES)
        except ConnectionResetError:
            return b""


def request(
    target: str,
    body: bytes = b"",
    headers: Iterable[tuple[str, str]] = (),
    *,
    method: str = "POST",
    host: str = "127.0.0.1",
) -> bytes:
    """A well-formed request with a Content-Length."""
    lines = [f"{method} {target} HTTP/1.1", f"host: {host}", *(f"{name}: {value}" for name, value in headers)]
    if body or method == "POST":
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
