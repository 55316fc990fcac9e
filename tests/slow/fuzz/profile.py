"""A pytest plugin for `slow.fuzz.laws`: the profile "deep", another order in every round, and an end in time."""

from random import Random
from time import monotonic

import pytest
from hypothesis import HealthCheck, settings

DEEP_EXAMPLES = 600

settings.register_profile(
    "deep",
    max_examples=DEEP_EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stop-after", type=float, metavar="SECONDS", help="skip every test that would begin later")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_STOP_AT] = monotonic() + config.getoption("--stop-after")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In an order of the seed's own, so that a round that is cut short is not always short of the same tests."""
    Random(str(config.getoption("--hypothesis-seed"))).shuffle(items)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if monotonic() > item.config.stash[_STOP_AT]:
        pytest.skip("time is up")


_STOP_AT = pytest.StashKey[float]()
