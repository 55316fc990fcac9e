"""The one error that travels: a closed set of kinds, each with a status."""

import pytest

from fastproxy.errors import KINDS, STATUS, Fault, Kind


def test_every_kind_has_a_status_of_its_class_and_no_other_kind_exists() -> None:
    assert set(STATUS) == set(KINDS)
    assert all(400 <= status <= 599 for status in STATUS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_takes_the_status_of_its_kind_unless_told_another(kind: Kind) -> None:
    assert Fault(kind, "m").status == STATUS[kind]
    assert Fault(kind, "m", status=418).status == 418


def test_trouble_of_the_upstream_is_never_the_callers_mistake() -> None:
    upstream_kinds: list[Kind] = ["unreachable", "timeout", "upstream_refused", "upstream_garbage", "no_credential"]
    assert all(STATUS[kind] >= 500 for kind in upstream_kinds)


def test_a_fault_is_an_exception_whose_text_is_its_message_alone() -> None:
    fault = Fault("rate_limited", "wait", retry_after_seconds=3, param="model", headers=((b"allow", b"GET"),))
    with pytest.raises(Fault) as raised:
        raise fault
    assert str(raised.value) == "wait"
    assert repr(fault) == "Fault('rate_limited', 'wait', status=429)"
    assert (fault.retry_after_seconds, fault.param, fault.headers) == (3, "model", ((b"allow", b"GET"),))


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError):
        Fault("no_such_kind", "m")  # type: ignore[arg-type]
