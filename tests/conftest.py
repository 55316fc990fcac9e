"""Fixtures for every test: the upstream process, a running relay, and relays with a configuration of one's own."""

import gc
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("support")  # before its modules are imported, so that their assertions show values

from support.relay import Relay, StartRelay, config  # noqa: E402 - as above
from support.upstream import Upstream  # noqa: E402 - as above

# Of properties that leave it open; `make fuzz` takes many more. No clock: a busy machine is no defect.
settings.register_profile("suite", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a third of the time, tests wait for processes and clocks."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """No search for garbage among thousands of tests that are made to stay: it was a third of the collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """One replaying upstream process for all tests of this worker."""
    with Upstream() as running:
        yield running


@pytest.fixture(scope="session")
def shared_relay(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """One relay process with default limits for all tests of this worker; tests take `relay`."""
    with Relay(tmp_path_factory.mktemp("relay"), config(upstream.origin)) as running:
        yield running


@pytest.fixture
def relay(shared_relay: Relay) -> Iterator[Relay]:
    """The shared relay. After the test it must still run and its log must hold no traceback and no secret."""
    yield shared_relay
    assert shared_relay.process.poll() is None, f"the relay died:\n{shared_relay.log}"
    assert shared_relay.complaints() == []


@pytest.fixture
def start_relay(tmp_path: Path) -> Iterator[StartRelay]:
    """Starts relays that are stopped, and whose logs are checked, when the test ends."""
    started: list[Relay] = []
    numbers = count(1)

    def start(config_text: str | None, **environ: str) -> Relay:
        relay = Relay(tmp_path / f"relay-{next(numbers)}", config_text, environ)
        started.append(relay)
        relay.await_ready()
        return relay

    yield start
    for relay in started:
        relay.stop()
    for relay in started:
        assert relay.complaints() == []
