"""What the tap's marks find, and what they must not."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.faults import fault_event
from fastproxy.formats.anthropic.tap import TAP
from laws.recorded import streams
from support import recordings


@pytest.mark.parametrize(
    "event",
    [
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
        b'event: message_stop\r\ndata: {"type": "message_stop"   }\r\n\r\n',
        b'data:{"type":"message_stop","amazon-bedrock-invocationMetrics":{}}\n\n',
    ],
)
def test_the_end_is_found(event: bytes) -> None:
    assert TAP.finished.search(event)


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n',
        rb'data: {"delta":{"type":"text_delta","text":"\"type\":\"message_stop\""}}',
        b'data: {"content_block":{"type":"web_search_tool_result","content":[{"title":"message_stop"}]}}',
    ],
)
def test_text_and_titles_are_not_the_end(event: bytes) -> None:
    assert not TAP.finished.search(event)


@pytest.mark.parametrize(
    "event",
    [
        fault_event(Fault("overloaded", "no room"), b""),
        b'event: error\r\ndata: {"error":{},"type":"error"}\r\n\r\n',
        b'data: {"type":"error","error":{"type":"api_error","message":"m"}}\n\n',
        b'event:error\ndata: {"x":1}\n\n',
    ],
)
def test_an_error_event_is_found(event: bytes) -> None:
    assert TAP.failed.search(event)


@pytest.mark.parametrize(
    "event",
    [
        rb'data: {"delta":{"type":"text_delta","text":"event: error\ndata: {\"type\":\"error\"}"}}',
        b'data: {"content_block":{"type":"web_search_tool_result","content":{"type":"error"}}}\n\n',
    ],
)
def test_talk_of_errors_is_no_error(event: bytes) -> None:
    assert not TAP.failed.search(event)


@pytest.mark.parametrize("name", streams("anthropic"))
def test_every_recorded_stream_is_seen_to_end_well(name: str) -> None:
    stream = recordings.load(name).answer
    assert TAP.finished.search(stream)
    assert not TAP.failed.search(stream)
    assert not TAP.finished.search(stream[: stream.index(b"message_delta")])
