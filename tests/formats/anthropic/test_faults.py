"""Every kind of fault in Anthropic's envelope, and every envelope as a fault."""

from typing import get_args

import orjson
import pytest
from anthropic import APIStatusError
from anthropic.types import ThreadNotFoundError

from fastproxy.errors import KINDS, STATUS, Fault, Kind, Reason
from fastproxy.formats.anthropic.faults import (
    TYPES,
    TYPES_BY_STATUS,
    WORDS,
    decode_failed,
    decode_fault,
    encode_fault,
    fault_event,
)
from fastproxy.ir.events import Failed
from support.sdks import anthropic_body, anthropic_stream


def test_every_kind_has_a_type_that_agrees_with_the_type_of_its_status() -> None:
    assert set(TYPES) == set(KINDS)
    for kind in KINDS:
        assert TYPES_BY_STATUS.get(STATUS[kind], TYPES[kind]) == TYPES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_reads_status_type_and_message_of_every_kind(kind: Kind) -> None:
    with pytest.raises(APIStatusError) as raised:
        anthropic_body(encode_fault(Fault(kind, "why"), "req_1"), STATUS[kind])
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
    body = orjson.loads(encode_fault(Fault("bad_request", "m", status=status), "r"))
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


def test_every_reason_has_its_words() -> None:
    assert {"", *WORDS} == set(get_args(Reason))


@pytest.mark.parametrize(
    ("reason", "message", "type_", "said"),
    [
        ("context_length", "9 tokens > 8", "invalid_request_error", "prompt is too long: 9 tokens > 8"),
        ("context_length", "Prompt is too long: 9", "invalid_request_error", "Prompt is too long: 9"),
        ("quota", "spent", "billing_error", "Your credit balance is too low: spent"),
        ("content_filter", "no", "invalid_request_error", "Output blocked by content filtering policy: no"),
        ("model_not_found", "lab-9", "not_found_error", "model: lab-9"),
        ("model_not_found", "model: lab-9", "not_found_error", "model: lab-9"),
    ],
)
def test_a_reason_is_said_once_in_the_words_that_clients_look_for(
    reason: Reason, message: str, type_: str, said: str
) -> None:
    fault = Fault("rate_limited", message, reason=reason)
    assert orjson.loads(encode_fault(fault, "r"))["error"] == {"type": type_, "message": said}
    assert said.encode() in fault_event(fault, b"")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"),
        (401, "upstream_refused"),
        (402, "upstream_refused"),
        (403, "upstream_refused"),
        (404, "not_found"),
        (408, "timeout"),
        (409, "bad_request"),
        (413, "too_large"),
        (422, "bad_request"),
        (429, "rate_limited"),
        (500, "upstream_garbage"),
        (503, "overloaded"),
        (504, "timeout"),
        (529, "overloaded"),
    ],
)
def test_the_status_decides_the_kind_and_is_kept(status: int, kind: Kind) -> None:
    fault = decode_fault(status, b'{"type":"error","error":{"type":"x","message":"why"},"request_id":"r"}')
    assert (fault.kind, fault.status, fault.message, fault.reason) == (kind, status, "why", "")


@pytest.mark.parametrize(
    ("status", "type_", "message", "reason"),
    [
        (400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum", "context_length"),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 9 + 8 > 7",
            "context_length",
        ),
        (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", "quota"),
        (402, "billing_error", "Payment is due: your credit balance is too low", "quota"),
        (400, "invalid_request_error", "Output blocked by content filtering policy", "content_filter"),
        (404, "not_found_error", "model: lab-9", "model_not_found"),
        (404, "not_found_error", "Not found", ""),
        (400, "invalid_request_error", "model: Field required", ""),
        (429, "rate_limit_error", "This request would exceed your rate limit", ""),
    ],
)
def test_the_upstreams_words_tell_the_reason_and_survive(status: int, type_: str, message: str, reason: Reason) -> None:
    fault = decode_fault(status, orjson.dumps({"type": "error", "error": {"type": type_, "message": message}}))
    assert (fault.message, fault.reason) == (message, reason)
    assert orjson.loads(encode_fault(fault, "r"))["error"]["message"] == message


def test_what_bedrock_says_of_a_long_prompt_is_understood_and_said_in_the_vendors_words() -> None:
    fault = decode_fault(400, b'{"message":"Input is too long for requested model."}')
    assert fault.reason == "context_length"
    said = orjson.loads(encode_fault(fault, "r"))["error"]["message"]
    assert said == "prompt is too long: Input is too long for requested model."


def test_a_type_tells_a_reason_that_the_words_do_not() -> None:
    fault = decode_fault(402, b'{"type":"error","error":{"type":"billing_error","message":"Payment is due."}}')
    assert (fault.kind, fault.reason) == ("upstream_refused", "quota")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message":"flat"}', "flat"),
        (b'{"detail":"said otherwise"}', "said otherwise"),
        (b'{"error":"a word"}', "a word"),
        (b'[{"error":{"message":"in a list"}}]', "in a list"),
        (b"upstream connect error\n", "upstream connect error"),
        (b"<html>sorry</html>", "the upstream answered with status 503"),
        (b"", "the upstream answered with status 503"),
        (b"null", "the upstream answered with status 503"),
        (b'{"error":{"message":7}}', "the upstream answered with status 503"),
        (b"\xff", "\ufffd"),
    ],
)
def test_any_body_is_taken(body: bytes, message: str) -> None:
    assert decode_fault(503, body).message == message


@pytest.mark.parametrize("kind", ["bad_request", "not_found", "too_large", "rate_limited", "overloaded", "timeout"])
def test_an_error_event_of_ours_is_read_as_what_it_was(kind: Kind) -> None:
    event = fault_event(Fault(kind, "why"), b"").partition(b"data: ")[2]
    assert decode_failed(orjson.loads(event)) == Failed(kind, "why")


def test_a_model_that_is_not_there_is_known_by_its_type_whatever_the_status() -> None:
    fault = Fault("bad_request", "no such model", status=400, reason="model_not_found")
    read = decode_fault(400, encode_fault(fault, "req"))
    assert (read.status, read.reason) == (400, "model_not_found")


def test_an_unknown_thread_is_told_by_the_code_that_makes_the_sdk_send_everything() -> None:
    with pytest.raises(ThreadNotFoundError) as caught:
        anthropic_body(encode_fault(Fault("not_found", "It is not kept here.", param="thread"), "r"), 404)
    assert caught.value.error_code == "thread_not_found"
    assert b"details" not in encode_fault(Fault("not_found", "No such model.", param="model"), "r")


@pytest.mark.parametrize("wait", [{"retry_after_seconds": 3600}, {"headers": ((b"retry-after", b"3600"),)}])
def test_a_limit_that_ends_by_itself_is_told_in_the_vendors_own_words(wait: dict) -> None:
    fault = Fault("rate_limited", "You have hit your usage limit.", reason="quota", **wait)
    told = {"type": "rate_limit_error", "message": "You have hit your usage limit."}
    assert orjson.loads(encode_fault(fault, "r"))["error"] == told
