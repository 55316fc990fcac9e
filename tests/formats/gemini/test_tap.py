"""What the tap's marks find, and what they must not."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini.faults import encode_fault, fault_event
from fastproxy.formats.gemini.tap import TAP
from laws.recorded import streams
from support import recordings


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"candidates":[{"finishReason":"STOP","index":0}]}\n\n',
        b'data: {"candidates": [{"finishReason": "MAX_TOKENS"}]}\r\n\r\n',
        b'[{\n  "candidates": [{\n    "finishReason" : "STOP"',
        b'data: {"candidates":[{"finish_reason":1}]}\n\n',
        b'data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n',
        b'data: {"prompt_feedback":{"block_reason":4}}\n\n',
    ],
)
def test_the_end_is_found(event: bytes) -> None:
    assert TAP.finished.search(event)


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"candidates":[{"content":{"parts":[{"text":"STOP"}]}}]}\n\n',
        b'data: {"candidates":[{"finishReason":"FINISH_REASON_UNSPECIFIED"}]}\n\n',
        b'data: {"candidates":[{"finishReason":0}]}\n\n',
        b'data: {"candidates":[{"finishReason":null}]}\n\n',
        b'data: {"promptFeedback":{"blockReason":"BLOCKED_REASON_UNSPECIFIED"}}\n\n',
        b'data: {"promptFeedback":{"blockReasonMessage":"NO"}}\n\n',
        rb'data: {"candidates":[{"content":{"parts":[{"text":"\"finishReason\":\"STOP\""}]}}]}',
        b'data: {"functionCall":{"args":{"reason":"STOP","myReason":"STOP"}}}\n\n',
    ],
)
def test_text_and_unspecified_reasons_are_not_the_end(event: bytes) -> None:
    assert not TAP.finished.search(event)


@pytest.mark.parametrize(
    "event",
    [
        fault_event(Fault("overloaded", "no room"), b""),
        encode_fault(Fault("rate_limited", "slow"), ""),
        b'data: {\r\n  "error": {\r\n    "code": 503',
        b'[{"candidates":[]},\r\n{\n"error": {\n"code": 500,',
        b'[{\n  "error": {\n    "message": "m"',
        b'ails": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}]}}\r\n\r\n',
    ],
)
def test_an_error_object_is_found(event: bytes) -> None:
    assert TAP.failed.search(event)


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"candidates":[{"content":{"parts":[{"functionCall":{"args":{"error":{"code":1}}}}]}}]}\n\n',
        rb'data: {"candidates":[{"content":{"parts":[{"text":"data: {\"error\": {\"code\": 500"}]}}]}',
    ],
)
def test_talk_of_errors_is_no_error(event: bytes) -> None:
    assert not TAP.failed.search(event)


@pytest.mark.parametrize("name", streams("gemini"))
def test_every_recorded_stream_is_seen_to_end_well_and_only_in_its_last_event(name: str) -> None:
    stream = recordings.load(name).answer
    assert TAP.finished.search(stream)
    assert not TAP.failed.search(stream)
    assert not TAP.finished.search(stream[: stream.rstrip().rindex(b"data: ")])
