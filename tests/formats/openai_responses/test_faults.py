"""The error event of a Responses stream, numbered on, and the error of a failed response."""

import pytest
from openai.types.responses import ResponseError, ResponseErrorEvent

from fastproxy.errors import KINDS, Fault, Kind
from fastproxy.formats.openai_responses.faults import fault_event, response_error
from support.openai_sdk import responses_events
from support.sse import objects

EVENT = b'event: response.in_progress\ndata: {"type":"response.in_progress","sequence_number":%d,"response":{}}\n\n'


@pytest.mark.parametrize("kind", KINDS)
def test_the_event_is_the_sdks_and_flat(kind: Kind) -> None:
    (event,) = responses_events(fault_event(Fault(kind, 'no "luck"', param="model"), b""))
    assert isinstance(event, ResponseErrorEvent)
    assert (event.message, event.param, event.sequence_number) == ('no "luck"', "model", 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_response_has_a_code_of_the_closed_list(kind: Kind) -> None:
    ResponseError.model_validate(response_error(Fault(kind, "m")))


@pytest.mark.parametrize(
    ("tail", "number"),
    [
        (b"", 0),
        (EVENT % 0, 1),
        (EVENT % 8 + EVENT % 9, 10),
        (b'data: {"delta":"x", "sequence_number" : 41 }\r\n\r\n', 42),
        (b'quence_number":7}\n\n', 0),
        (EVENT % 3 + b": keepalive\n\n", 4),
        (EVENT % 3 + rb'data: {"delta":"\"sequence_number\":99,"}' + b"\n\n", 4),
        (EVENT % 3 + b'data: {"sequence_number":12', 4),
    ],
)
def test_the_number_goes_on_from_the_last_whole_one(tail: bytes, number: int) -> None:
    event = fault_event(Fault("timeout", "too slow"), tail)
    assert objects(event)[0]["sequence_number"] == number


@pytest.mark.parametrize("tail", [b"", b"data: {}\n\n", b"data: {}\r\n\r\n", b"data: {}\r\r"])
def test_after_a_whole_event_the_error_begins_at_once(tail: bytes) -> None:
    assert fault_event(Fault("timeout", "m"), tail).startswith(b"event: error\ndata: ")


@pytest.mark.parametrize("tail", [b"data: {", b"data: {}\n", b"data: {}\r\n", b"data: {}\r"])
def test_after_half_an_event_the_error_begins_with_a_blank_line(tail: bytes) -> None:
    assert fault_event(Fault("timeout", "m"), tail).startswith(b"\n\nevent: error\ndata: ")
