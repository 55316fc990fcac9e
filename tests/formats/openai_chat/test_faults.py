"""Every fault has an error body and a mid-stream event that the SDK understands."""

from typing import Any

import orjson
import pytest
from openai import APIError, APIStatusError

from fastproxy.errors import KINDS, Fault, Kind, Reason
from fastproxy.formats.openai_chat.faults import (
    MESSAGE_CHARACTERS,
    TYPES,
    decode_fault,
    encode_fault,
    failed_of,
    fault_event,
)
from fastproxy.ir.events import Failed
from support.openai_sdk import chat_body, chat_chunks


def test_every_kind_has_a_type() -> None:
    assert set(TYPES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_raises_the_body_with_status_message_type_and_code(kind: Kind) -> None:
    told = Fault(kind, 'no "luck"', param="model")
    with pytest.raises(APIStatusError) as raised:
        chat_body(encode_fault(told, "req_1"), told.status)
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


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("context_length", "context_length_exceeded"),
        ("quota", "insufficient_quota"),
        ("content_filter", "content_filter"),
        ("model_not_found", "model_not_found"),
    ],
)
def test_a_reason_is_told_by_the_code_that_clients_look_for(reason: Reason, code: str) -> None:
    told = Fault("bad_request", "why", reason=reason)
    for text in (encode_fault(told, ""), fault_event(told, b"").removeprefix(b"data: ")):
        assert orjson.loads(text)["error"]["code"] == code
    assert decode_fault(400, encode_fault(told, "")).reason == reason


def test_openais_refusal_keeps_status_message_param_and_cause() -> None:
    error = {"message": "too many tokens", "type": "invalid_request_error", "param": "messages"}
    fault = decode_fault(400, orjson.dumps({"error": error | {"code": "context_length_exceeded"}}))
    assert (fault.kind, fault.status, fault.message) == ("bad_request", 400, "too many tokens")
    assert (fault.param, fault.reason) == ("messages", "context_length")


def test_more_than_a_minutes_tokens_is_a_rate_limit_though_groq_answers_413() -> None:
    said = "Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your"
    error = {"message": f"{said} message size and try again.", "type": "tokens", "code": "rate_limit_exceeded"}
    fault = decode_fault(413, orjson.dumps({"error": error}))
    assert (fault.kind, fault.status, fault.reason) == ("rate_limited", 413, "")
    assert orjson.loads(encode_fault(fault, ""))["error"]["code"] == "rate_limit_exceeded"
    assert decode_fault(413, b'{"error":{"message":"body too large","code":"too_large"}}').kind == "too_large"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":"no such model"}', "no such model"),
        (b'{"error":{"code":429,"message":"m","metadata":{"raw":"slow down"}}}', "m: slow down"),
        (b'{"object":"error","message":"vllm","code":400}', "vllm"),
        (b'{"detail":"fastapi"}', "fastapi"),
        (
            b'{"detail":[{"loc":["body","store"],"msg":"Extra inputs"},{"loc":["body",0],"msg":"No"}]}',
            "body.store: Extra inputs; body.0: No",
        ),
        (
            b'{"object":"error","message":{"detail":[{"loc":["body","n"],"msg":"Extra inputs"}]},"code":null}',
            "body.n: Extra inputs",
        ),
        (b'{"detail":[1,{}]}', "the upstream answered with status 418"),
        (b'[{"error":{"code":400,"message":"google"}}]', "google"),
        (b"quota exceeded", "quota exceeded"),
        (b"<html>502</html>", "the upstream answered with status 418"),
        (b"", "the upstream answered with status 418"),
        (b"{}", "the upstream answered with status 418"),
        (b"null", "the upstream answered with status 418"),
        (b'{"error":{"message":{"not":"text"}}}', "the upstream answered with status 418"),
    ],
)
def test_every_shape_of_error_has_its_message_found(body: bytes, message: str) -> None:
    fault = decode_fault(418, body)
    assert (fault.kind, fault.status, fault.message) == ("bad_request", 418, message)


def test_a_message_has_an_end() -> None:
    assert len(decode_fault(500, b"x" * 100_000).message) == MESSAGE_CHARACTERS


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        ({"message": "Please try again in 1.242s."}, 1.242),
        ({"message": "Please try again in 120ms."}, 0.12),
        ({"message": "Please try again in 6m0s."}, 360.0),
        ({"message": "try again in 1h2m3s"}, 3723.0),
        ({"message": "slow down", "resets_in_seconds": 30}, 30.0),
        ({"message": "m", "details": [{"@type": "x"}, {"retryDelay": "34.4s"}]}, 34.4),
        ({"message": "try again in a while"}, None),
        ({"message": "slow down"}, None),
    ],
)
def test_the_wait_is_read_where_the_body_tells_it(error: dict[str, Any], seconds: float | None) -> None:
    assert decode_fault(429, orjson.dumps({"error": error})).retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        ({"message": "m", "code": "tool_use_failed", "status_code": 400}, Failed("bad_request", "m")),
        ({"message": "m", "code": 503}, Failed("overloaded", "m")),
        ({"message": "m", "type": "rate_limit_error"}, Failed("rate_limited", "m")),
        ({"message": "m", "code": "context_length_exceeded"}, Failed("bad_request", "m", "context_length")),
        ({"message": "m", "code": "data_inspection_failed"}, Failed("bad_request", "m", "content_filter")),
        ("Prompt exceeds max length", Failed("bad_request", "Prompt exceeds max length", "context_length")),
        ("model crashed", Failed("upstream_garbage", "model crashed")),
        ({}, Failed("upstream_garbage", "the upstream reported an error")),
    ],
)
def test_an_error_within_a_stream_tells_kind_message_and_cause(error: object, failed: Failed) -> None:
    assert failed_of(error) == failed
