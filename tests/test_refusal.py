"""A Fault as a response: status, envelope, and the headers that tell a client whether to try again."""

import orjson
import pytest

from fastproxy.errors import KINDS, STATUS, Fault, Kind
from fastproxy.formats import FORMATS
from fastproxy.formats.base import Format
from fastproxy.refusal import plain, refusal


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_every_kind_has_an_envelope_in_every_format(format_: Format, kind: Kind):
    answer = refusal(Fault(kind, "what happened"), format_, "req_1")
    assert answer.status == STATUS[kind]
    assert "what happened" in orjson.loads(answer.body)["error"]["message"]
    assert dict(answer.headers)[b"x-request-id"] == b"req_1"
    assert dict(answer.headers)[b"content-type"] == b"application/json"


def test_without_a_format_the_envelope_is_plain():
    answer = refusal(Fault("not_found", "nothing here", param="model"), None, "req_1")
    assert answer.body == plain(Fault("not_found", "nothing here", param="model"))
    assert orjson.loads(answer.body)["error"] == {
        "message": "nothing here",
        "type": "not_found",
        "param": "model",
        "code": None,
    }


@pytest.mark.parametrize(("seconds", "header"), [(0, b"0"), (0.2, b"1"), (7, b"7"), (7.01, b"8")])
def test_a_wait_is_told_in_whole_seconds_and_never_too_short(seconds: float, header: bytes):
    answer = refusal(Fault("rate_limited", "slow down", retry_after_seconds=seconds), None, "r")
    assert dict(answer.headers)[b"retry-after"] == header


def test_no_wait_is_told_when_there_is_none():
    assert b"retry-after" not in dict(refusal(Fault("overloaded", "full"), None, "r").headers)


def test_what_the_upstream_said_of_these_is_not_said_again_by_us():
    headers = (
        (b"x-request-id", b"theirs"),
        (b"retry-after", b"Wed, 21 Oct 2026 07:28:00 GMT"),
        (b"x-should-retry", b"true"),
    )
    answer = refusal(Fault("bad_request", "no", retry_after_seconds=3, headers=headers), None, "ours")
    assert [header for header in answer.headers if header[0] in dict(headers)] == list(headers)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_trying_again_cannot_mend_says_so(kind: Kind):
    terminal = kind in ("bad_request", "unauthorized", "forbidden", "not_found", "too_large")
    assert (b"x-should-retry", b"false") in refusal(Fault(kind, "x"), None, "r").headers or not terminal
    assert (b"x-should-retry" in dict(refusal(Fault(kind, "x"), None, "r").headers)) == terminal


def test_a_faults_own_status_and_headers_count():
    fault = Fault("bad_request", "no", status=426, headers=((b"upgrade", b"HTTP/1.1"), (b"allow", b"GET")))
    answer = refusal(fault, None, "r", b"relay;dur=1")
    assert answer.status == 426
    assert answer.headers[-2:] == [(b"upgrade", b"HTTP/1.1"), (b"allow", b"GET")]
    assert dict(answer.headers)[b"server-timing"] == b"relay;dur=1"
