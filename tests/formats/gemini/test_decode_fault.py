"""Gemini's refusals in the hub's words."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Kind
from fastproxy.formats.gemini.decode_fault import decode_fault, fault_of


def body(code: int, message: str, *details: dict[str, Any]) -> bytes:
    return orjson.dumps({"error": {"code": code, "message": message, "status": "X", "details": list(details)}})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"), (401, "upstream_refused"), (402, "upstream_refused"), (403, "upstream_refused"),
        (404, "not_found"), (408, "timeout"), (409, "bad_request"), (413, "too_large"), (429, "rate_limited"),
        (500, "upstream_garbage"), (503, "overloaded"), (504, "timeout"), (529, "overloaded"),
    ],
)  # fmt: skip
def test_the_status_tells_the_kind_and_is_kept(status: int, kind: Kind) -> None:
    for told in (body(status, "why"), b"[%b]" % body(status, "why")):
        fault = decode_fault(status, told)
        assert (fault.kind, fault.status, fault.message) == (kind, status, "why")


@pytest.mark.parametrize(
    "odd", [b"", b"<html>secret</html>", b"[]", b"7", b'{"error":"x"}', b'{"error":{"message":7}}']
)
def test_a_body_that_is_no_error_leaves_the_status_and_is_never_quoted(odd: bytes) -> None:
    fault = decode_fault(503, odd)
    assert (fault.kind, fault.status, fault.message) == ("overloaded", 503, "the upstream answered 503")


def test_the_wait_is_read_from_the_details() -> None:
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
    fault = decode_fault(429, body(429, "You exceeded your current quota, please check your plan.", wait))
    assert (fault.retry_after_seconds, fault.reason) == (34.4, "")


@pytest.mark.parametrize(
    ("status", "message", "details", "reason"),
    [
        (400, "The input token count (9) exceeds the maximum number of tokens allowed (8).", [], "context_length"),
        (404, "models/x is not found for API version v1beta", [], "model_not_found"),
        (404, "no such page", [], ""),
        (429, "You exceeded your current quota", [], "quota"),
        (429, "x", [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}, {"retryDelay": "9s"}], "quota"),
        (429, "slow down", [], ""),
    ],
)
def test_the_reason_is_what_agents_act_on(status: int, message: str, details: list[Any], reason: str) -> None:
    assert decode_fault(status, body(status, message, *details)).reason == reason


def test_a_key_that_is_refused_with_400_is_a_refused_credential() -> None:
    fault = decode_fault(400, body(400, "API key not valid.", {"reason": "API_KEY_INVALID"}))
    assert (fault.kind, fault.status) == ("upstream_refused", 400)


def test_the_field_at_fault_is_named() -> None:
    fault = decode_fault(400, body(400, "bad", {"fieldViolations": [{"field": "contents[0].role"}]}))
    assert fault.param == "contents[0].role"


@pytest.mark.parametrize(
    ("error", "status"), [({"code": 503}, 503), ({"status": "NOT_FOUND"}, 404), ({"code": "x"}, 502), ({}, 502)]
)
def test_within_a_stream_the_code_or_its_name_stands_for_the_status(error: dict[str, Any], status: int) -> None:
    assert fault_of(error).status == status


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (404, "models/lab-9 is not found for API version v1beta", "model_not_found"),
        (400, "The model is not found. The model `lab-9` does not exist", "model_not_found"),
        (400, "thinking level is not supported by model lab-1", ""),
        (400, "The prompt was blocked: PROHIBITED_CONTENT. Sorry", "content_filter"),
    ],
)
def test_causes_that_clients_act_on_are_known_by_their_words(status: int, message: str, reason: str) -> None:
    assert decode_fault(status, body(status, message)).reason == reason


def test_a_reason_of_another_type_is_none() -> None:
    assert decode_fault(400, body(400, "m", {"reason": []})).kind == "bad_request"
