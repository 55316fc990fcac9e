"""What the tap's marks find in a Responses answer, and what they must not. Recorded streams: tests/laws."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.faults import fault_event
from fastproxy.formats.openai_responses.tap import TAP


@pytest.mark.parametrize(
    "event",
    [
        b'event: response.completed\ndata: {"type":"response.completed","sequence_number":3}\n\n',
        b'data: {"sequence_number":3,"type": "response.completed"}\r\n\r\n',
        b'data: {"type":"response.incomplete","response":{}}\n\n',
    ],
)
def test_the_end_is_found(event: bytes) -> None:
    assert TAP.finished.search(event)


@pytest.mark.parametrize(
    "event",
    [
        b'event: response.completed\ndata: {"type":',
        b'data: {"type":"response.failed"}\n\n',
        b'data: {"type":"response.output_text.delta","delta":"response.completed"}\n\n',
        rb'data: {"type":"response.output_text.delta","delta":"{\"type\":\"response.completed\"}"}',
        b'data: {"type":"response.web_search_call.completed"}\n\n',
        b'data: {"type":"response.content_part.done","part":{"status":"completed"}}\n\n',
    ],
)
def test_what_is_not_the_end_is_not_taken_for_it(event: bytes) -> None:
    assert not TAP.finished.search(event)


@pytest.mark.parametrize(
    "event",
    [
        fault_event(Fault("overloaded", "no room"), b""),
        b'event: error\r\ndata: {"sequence_number":2,"type":"error","error":{"code":"insufficient_quota"}}\r\n\r\n',
        b'data: {"type":"error","message":"m"}\n\n',
        b'data: {"type":"response.failed","response":{}}\n\n',
    ],
)
def test_an_error_is_found(event: bytes) -> None:
    assert TAP.failed.search(event)


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"type":"response.created","response":{"error":null}}\n\n',
        b'data: {"type":"response.output_item.done","item":{"error":{"type":"error"}}}\n\n',
        rb'data: {"type":"response.output_text.delta","delta":"event: error\ndata: {\"type\":\"error\"}"}',
    ],
)
def test_talk_of_errors_is_no_error(event: bytes) -> None:
    assert not TAP.failed.search(event)
