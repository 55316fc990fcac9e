"""Every kind of fault in Gemini's envelope."""

import orjson
import pytest
from google.genai.errors import APIError

from fastproxy.errors import KINDS, STATUS, Fault, Kind, Reason
from fastproxy.formats.gemini.decode_fault import decode_fault
from fastproxy.formats.gemini.faults import STATUSES, STATUSES_BY_CODE, encode_fault, fault_event
from support.sdks import gemini_body, gemini_stream


def test_every_kind_has_a_status_that_agrees_with_the_one_of_its_code() -> None:
    assert set(STATUSES) == set(KINDS)
    for kind in KINDS:
        assert STATUSES_BY_CODE.get(STATUS[kind], STATUSES[kind]) == STATUSES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_reads_code_status_and_message_of_every_kind(kind: Kind) -> None:
    with pytest.raises(APIError) as raised:
        gemini_body(encode_fault(Fault(kind, "why"), "req_1"), STATUS[kind])
    assert (raised.value.code, raised.value.status, raised.value.message) == (STATUS[kind], STATUSES[kind], "why")


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_raises_for_an_error_event_of_every_kind(kind: Kind) -> None:
    with pytest.raises(APIError) as raised:
        gemini_stream(fault_event(Fault(kind, "why"), b""))
    assert (raised.value.code, raised.value.message) == (STATUS[kind], "why")


def test_the_wait_and_the_request_id_are_details_in_googles_own_types() -> None:
    body = orjson.loads(encode_fault(Fault("rate_limited", "m", retry_after_seconds=34.5), "req_1"))
    assert body["error"]["details"] == [
        {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "req_1"},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"},
    ]


def test_without_details_there_is_no_such_key() -> None:
    assert orjson.loads(encode_fault(Fault("not_found", "m"), "")) == {
        "error": {"code": 404, "message": "m", "status": "NOT_FOUND"}
    }


def test_a_status_of_its_own_decides_code_and_name() -> None:
    error = orjson.loads(encode_fault(Fault("bad_request", "m", status=409), ""))["error"]
    assert (error["code"], error["status"]) == (409, "ABORTED")


@pytest.mark.parametrize(
    ("tail", "torn"),
    [
        (b"", False),
        (b"data: {}\n\n", False),
        (b"data: {}\r\n\r\n", False),
        (b"data: {}\n", True),
        (b'data: {"a', True),
    ],
)
def test_an_error_event_begins_with_a_blank_line_only_after_a_torn_event(tail: bytes, torn: bool) -> None:
    event = fault_event(Fault("timeout", "m"), tail)
    assert event.startswith(b"\n\ndata: {" if torn else b"data: {")
    assert event.endswith(b"}\n\n")


@pytest.mark.parametrize(
    ("reason", "message", "phrase"),
    [
        (
            "context_length",
            "prompt is too long: 9 tokens > 8 maximum",
            "The input token count exceeds the maximum number of tokens allowed. prompt",
        ),
        ("quota", "pay first", "You exceeded your current quota. pay first"),
    ],
)
def test_a_reason_is_said_in_the_words_that_clients_look_for(reason: Reason, message: str, phrase: str) -> None:
    told = orjson.loads(fault_event(Fault("bad_request", message, reason=reason), b"")[6:])["error"]["message"]
    assert told.startswith(phrase)
    again = orjson.loads(encode_fault(Fault("bad_request", told, reason=reason), ""))["error"]["message"]
    assert again == told


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_again_with_its_message_status_wait_and_reason(kind: Kind) -> None:
    fault = Fault(kind, "m", retry_after_seconds=2.5)
    read = decode_fault(fault.status, encode_fault(fault, "req"))
    assert (read.message, read.status, read.retry_after_seconds) == ("m", fault.status, 2.5)
