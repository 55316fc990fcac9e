"""Which pipe an upstream's answer goes through, and which of its headers the client gets."""

from pathlib import Path

import orjson
import pytest

from fastproxy import endpoints
from fastproxy.access.check import Client, Gate
from fastproxy.access.store import TokenStore
from fastproxy.answering import REQUEST_ID_CHARACTERS, Answering, as_told, without_secret
from fastproxy.asked import Asked, View
from fastproxy.errors import Fault, Header
from fastproxy.formats.base import Peek
from fastproxy.framing.http1 import ResponseHead, fields_of, request_head
from fastproxy.pipe import (
    BodyPassthrough,
    ErrorPassthrough,
    JsonPassthrough,
    OpaquePassthrough,
    StreamPassthrough,
    UnaskedUsage,
)
from fastproxy.providers.base import Provider, Quirks
from fastproxy.reshaped import Enveloped, Gathered
from fastproxy.routing import Route
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot
from support import asking

SSE = (b"content-type", b"text/event-stream; charset=utf-8")
JSON = (b"content-type", b"application/json")
NO_QUIRKS = Quirks()


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    match = endpoints.find(b"POST", b"/v1/chat/completions")
    view = View(Snapshot(), Gate(Snapshot(), TokenStore(tmp_path)))
    head = request_head(b"POST", b"/v1/chat/completions", fields_of([]))
    return Asked(view, head, match.endpoint, {}, Client(), "req_ours")


def headers_of(lines: list[bytes]) -> list[Header]:
    return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]


def answering(asked: Asked, *headers: Header, status: int = 200, quirks: Quirks = NO_QUIRKS) -> Answering:
    head = ResponseHead(*fields_of(headers), status, length_bytes=1, keep_alive=True)
    provider = Provider(name="lab", title="Lab", formats={}, quirks=quirks)
    return Answering(asked, Route(provider, "openai-chat", "m/1", "why"), Account("lab", "lab", Secret("sk-lab")), head)


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ([SSE], 200, StreamPassthrough),
        ([(b"content-type", b"TEXT/EVENT-STREAM")], 200, StreamPassthrough),
        ([JSON], 200, JsonPassthrough),
        ([(b"content-type", b"application/problem+json")], 200, JsonPassthrough),
        ([(b"content-type", b"text/plain")], 200, BodyPassthrough),
        ([], 200, BodyPassthrough),
        ([JSON, (b"content-encoding", b"gzip")], 200, OpaquePassthrough),
        ([SSE, (b"content-encoding", b"br")], 200, OpaquePassthrough),
        ([SSE, (b"content-encoding", b"identity")], 200, StreamPassthrough),
        ([JSON], 429, ErrorPassthrough),
        ([SSE], 500, ErrorPassthrough),
    ],
)
def test_the_pipe_fits_the_head(asked: Asked, headers: list[Header], status: int, kind: type):
    assert type(answering(asked, *headers, status=status).pipe()) is kind


def test_the_account_s_secret_is_taken_out_of_error_bodies(asked: Asked):
    pipe = answering(asked, JSON, status=401).pipe()
    pipe.feed(b"bad key sk-lab")
    assert pipe.close() == b"bad key [redacted]"


def test_usage_is_taken_out_only_when_we_asked_and_the_client_did_not(asked: Asked):
    quirks = Quirks(include_usage=True)
    asked.peek = Peek("m", stream=True, wants_usage=False)
    assert type(answering(asked, SSE, quirks=quirks).pipe()) is UnaskedUsage
    assert type(answering(asked, SSE).pipe()) is StreamPassthrough
    asked.peek = Peek("m", stream=True, wants_usage=True)
    assert type(answering(asked, SSE, quirks=quirks).pipe()) is StreamPassthrough


def test_only_readable_events_count_as_a_stream(asked: Asked):
    assert answering(asked, SSE).streamed
    assert not answering(asked, SSE, (b"content-encoding", b"gzip")).streamed
    assert not answering(asked, JSON).streamed


def test_the_upstreams_headers_pass_and_ours_come_after(asked: Asked):
    lines = answering(asked, JSON, (b"retry-after", b"7"), (b"set-cookie", b"x"), (b"content-length", b"1")).lines()
    headers = headers_of(lines)
    assert headers[:2] == [JSON, (b"retry-after", b"7")]
    names = [name for name, _ in headers[2:]]
    assert names == [b"x-request-id", b"x-fastproxy-route", b"server-timing"]
    assert (b"x-request-id", b"req_ours") in headers
    assert (b"x-fastproxy-route", b"lab/m/1") in headers


def test_the_upstreams_request_id_is_kept_and_written_down(asked: Asked):
    headers = headers_of(answering(asked, JSON, (b"x-request-id", b"theirs")).lines())
    assert [value for name, value in headers if name == b"x-request-id"] == [b"theirs"]
    assert asked.record.request_id == "theirs"


def test_anthropics_spelling_of_the_request_id_counts_too(asked: Asked):
    headers = headers_of(answering(asked, JSON, (b"request-id", b"r" * 1000)).lines())
    assert asked.record.request_id == "r" * REQUEST_ID_CHARACTERS
    assert dict(headers)[b"x-request-id"] == b"r" * REQUEST_ID_CHARACTERS


# Backends that answer in a shape of their own.

RESPONSES = "/v1/responses"


def backend(directory: Path, *headers: Header, stream: bool, path: str = RESPONSES, **record: object) -> Answering:
    body = orjson.dumps({"model": "m", "input": "hi", "stream": stream})
    one = asking.asked(directory, path, body)
    provider = asking.lab("openai-responses", **record)
    head = ResponseHead(*fields_of(headers), 200, length_bytes=9)
    return Answering(one, Route(provider, "openai-responses", "m", "why"), asking.ACCOUNT, head)


def test_a_stream_that_nobody_asked_for_is_told_as_one_json_answer(tmp_path: Path):
    etag = (b"etag", b"of the stream")
    one = backend(tmp_path, SSE, etag, (b"x-codex-plan", b"p"), stream=False, always_streams=True)
    assert isinstance(one.pipe(), Gathered)
    assert (one.hold, one.keepalive, one.length_bytes) == (True, b"", None)
    lines = headers_of(one.lines())
    assert [value for name, value in lines if name == b"content-type"] == [b"application/json"]
    assert (b"x-codex-plan", b"p") in lines
    assert etag not in lines


@pytest.mark.parametrize(
    ("headers", "stream", "path", "record"),
    [
        ([SSE], True, RESPONSES, {"always_streams": True}),
        ([JSON], False, RESPONSES, {"always_streams": True}),
        ([SSE], False, RESPONSES, {}),
        ([SSE], False, f"{RESPONSES}/compact", {"always_streams": True}),
    ],
    ids=["the client wants it", "no stream", "another host", "another action"],
)
def test_other_answers_pass_as_they_come(
    tmp_path: Path, headers: list[Header], path: str, record: dict, *, stream: bool
):
    one = backend(tmp_path, *headers, stream=stream, path=path, **record)
    assert not isinstance(one.pipe(), Gathered | Enveloped)
    assert [value for name, value in headers_of(one.lines()) if name == b"content-type"] == [headers[0][1]]


@pytest.mark.parametrize("content_type", [SSE, JSON])
def test_envelopes_are_taken_off_and_the_length_is_another_one(tmp_path: Path, content_type: Header):
    one = backend(tmp_path, content_type, stream=content_type is SSE, envelope="response")
    assert isinstance(one.pipe(), Enveloped)
    assert one.length_bytes is None


@pytest.mark.parametrize("record", [{"envelope": "response"}, {"always_streams": True}])
def test_what_has_to_be_looked_into_may_not_be_encoded(tmp_path: Path, record: dict):
    encoded = backend(tmp_path, JSON, (b"content-encoding", b"br"), stream=False, **record)
    with pytest.raises(Fault, match="encoded its answer"):
        encoded.require_usable()
    backend(tmp_path, JSON, stream=False, **record).require_usable()


# Our credential.


def head_of(*headers: Header, status: int) -> ResponseHead:
    return ResponseHead(*fields_of(headers), status, length_bytes=1, keep_alive=True)


@pytest.mark.parametrize("status", [200, 401])
def test_no_header_that_quotes_our_credential_gets_past(status: int):
    echo, id_ = (b"x-echo", b"key " + asking.KEY.encode()), (b"x-request-id", asking.KEY.encode())
    head = without_secret(head_of(JSON, echo, id_, (b"X-Limit", b"7"), status=status), asking.ACCOUNT)
    assert head.headers == [JSON, (b"x-limit", b"7")]
    assert head.lines[1] == b"X-Limit: 7"
    assert head.get(b"x-request-id") is None
    assert (head.status, head.length_bytes, head.keep_alive) == (status, 1, True)


def test_a_challenge_for_our_credential_is_not_the_clients():
    challenge = (b"www-authenticate", b'Bearer realm="x"')
    assert without_secret(head_of(JSON, challenge, status=401), asking.ACCOUNT).headers == [JSON]
    own = head_of(JSON, challenge, status=401)
    assert without_secret(own, Account("lab", "lab", None)) is own


def test_a_key_that_is_a_word_of_every_answer_takes_no_meaning_from_the_body():
    head = head_of(JSON, (b"content-encoding", b"gzip"), status=200)
    assert without_secret(head, Account("lab", "lab", Secret("json"))).headers == head.headers
    assert without_secret(head, Account("lab", "lab", Secret("gzip"))).headers == head.headers


def test_a_head_without_our_credential_stays_as_it_is():
    head = head_of(JSON, (b"x-echo", b"else"), status=200)
    assert without_secret(head, asking.ACCOUNT) is head


def test_a_fault_is_told_without_our_credential_and_with_all_else(asked: Asked):
    fault = Fault(
        "bad_request", f"no, {asking.KEY}!", status=409, param="model", reason="quota", headers=((b"etag", b"x"),)
    )
    told = as_told(fault, asked, asking.ACCOUNT)
    assert told.message == "no, [redacted]!"
    assert (told.status, told.param, told.reason, told.headers) == (409, "model", "quota", fault.headers)
    assert told.retry_after_seconds is None


def test_a_wait_that_stands_in_the_words_of_a_fault_is_told(asked: Asked):
    told = as_told(Fault("rate_limited", "Please Try again in 1m7s."), asked, asking.ACCOUNT)
    assert told.retry_after_seconds == 67
    asked.retry_after_seconds = 9.5  # from the whole of the event
    assert as_told(Fault("rate_limited", "Try again in 7s."), asked, asking.ACCOUNT).retry_after_seconds == 9.5


@pytest.mark.parametrize(
    "fault",
    [
        Fault("rate_limited", "too many"),
        Fault("bad_request", "try again in 7s"),
        Fault("rate_limited", "try again in 7s", retry_after_seconds=3),
        Fault("rate_limited", "try again in 7s", headers=((b"retry-after", b"Sun, 06 Nov 1994 08:49:37 GMT"),)),
    ],
)
def test_no_wait_is_made_up_and_none_is_told_twice(asked: Asked, fault: Fault):
    assert as_told(fault, asked, asking.ACCOUNT) is fault
