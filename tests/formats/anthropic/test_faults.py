"""Every kind of fault in Anthropic's envelope."""

import orjson
import pytest
from anthropic import APIStatusError

from fastproxy.errors import KINDS, STATUS, Fault, Kind
from fastproxy.formats.anthropic.faults import TYPES, TYPES_BY_STATUS, fault, fault_event
from support.sdks import anthropic_body, anthropic_stream


def test_every_kind_has_a_type_that_agrees_with_the_type_of_its_status() -> None:
    assert set(TYPES) == set(KINDS)
    for kind in KINDS:
        assert TYPES_BY_STATUS.get(STATUS[kind], TYPES[kind]) == TYPES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_reads_status_type_and_message_of_every_kind(kind: Kind) -> None:
    with pytest.raises(APIStatusError) as raised:
        anthropic_body(fault(Fault(kind, "why"), "req_1"), STATUS[kind])
    assert raised.value.status_code == STATUS[kind]
    assert raised.value.body == {
        "type": "error",
        "error": {"type": TYPES[kind], "message": "why"},
        "request_id": "req_1",
    }


@pytest.mark.parametrize(
    ("status", "type_"), [(402, "billing_error"), (409, "conflict_error"), (529, "overloaded_error")]
)
def test_a_status_of_its_own_decides_the_type(status: int, type_: str) -> None:
    body = orjson.loads(fault(Fault("bad_request", "m", status=status), "r"))
    assert body["error"]["type"] == type_


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_raises_for_an_error_event_of_every_kind(kind: Kind) -> None:
    with pytest.raises(APIStatusError, match="why"):
        anthropic_stream(fault_event(Fault(kind, "why"), b""))


@pytest.mark.parametrize(
    ("tail", "torn"),
    [
        (b"", False),
        (b"data: {}\n\n", False),
        (b"data: {}\r\n\r\n", False),
        (b"data: {}\r\r", False),
        (b"data: {}\n", True),
        (b'data: {"a', True),
        (b"data: {}\r\n", True),
    ],
)
def test_an_error_event_begins_with_a_blank_line_only_after_a_torn_event(tail: bytes, torn: bool) -> None:
    event = fault_event(Fault("timeout", "m"), tail)
    assert event.startswith(b"\n\nevent: error\n" if torn else b"event: error\n")
    assert event.endswith(b"}\n\n")
