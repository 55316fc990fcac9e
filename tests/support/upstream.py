"""The test's side of the upstream process: teach it scripts, ask what it saw.

Nothing here decides what an upstream does; scripts (support.script) do.
"""

import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Self

from support import control
from support.script import AnyAct, Seen

WAIT_SECONDS = 5.0


class Upstream:
    """A running upstream process. `port`: where it plays; `teach` gives the value for a request's `x-lab` header."""

    def __init__(self) -> None:
        program = str(Path(__file__).with_name("upstream_main.py"))
        self._process = subprocess.Popen(
            [sys.executable, program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        ports = self._process.stdout.readline().split()
        self.port = int(ports[0])
        self._control = socket.create_connection(("127.0.0.1", int(ports[1])), timeout=30)
        self._names = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._control.close()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def teach(self, *turns: Sequence[AnyAct]) -> str:
        """The name under which these are played: one turn for each request, the last one again and again."""
        name = f"script-{next(self._names)}"
        self._order(control.Teach(name, [list(turn) for turn in turns]))
        return name

    def seen(self, name: str) -> list[Seen]:
        """The last requests that came for a script, oldest first."""
        return control.SEEN.decode(self._order(control.Recall(name)))

    def totals(self) -> control.Totals:
        return control.TOTALS.decode(self._order(control.Count()))

    def only(self, name: str) -> Seen:
        """The one request that came for a script."""
        seen = self.seen(name)
        assert len(seen) == 1, f"{len(seen)} requests arrived for {name}, not one"
        return seen[0]

    def wait(self, name: str, ready: Callable[[Seen], bool], seconds: float = WAIT_SECONDS) -> Seen:
        """The first request for a script of which `ready` is true. Raises: AssertionError when time is up."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            for seen in self.seen(name):
                if ready(seen):
                    return seen
            sleep(0.005)
        raise AssertionError(f"waited {seconds} s in vain; seen for {name}: {self.seen(name)}")

    def arrived(self, name: str) -> Seen:
        """The first request for a script, waited for."""
        return self.wait(name, lambda _seen: True)

    def left(self, name: str) -> Seen:
        """The first request for a script whose sender closed the connection while it was being answered."""
        return self.wait(name, lambda seen: seen.left_at is not None)

    def _order(self, order: control.Order) -> bytes:
        self._control.sendall(control.framed(order))
        length = int.from_bytes(self._receive(control.LENGTH_BYTES), "big")
        return self._receive(length)

    def _receive(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._control.recv(min(size - len(parts), 1 << 20))
            if not part:
                raise AssertionError("the upstream process has ended")
            parts += part
        return bytes(parts)
