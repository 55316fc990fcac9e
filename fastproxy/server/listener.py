"""Sockets that clients connect to: opened once, shared by all workers, drained at the end.

An address is "HOST:PORT", "[IPV6]:PORT", "unix:/PATH" or "systemd" (socket activation). A port that is taken is an
error that names its owner; the relay never hops to another one, because clients could not follow.
"""

import asyncio
import contextlib
import os
import socket
import stat
from dataclasses import dataclass, field
from pathlib import Path

from fastproxy.clock import Sweep
from fastproxy.server.connection import Connection, Door
from fastproxy.snapshot import Limits

BACKLOG = 1024
DRAIN_LOOK_SECONDS = 0.05


class ListenError(Exception):
    """An address can't be listened on; the message says why and who has it."""


@dataclass(eq=False, slots=True)
class Listener:
    """What all connections of one process share, and the servers that accept them."""

    limits: Limits
    door: Door
    sweep: Sweep
    draining: bool = False
    connections: set[Connection] = field(default_factory=set)
    servers: list[asyncio.Server] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    async def start(self, sockets: list[socket.socket]) -> None:
        """Accept on every socket."""
        loop = asyncio.get_running_loop()
        self.sockets.extend(sockets)
        for one in sockets:
            make = loop.create_unix_server if one.family == socket.AF_UNIX else loop.create_server
            self.servers.append(await make(lambda: Connection(self), sock=one, backlog=BACKLOG))

    async def drain(self, seconds: float) -> int:
        """Let running exchanges end, then accept nothing more. How many were cut off after `seconds`.

        Until they have ended we go on accepting, so that a prober of /readyz is told 503 and not left to guess; the
        door refuses new work. With nothing running it is over at once.
        """
        self.draining = True
        deadline = asyncio.get_running_loop().time() + seconds
        before = frozenset(self.connections)
        while (left := self._unfinished(before)) and asyncio.get_running_loop().time() < deadline:
            for connection in before:
                connection.drain()
            await asyncio.sleep(DRAIN_LOOK_SECONDS)
        for one in self.sockets:
            _refuse_connections(one)
        for server in self.servers:
            server.close()
        self.abort()
        return left

    def _unfinished(self, before: frozenset[Connection]) -> int:
        """How many connections are still owed something: those from before until closed, newer ones while busy."""
        return sum(connection in before or connection.busy for connection in self.connections)

    def abort(self) -> None:
        """Cut off every connection."""
        for connection in tuple(self.connections):
            connection.abort()


def open_socket(address: str, *, share: bool) -> socket.socket:
    """A listening socket. share: let several processes bind the same port (SO_REUSEPORT).

    Raises: ListenError when the address can't be had.
    """
    if address.startswith("unix:"):
        return _open_unix(Path(address.removeprefix("unix:")))
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    try:
        family, kind, protocol, _, name = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    except (OSError, ValueError) as error:
        raise ListenError(f"{address} is not an address to listen on: {error}") from None
    one = socket.socket(family, kind, protocol)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        one.bind(name)
        one.listen(BACKLOG)
    except OSError as error:
        one.close()
        raise ListenError(f"{address}: {error.strerror}{_owner(int(port))}") from None
    one.setblocking(False)
    return one


def _refuse_connections(one: socket.socket) -> None:
    """Let the kernel refuse what comes from now on.

    A worker's parent and siblings hold its socket as well: closing it here would leave clients in a queue that nobody
    reads. A socket without SO_REUSEPORT is not this worker's alone: a unix socket, or one of systemd's.
    """
    if one.family != socket.AF_UNIX and one.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def address_of(one: socket.socket) -> str:
    """The address as a client writes it: "http://127.0.0.1:8484" or "unix:/run/fastproxy.sock"."""
    if one.family == socket.AF_UNIX:
        return f"unix:{one.getsockname()}"
    host, port = one.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _open_unix(path: Path) -> socket.socket:
    """A 0600 socket file. One that a dead process left behind is replaced; a live one is not."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
            with (
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe,
                contextlib.suppress(ConnectionRefusedError),
            ):
                probe.connect(str(path))
                raise ListenError(f"unix:{path}: another process listens there")
            path.unlink()
        before = os.umask(0o177)
        try:
            one.bind(str(path))
        finally:
            os.umask(before)
        one.listen(BACKLOG)
    except OSError as error:
        one.close()
        raise ListenError(f"unix:{path}: {error.strerror}") from None
    except ListenError:
        one.close()
        raise
    one.setblocking(False)
    return one


def _owner(port: int) -> str:
    """The local process that listens on `port`, as " (pid 123, python)"; empty when /proc does not tell."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), Path(table).open() as lines:
            for line in list(lines)[1:]:
                column = line.split()
                if column[3] == "0A" and int(column[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{column[9]}]")
    for descriptors in Path("/proc").glob("[0-9]*/fd") if inodes else ():
        with contextlib.suppress(OSError):
            if any(str(link.readlink()) in inodes for link in descriptors.iterdir()):
                name = (descriptors.parent / "comm").read_text().strip()
                return f" (pid {descriptors.parent.name}, {name})"
    return ""
