"""Every fault has an error body and a mid-stream event that the SDK understands."""

import orjson
import pytest
from openai import APIError, APIStatusError

from fastproxy.errors import KINDS, Fault, Kind
from fastproxy.formats.openai_chat.faults import TYPES, fault, fault_event
from support.openai_sdk import chat_body, chat_chunks


def test_every_kind_has_a_type() -> None:
    assert set(TYPES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_raises_the_body_with_status_message_type_and_code(kind: Kind) -> None:
    told = Fault(kind, 'no "luck"', param="model")
    with pytest.raises(APIStatusError) as raised:
        chat_body(fault(told, "req_1"), told.status)
    assert raised.value.status_code == told.status
    assert raised.value.body == {
        "message": 'no "luck"',
        "type": TYPES[kind][0],
        "param": "model",
        "code": TYPES[kind][1],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_raises_the_event(kind: Kind) -> None:
    with pytest.raises(APIError, match="too bad"):
        chat_chunks(fault_event(Fault(kind, "too bad"), b""))


@pytest.mark.parametrize("tail", [b"", b"data: {}\n\n", b"data: {}\r\n\r\n", b"data: {}\r\r", b": hm\n\n"])
def test_after_a_whole_event_the_error_begins_at_once(tail: bytes) -> None:
    assert fault_event(Fault("timeout", "too slow"), tail).startswith(b'data: {"error":')


@pytest.mark.parametrize("tail", [b"data: {", b"data: {}\n", b"data: {}\r\n", b"data: {}\r"])
def test_after_half_an_event_the_error_begins_with_a_blank_line(tail: bytes) -> None:
    event = fault_event(Fault("timeout", "too slow"), tail)
    assert event.startswith(b'\n\ndata: {"error":')
    assert orjson.loads(event.strip().removeprefix(b"data: "))["error"]["message"] == "too slow"
    assert b"[DONE]" not in event
