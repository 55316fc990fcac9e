"""The vocabulary of a response: values only."""

from typing import get_args

import msgspec
import pytest

from fastproxy.errors import KINDS
from fastproxy.ir import events


@pytest.mark.parametrize("event", get_args(events.Event), ids=lambda event: event.__name__)
def test_an_event_is_a_value_that_nobody_can_change_and_that_costs_the_collector_nothing(event: type) -> None:
    assert issubclass(event, msgspec.Struct)
    assert event.__struct_config__.frozen
    assert not event.__struct_config__.gc


def test_counts_that_were_not_told_are_unknown_and_not_zero() -> None:
    assert all(getattr(events.Usage(), name) is None for name in events.Usage.__struct_fields__)


def test_a_failure_tells_a_kind_of_fault() -> None:
    kind = msgspec.inspect.type_info(events.Failed).fields[0].type
    assert isinstance(kind, msgspec.inspect.LiteralType)
    assert set(kind.values) == set(KINDS)
