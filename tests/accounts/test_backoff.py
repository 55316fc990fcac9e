"""How long something that failed is left alone."""

import pytest

from fastproxy.accounts import backoff
from fastproxy.accounts.backoff import TOLD_SECONDS, Backoffs


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(backoff, "monotonic", lambda: now[0])
    return now


def test_each_failure_in_a_row_doubles_the_wait_up_to_the_longest(clock: list[float]):
    waits = Backoffs()
    assert waits.is_over("a")
    assert waits.left_seconds("a") is None
    assert [waits.failed("a") for _ in range(5)] == [30.0, 60.0, 120.0, 240.0, 300.0]
    clock[0] += 299.5
    assert (waits.is_over("a"), waits.left_seconds("a")) == (False, 1.0)
    clock[0] += 0.5
    assert waits.is_over("a")
    assert waits.is_over("b")


def test_a_wait_that_was_asked_for_counts_if_it_is_longer(clock: list[float]):
    waits = Backoffs()
    assert waits.failed("a", 5.0) == 30.0
    assert waits.failed("a", 500.0) == 500.0


def test_a_wait_that_no_login_would_outlive_is_cut_short(clock: list[float]):
    assert Backoffs().failed("a", 31536000.0) == TOLD_SECONDS


def test_what_went_well_is_forgotten_and_a_pause_is_no_failure(clock: list[float]):
    waits = Backoffs()
    for _ in range(3):
        waits.failed("a")
    waits.ended("a")
    assert waits.is_over("a")
    for _ in range(3):
        waits.pause("a")
    assert waits.left_seconds("a") == 30.0
