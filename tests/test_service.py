"""What the service manager receives, over real datagram sockets, and what we accept from it as real descriptors."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastproxy import clock
from fastproxy.service import Notifier, activated_sockets, watchdog_seconds


class Manager:
    """A service manager's end of the notification socket."""

    def __init__(self, address: str) -> None:
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.settimeout(5)
        self.channel.bind(address)

    def received(self) -> list[str]:
        return self.channel.recv(4096).decode().split("\n")


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A unix socket's path may not exceed 108 bytes, which pytest's own directories may."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def manager(short_directory: Path) -> Iterator[tuple[Manager, Notifier]]:
    address = str(short_directory / "notify")
    end = Manager(address)
    yield end, Notifier({"NOTIFY_SOCKET": address})
    end.channel.close()


def test_ready_carries_the_status_in_one_datagram(manager: tuple[Manager, Notifier]) -> None:
    end, notifier = manager
    assert notifier.ready("2 providers")
    assert end.received() == ["READY=1", "STATUS=2 providers"]


def test_every_message_is_what_the_protocol_says(manager: tuple[Manager, Notifier]) -> None:
    end, notifier = manager
    notifier.stopping("draining 3 streams")
    assert end.received() == ["STOPPING=1", "STATUS=draining 3 streams"]
    notifier.watchdog()
    assert end.received() == ["WATCHDOG=1"]
    notifier.extend_timeout(2.5)
    assert end.received() == ["EXTEND_TIMEOUT_USEC=2500000"]
    notifier.ready()
    assert end.received() == ["READY=1"]


def test_reloading_carries_the_monotonic_clock(manager: tuple[Manager, Notifier]) -> None:
    end, notifier = manager
    before = clock.monotonic()
    notifier.reloading()
    first, second = end.received()
    assert first == "RELOADING=1"
    name, _, microseconds = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before - 0.001 <= int(microseconds) / 1e6 <= clock.monotonic()


def test_a_status_can_not_smuggle_in_another_assignment(manager: tuple[Manager, Notifier]) -> None:
    end, notifier = manager
    notifier.status("fine\nMAINPID=1\rBARRIER=1")
    assert end.received() == ["STATUS=fine MAINPID=1 BARRIER=1"]


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_an_abstract_socket_is_reached() -> None:
    name = f"fastproxy-test-{os.getpid()}"
    end = Manager("\0" + name)
    assert Notifier({"NOTIFY_SOCKET": "@" + name}).watchdog()
    assert end.received() == ["WATCHDOG=1"]
    end.channel.close()


@pytest.mark.parametrize(
    "address", ["", "/nowhere/notify", "vsock:2:1234", "relative", "/" + "x" * 300, "@" + "y" * 300]
)
def test_without_a_manager_nothing_is_sent_and_nothing_raises(address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address} if address else {})
    assert not notifier.ready("x")
    assert not notifier.watchdog()


def test_a_manager_that_does_not_read_never_blocks_us(manager: tuple[Manager, Notifier]) -> None:
    _, notifier = manager
    assert not all(notifier.watchdog() for _ in range(5000))


def test_an_empty_status_sends_nothing(manager: tuple[Manager, Notifier]) -> None:
    end, notifier = manager
    assert not notifier.status("")
    notifier.watchdog()
    assert end.received() == ["WATCHDOG=1"]


def test_the_watchdog_interval_is_in_seconds() -> None:
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000"}) == 30.0
    assert watchdog_seconds({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}) == 0.5


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "-5"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": ""},
    ],
)
def test_no_watchdog_unless_this_process_is_watched(environ: dict[str, str]) -> None:
    assert watchdog_seconds(environ) is None


ACCEPT_ONE = """
import os, sys
from fastproxy.service import activated_sockets
passed, pid_offset, count = map(int, sys.argv[1:])
os.dup2(passed, 3, inheritable=True)
try:
    listeners = activated_sockets({"LISTEN_PID": str(os.getpid() + pid_offset), "LISTEN_FDS": str(count)})
except OSError as error:
    print("refused:", error)
    raise SystemExit
print(len(listeners), [(each.fileno(), each.get_inheritable(), each.getblocking()) for each in listeners])
for listener in listeners:
    listener.settimeout(5)
    listener.accept()[0].sendall(b"hello")
"""


def child_with_fd_3(descriptor: int, pid_offset: int, count: int) -> subprocess.Popen[str]:
    """A process that finds `descriptor` as its number 3, as the manager would leave it there."""
    arguments = [str(descriptor), str(pid_offset), str(count)]
    return subprocess.Popen(
        [sys.executable, "-c", ACCEPT_ONE, *arguments], pass_fds=[descriptor], stdout=subprocess.PIPE, text=True
    )


def test_an_inherited_listener_accepts_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = child_with_fd_3(listener.fileno(), 0, 1)
        with socket.create_connection(listener.getsockname(), timeout=10) as client:
            assert client.recv(5) == b"hello"
        output, _ = process.communicate(timeout=10)
    assert output == "1 [(3, False, False)]\n"


def test_sockets_meant_for_another_process_are_left_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        output, _ = child_with_fd_3(listener.fileno(), 1, 1).communicate(timeout=10)
    assert output == "0 []\n"


def test_a_descriptor_that_does_not_listen_is_refused_with_its_number() -> None:
    with socket.socket() as idle:
        output, _ = child_with_fd_3(idle.fileno(), 0, 1).communicate(timeout=10)
    assert output == "refused: descriptor 3 from the service manager is not a listening stream socket\n"


def test_a_descriptor_that_is_no_socket_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        output, _ = child_with_fd_3(file.fileno(), 0, 1).communicate(timeout=10)
    assert output.startswith("refused:")


@pytest.mark.parametrize("environ", [{}, {"LISTEN_FDS": "1"}, {"LISTEN_PID": "x", "LISTEN_FDS": "1"}])
def test_no_activation_gives_no_sockets(environ: dict[str, str]) -> None:
    assert activated_sockets(environ) == ()


def test_a_count_that_is_not_a_number_gives_no_sockets() -> None:
    assert activated_sockets({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "many"}) == ()
