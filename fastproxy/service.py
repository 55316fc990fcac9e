"""The two sides of being a systemd service: telling the manager how we are, and taking over its sockets.

Written out because the protocol is one datagram and three environment variables. Must never raise or block on the way
to the manager: a relay that serves is worth more than a status line that arrives.
Source: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3) of systemd 252, read 2026-11-21.
"""

import os
import socket
from collections.abc import Mapping

from fastproxy import clock

_FIRST_FD = 3  # sd_listen_fds(3): SD_LISTEN_FDS_START
_MAX_FDS = 256
_MICROSECONDS = 1_000_000


class Notifier:
    """The manager's notification socket, or nothing when no manager is listening.

    Each method is True when the manager's socket took the message. None of them raises or blocks.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))

    def ready(self, status: str = "") -> bool:
        """Serving, at start or after a reload."""
        return self._send("READY=1", *_status(status))

    def reloading(self) -> bool:
        """A reload has begun; `ready()` ends it."""
        return self._send("RELOADING=1", f"MONOTONIC_USEC={int(clock.monotonic() * _MICROSECONDS)}")

    def stopping(self, status: str = "") -> bool:
        return self._send("STOPPING=1", *_status(status))

    def status(self, text: str) -> bool:
        """One line for `systemctl status`."""
        return self._send(*_status(text))

    def watchdog(self) -> bool:
        """Still alive. Due at least twice in every `watchdog_seconds()`."""
        return self._send("WATCHDOG=1")

    def extend_timeout(self, seconds: float) -> bool:
        """Starting or stopping needs this much longer, counted from now."""
        return self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * _MICROSECONDS)}")

    def _send(self, *assignments: str) -> bool:
        if not self._address or not assignments:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.sendto("\n".join(assignments).encode(), socket.MSG_DONTWAIT, self._address)
        except OSError:
            return False
        return True


def watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """How long the manager waits for a sign of life before it kills us; None when it does not watch this process."""
    interval = _number(environ.get("WATCHDOG_USEC", ""))
    watched = environ.get("WATCHDOG_PID")
    if not interval or (watched is not None and _number(watched) != os.getpid()):
        return None
    return interval / _MICROSECONDS


def activated_sockets(environ: Mapping[str, str]) -> tuple[socket.socket, ...]:
    """The listening sockets that the manager opened for this process; empty when it opened none.

    They are non-blocking and not inherited by children. To be called once: each call wraps the same descriptors.
    Raises: OSError when a descriptor is not a listening stream socket.
    """
    if _number(environ.get("LISTEN_PID", "")) != os.getpid():
        return ()
    count = min(_number(environ.get("LISTEN_FDS", "")) or 0, _MAX_FDS)
    return tuple(_listening(descriptor) for descriptor in range(_FIRST_FD, _FIRST_FD + count))


def _listening(descriptor: int) -> socket.socket:
    listener = socket.socket(fileno=descriptor)
    if listener.type != socket.SOCK_STREAM or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.detach()
        raise OSError(f"descriptor {descriptor} from the service manager is not a listening stream socket")
    listener.set_inheritable(False)
    listener.setblocking(False)
    return listener


def _address(notify_socket: str) -> str:
    """The address for sendto; "" for none, and for the kinds we don't speak (vsock)."""
    if notify_socket.startswith("@"):  # Linux: a name without a file
        return "\0" + notify_socket[1:]
    return notify_socket if notify_socket.startswith("/") else ""


def _status(text: str) -> tuple[str, ...]:
    """A line break would begin another assignment, so there is none left."""
    return (f"STATUS={' '.join(text.split())}",) if text else ()


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
