"""What the tap's marks find in a Chat response, and what they must not. Recorded streams: tests/laws."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.faults import fault_event
from fastproxy.formats.openai_chat.tap import TAP


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
        b'data: {"choices": [{"finish_reason": "tool_calls", "delta": {}}]}\r\n\r\n',
        b'data:{"choices":[{"finish_reason" : "length"}]}\n\n',
    ],
)
def test_the_end_is_found(event: bytes) -> None:
    assert TAP.finished.search(event)


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":null}]}\n\n',
        b'data: {"choices":[{"delta":{},"finish_reason":null,"native_finish_reason":"stop"}]}\n\n',
        rb'data: {"choices":[{"delta":{"content":"{\"finish_reason\":\"stop\"}"},"finish_reason":null}]}',
        b'data: {"choices":[{"delta":{},"finish_reason":"error"}],"error":{"code":502}}\n\n',
        b'data: {"choices":[{"delta":{"content":"finish_reason"}}]}\n\n',
    ],
)
def test_what_is_not_the_end_is_not_taken_for_it(event: bytes) -> None:
    assert not TAP.finished.search(event)


@pytest.mark.parametrize(
    "event",
    [
        fault_event(Fault("overloaded", "no room"), b""),
        b'data: {"error": {"message":"m"}}\n\n',
        b'event: error\r\ndata: {"message":"m"}\r\n\r\n',
        b'data: {"error":"model crashed","error_type":"generation"}\n\n',
        b'data: {"choices":[{"delta":{},"finish_reason":"error"}],"error":{"code":502}}\n\n',
    ],
)
def test_an_error_is_found(event: bytes) -> None:
    assert TAP.failed.search(event)


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error":null,"choices":[]}\n\n',
        rb'data: {"choices":[{"delta":{"content":"event: error\n{\"error\":{}}"}}]}',
    ],
)
def test_talk_of_errors_is_no_error(event: bytes) -> None:
    assert not TAP.failed.search(event)
