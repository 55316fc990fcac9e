"""The error event of a Responses stream, numbered on, and the error of a failed response."""

import pytest
from openai.types.responses import ResponseError, ResponseErrorEvent

from fastproxy.errors import KINDS, Fault, Kind, Reason
from fastproxy.formats.openai_responses.faults import failed_of, fault_event, response_error
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


@pytest.mark.parametrize(
    ("reason", "code"), [("context_length", "context_length_exceeded"), ("quota", "insufficient_quota")]
)
def test_a_reason_is_told_by_the_code_that_clients_act_on(reason: Reason, code: str) -> None:
    fault = Fault("bad_request", "no", reason=reason)
    assert objects(fault_event(fault, b""))[0]["code"] == code
    assert response_error(fault)["code"] == code


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        ({"code": "rate_limit_exceeded", "message": "m"}, "rate_limited", ""),
        ({"code": "insufficient_quota", "message": "m"}, "rate_limited", "quota"),
        ({"code": "context_length_exceeded", "message": "m"}, "bad_request", "context_length"),
        ({"code": "invalid_image_url", "message": "m"}, "bad_request", ""),
        ({"code": "image_too_large", "message": "m"}, "bad_request", ""),
        ({"code": "bio_policy", "message": "m"}, "bad_request", ""),
        ({"code": "server_error", "message": "m"}, "upstream_garbage", ""),
        ({"code": None, "message": "m"}, "upstream_garbage", ""),
        ("m", "upstream_garbage", ""),
    ],
)
def test_an_errors_code_tells_what_went_wrong(error: object, kind: Kind, reason: Reason) -> None:
    failed = failed_of(error)
    assert (failed.kind, failed.reason, failed.message) == (kind, reason, "m")


@pytest.mark.parametrize("error", [None, [], 7, {}, {"message": 5, "code": [1], "type": {}}])
def test_an_error_of_any_shape_has_a_sentence(error: object) -> None:
    assert failed_of(error).message


def test_a_kind_without_a_code_is_told_by_its_type() -> None:
    """The flat event has no other place for it."""
    (event,) = objects(fault_event(Fault("bad_request", "m"), b""))
    assert event["code"] == "invalid_request_error"
    assert failed_of(event).kind == "bad_request"
