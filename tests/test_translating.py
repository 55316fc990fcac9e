"""An answer of another format, from the upstream's bytes to the client's: head, pipe, counts, refusals."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.asked import Asked
from fastproxy.errors import Fault, Header
from fastproxy.formats.base import FormatName
from fastproxy.framing.chunked import frame
from fastproxy.framing.http1 import ResponseHead, fields_of
from fastproxy.providers.base import Provider
from fastproxy.providers.echo import PROVIDER as ECHO
from fastproxy.routing import Route
from fastproxy.translate import estimate as estimates
from fastproxy.translate.counting import CountPipe
from fastproxy.translate.faults import ErrorToFault
from fastproxy.translate.memory import Memory
from fastproxy.translate.request import Translated
from fastproxy.translate.response import StreamToStream, StreamToWhole
from fastproxy.translate.seal import MARK
from fastproxy.translate.sniffed import Sniffed
from fastproxy.translating import Translating, countable, estimated, wants_array
from support.asking import ACCOUNT, CHAT, GEMINI, KEY, MESSAGES, asked, route_to
from support.hosts import Host, Play, Visit, scripted
from support.loops import in_both_loops, in_loop, turns
from support.relay_parts import Parts, ask, body_of, provider, relay, snapshot, status_of

SSE = (b"content-type", b"text/event-stream; charset=utf-8")
JSON = (b"content-type", b"application/json")
HI = [{"role": "user", "content": "hi"}]
COUNT = "/v1/messages/count_tokens"
STREAMED_GEMINI = "/v1beta/models/m:streamGenerateContent"


def question(directory: Path, path: str = MESSAGES, **fields: object) -> Asked:
    return asked(directory, path, orjson.dumps({"model": "m", "messages": HI, "contents": []} | fields))


def translating(
    one: Asked, *headers: Header, status: int = 200, format_: FormatName = "openai-chat", **translated: Any
) -> Translating:
    head = ResponseHead(*fields_of(headers), status, length_bytes=1, keep_alive=True)
    return Translating(one, route_to(format_, "m/1"), ACCOUNT, head, Translated(b"", **translated), Memory())


def headers_of(opening: Translating) -> list[Header]:
    return [(name, value) for name, _, value in (line.partition(b": ") for line in opening.lines())]


# The pipe.


@pytest.mark.parametrize(
    ("stream", "content_type", "kind"),
    [
        (True, SSE, StreamToStream),
        (False, SSE, StreamToWhole),
        (True, JSON, Sniffed),
        (False, JSON, Sniffed),
        (True, (b"content-type", b"text/plain"), Sniffed),
        (True, (b"x-other", b"text/event-stream"), Sniffed),
        (True, (b"content-type", b"TEXT/EVENT-STREAM"), StreamToStream),
    ],
)
def test_the_pipe_fits_what_the_client_wants_and_what_the_upstream_sends(
    tmp_path: Path, content_type: Header, kind: type, *, stream: bool
):
    assert type(translating(question(tmp_path, stream=stream), content_type).pipe()) is kind


@pytest.mark.parametrize(("stream", "kind"), [(False, "custom"), (True, "function")])
def test_a_free_text_call_of_a_declared_tool_is_one_wherever_the_clients_format_has_a_place_for_it(
    tmp_path: Path, kind: str, *, stream: bool
):
    item = {"type": "custom_tool_call", "call_id": "c", "name": "patch", "input": "text"}
    last = orjson.dumps({"type": "response.completed", "response": {"output": [item]}})
    client = question(tmp_path, CHAT, stream=stream)
    declared = {"format_": "openai-responses", "free_text": frozenset({"patch"})}
    pipe = translating(client, SSE, **declared).pipe()  # type: ignore[arg-type]
    said = (pipe.feed(b"data: %b\n\n" % last) or b"") + (pipe.close() or b"")
    assert b'"type":"%b"' % kind.encode() in said


@pytest.mark.parametrize("content_type", [SSE, JSON])
def test_a_refusal_and_a_count_have_pipes_of_their_own(tmp_path: Path, content_type: Header):
    assert type(translating(question(tmp_path, stream=True), content_type, status=429).pipe()) is ErrorToFault
    assert type(translating(question(tmp_path, COUNT), JSON, format_="gemini").pipe()) is CountPipe


def test_only_a_stream_is_written_before_it_is_whole(tmp_path: Path):
    assert translating(question(tmp_path), SSE).hold
    assert not translating(question(tmp_path, stream=True), SSE).hold
    assert translating(question(tmp_path, COUNT, stream=True), JSON).hold


def test_a_keepalive_goes_into_streams_whose_format_has_one(tmp_path: Path):
    assert translating(question(tmp_path, stream=True), JSON).keepalive != b""  # when the pipe finds that it is one
    assert not translating(question(tmp_path, stream=True), JSON).pipe().quiet
    assert translating(question(tmp_path, stream=True), SSE).keepalive == b'event: ping\ndata: {"type": "ping"}\n\n'
    assert translating(question(tmp_path), SSE).keepalive == b""
    assert translating(question(tmp_path, STREAMED_GEMINI), SSE).keepalive == b""


# The head.


def test_what_tells_of_the_upstreams_bytes_is_not_told_and_all_else_is(tmp_path: Path):
    of_the_bytes = [(name, b"x") for name in (b"etag", b"content-length", b"content-language", b"vary", b"set-cookie")]
    told = headers_of(translating(question(tmp_path), JSON, (b"X-RateLimit-Limit", b"5"), *of_the_bytes))
    assert told[:2] == [JSON, (b"X-RateLimit-Limit", b"5")]
    assert [name for name, _ in told[2:]] == [b"x-request-id", b"x-fastproxy-route", b"server-timing"]


def test_the_content_type_is_that_of_the_clients_format(tmp_path: Path):
    events = dict(headers_of(translating(question(tmp_path, stream=True), JSON)))
    assert events[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert events[b"cache-control"] == b"no-cache"
    assert dict(headers_of(translating(question(tmp_path), SSE)))[b"content-type"] == b"application/json"


def test_what_was_dropped_is_told_in_plain_letters(tmp_path: Path):
    one = question(tmp_path)
    one.dropped = ("seed", "é\r\nx")
    assert dict(headers_of(translating(one, JSON)))[b"x-fastproxy-dropped"] == b"seed,???x"


@pytest.mark.parametrize(
    ("target", "array"),
    [(STREAMED_GEMINI, True), (f"{STREAMED_GEMINI}?alt=sse", False), (GEMINI, False), (MESSAGES, False)],
)
def test_only_gemini_streams_without_alt_sse_are_an_array(tmp_path: Path, target: str, *, array: bool):
    one = question(tmp_path, target)
    assert wants_array(one) == array
    if array:
        assert dict(headers_of(translating(one, SSE)))[b"content-type"] == b"application/json"


# What can't be used.


def test_a_redirect_and_a_web_page_are_refused(tmp_path: Path):
    for opening in (
        translating(question(tmp_path), JSON, status=302),
        translating(question(tmp_path), (b"content-type", b"text/html")),
    ):
        with pytest.raises(Fault) as raised:
            opening.require_usable()
        assert raised.value.status == 502


@pytest.mark.parametrize("encoding", [b"", b"identity"])
def test_what_can_be_read_is_used(tmp_path: Path, encoding: bytes):
    translating(question(tmp_path), JSON, (b"content-encoding", encoding)).require_usable()


def test_an_answer_in_an_encoding_is_refused(tmp_path: Path):
    with pytest.raises(Fault) as raised:
        translating(question(tmp_path), JSON, (b"content-encoding", b"gzip")).require_usable()
    assert (raised.value.kind, raised.value.status) == ("upstream_garbage", 502)


def test_a_refusal_in_an_encoding_keeps_its_status_and_its_wait(tmp_path: Path):
    gzip = (b"content-encoding", b"gzip")
    with pytest.raises(Fault) as raised:
        translating(question(tmp_path), JSON, gzip, (b"retry-after", b"3"), status=429).require_usable()
    fault = raised.value
    assert (fault.kind, fault.status, fault.retry_after_seconds) == ("rate_limited", 429, 3)


# Counts.


def test_who_can_count(tmp_path: Path):
    one = question(tmp_path, COUNT)
    can = [name for name in ("anthropic", "gemini", "openai-responses") if countable(one, route_to(name))]  # type: ignore[arg-type]
    assert can == ["anthropic", "gemini", "openai-responses"]
    assert not countable(one, route_to("openai-chat"))


@pytest.mark.parametrize(("status", "uncounted"), [(404, True), (405, True), (501, True), (200, False), (429, False)])
def test_a_host_without_the_endpoint_can_not_count(tmp_path: Path, status: int, *, uncounted: bool):
    assert translating(question(tmp_path, COUNT), JSON, status=status, format_="gemini").uncounted == uncounted


def test_nobody_is_asked_for_a_count_of_the_built_in_model(tmp_path: Path):
    one = question(tmp_path, COUNT)
    assert not countable(one, Route(ECHO, "anthropic", "echo", "named fastproxy"))
    assert countable(question(tmp_path), Route(ECHO, "anthropic", "echo", "named fastproxy"))
    assert countable(question(tmp_path, "/v1/responses/compact"), Route(ECHO, "openai-responses", "echo", "named"))


def test_a_model_that_is_not_there_is_no_count(tmp_path: Path):
    assert not translating(question(tmp_path), JSON, status=404).uncounted


@pytest.mark.parametrize("path", [COUNT, "/v1beta/models/m:countTokens"])
def test_an_estimate_says_that_it_is_one(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(estimates, "vocabulary", lambda: None)
    contents = [{"role": "user", "parts": [{"text": "hi"}]}]
    answer = estimated(question(tmp_path, path, contents=contents), route_to("openai-chat", "m/1"))
    assert answer.status == 200
    [(name, tokens)] = orjson.loads(answer.body).items()
    assert name in ("input_tokens", "totalTokens")
    assert 0 < tokens < 20
    headers = dict(answer.headers)
    assert (headers[b"x-fastproxy-estimated"], headers[b"x-fastproxy-route"]) == (b"characters", b"lab/m/1")
    assert headers[b"x-request-id"] == b"req_ours"


# Whole exchanges, through a relay of real parts.

ANSWER: Mapping[str, Any] = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ho"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4},
}
BODY = orjson.dumps({"model": "gpt-4o", "max_tokens": 9, "messages": HI})
STREAM = orjson.dumps({"model": "gpt-4o", "max_tokens": 9, "messages": HI, "stream": True})
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
HO = b'data: {"id":"c","model":"gpt-4o-1","choices":[{"index":0,"delta":{"content":"ho"},"finish_reason":null}]}\n\n'
FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n'
DONE = b"data: [DONE]\n\n"
END = b"0\r\n\r\n"


def plain(body: object, *headers: bytes, status: int = 200) -> bytes:
    encoded = orjson.dumps(body)
    lines = b"".join(line + b"\r\n" for line in (b"content-type: application/json", *headers))
    return b"HTTP/1.1 %d X\r\n%bcontent-length: %d\r\n\r\n%b" % (status, lines, len(encoded), encoded)


def chat_host(origin: str, name: str = "lab", **fields: object) -> Provider:
    return provider(name, origin, formats={"openai-chat": f"{origin}/v1"}, **fields)


async def seen(parts: Parts, path: str, body: bytes) -> bytes:
    """The whole answer, on a connection of its own."""
    client = parts.connect()
    client.says(ask(path, body, "connection: close"))
    answer = await client.sees(b"no mark: until the end")
    await turns()
    client.leaves()
    return answer


def values(answer: bytes, name: bytes) -> list[bytes]:
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.partition(b": ")[2] for line in lines if line.startswith(name + b": ")]


@in_both_loops
async def test_a_whole_answer_of_another_format(tmp_path: Path):
    answer = plain(ANSWER, b"x-request-id: theirs", b"x-ratelimit-limit-requests: 5")
    async with Host(scripted(answer)) as host, relay(tmp_path, snapshot([chat_host(host.origin)])) as parts:
        got = await seen(parts, MESSAGES, BODY)
        assert status_of(got) == 200
        told = orjson.loads(body_of(got))
        assert (told["type"], told["model"], told["content"][0]["text"]) == ("message", "gpt-4o", "ho")
        assert (told["stop_reason"], told["usage"]["input_tokens"], told["usage"]["output_tokens"]) == (
            "end_turn",
            3,
            4,
        )
        assert values(got, b"x-request-id") == [b"theirs"]
        assert values(got, b"x-ratelimit-limit-requests") == [b"5"]
        assert host.requests[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    [record] = parts.records
    assert (record.outcome, record.model, record.input_tokens, record.output_tokens) == ("ok", "gpt-4o-1", 3, 4)


@in_both_loops
async def test_a_stream_of_another_format(tmp_path: Path):
    answer = EVENTS + frame(HO) + frame(FINISH + USAGE + DONE) + END
    async with Host(scripted(answer)) as host, relay(tmp_path, snapshot([chat_host(host.origin)])) as parts:
        got = await seen(parts, MESSAGES, STREAM)
        assert values(got, b"content-type") == [b"text/event-stream; charset=utf-8"]
        assert b"event: message_start" in got
        assert b'"text":"ho"' in got
        assert got.index(b"event: message_stop") > got.index(b'"output_tokens":4')
        assert b"[DONE]" not in got
    [record] = parts.records
    assert (record.outcome, record.stream, record.output_tokens) == ("ok", True, 4)


@pytest.mark.parametrize("label", [b"content-type: application/json\r\n", b"content-type: text/plain\r\n", b""])
@in_loop
async def test_a_stream_that_is_not_labelled_as_one_is_translated_as_one(tmp_path: Path, label: bytes):
    head = EVENTS.replace(b"content-type: text/event-stream\r\n", label)
    answer = head + frame(HO) + frame(FINISH + USAGE + DONE) + END
    async with (
        Host(scripted(answer, answer)) as host,
        relay(tmp_path, snapshot([chat_host(host.origin)])) as parts,
    ):
        got = await seen(parts, MESSAGES, STREAM)
        assert values(got, b"content-type") == [b"text/event-stream; charset=utf-8"]
        assert b'"text":"ho"' in got
        assert b"event: message_stop" in got
        whole = orjson.loads(body_of(await seen(parts, MESSAGES, BODY)))
        assert (whole["content"][0]["text"], whole["usage"]["output_tokens"]) == ("ho", 4)
    assert [record.outcome for record in parts.records] == ["ok", "ok"]


@in_loop
async def test_a_web_page_or_a_sentence_for_a_stream_is_a_refusal_with_a_status(tmp_path: Path):
    for text in (b"internal error", b"data center on fire", b""):
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(text), text)
        async with Host(scripted(answer)) as host, relay(tmp_path, snapshot([chat_host(host.origin)])) as parts:
            assert status_of(await seen(parts, MESSAGES, STREAM)) == 502


@in_loop
async def test_a_stream_that_ends_without_its_mark_is_no_success(tmp_path: Path):
    answer = EVENTS + frame(HO) + END
    async with Host(scripted(answer)) as host, relay(tmp_path, snapshot([chat_host(host.origin)])) as parts:
        got = await seen(parts, MESSAGES, STREAM)
        assert b'"text":"ho"' in got
        assert b"event: error" in got
        assert b"message_stop" not in got
    assert parts.records[0].outcome == "incomplete"


@in_loop
async def test_an_upstream_that_breaks_within_a_stream_ends_in_the_clients_error_event(tmp_path: Path):
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(EVENTS + frame(HO))
        visit.close()

    async with Host(play) as host, relay(tmp_path, snapshot([chat_host(host.origin)])) as parts:
        got = await seen(parts, MESSAGES, STREAM)
        assert b"event: error" in got
        assert b"message_stop" not in got
    assert parts.records[0].outcome == "incomplete"


@in_loop
async def test_an_error_that_comes_before_anything_was_said_has_a_true_status(tmp_path: Path):
    told = b'data: {"error":{"message":"too many","type":"rate_limit_error","code":"rate_limit_exceeded"}}\n\n'
    answer = EVENTS + frame(told) + END
    async with Host(scripted(answer)) as host, relay(tmp_path, snapshot([chat_host(host.origin)])) as parts:
        got = await seen(parts, MESSAGES, STREAM)
        assert status_of(got) == 429
        assert orjson.loads(body_of(got))["error"]["message"] == "too many"


@in_loop
async def test_a_refusal_keeps_status_wait_and_id_and_says_each_once(tmp_path: Path):
    refused = {"error": {"message": f"slow down, {KEY}", "type": "x", "code": "rate_limit_exceeded"}}
    headers = (b"x-request-id: theirs", b"retry-after: 7", b"x-should-retry: true", b"etag: x")
    answer = plain(refused, *headers, status=429)
    async with Host(scripted(answer)) as host, relay(tmp_path, snapshot([chat_host(host.origin)])) as parts:
        got = await seen(parts, MESSAGES, BODY)
        assert status_of(got) == 429
        error = orjson.loads(body_of(got))
        assert error["error"] == {"type": "rate_limit_error", "message": "slow down, [redacted]"}
        assert error["request_id"] == "theirs"
        once = {b"x-request-id": b"theirs", b"retry-after": b"7", b"x-should-retry": b"true"}
        assert {name: values(got, name) for name in once} == {name: [value] for name, value in once.items()}
        assert values(got, b"x-fastproxy-route") == [b"lab/gpt-4o"]
        assert values(got, b"etag") == []
    [record] = parts.records
    assert (record.status, record.outcome, record.error, record.request_id) == (429, "failed", "rate_limited", "theirs")


@in_loop
async def test_what_was_dropped_is_told_with_a_refusal_too_and_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG", "fastproxy.attempts")
    body = orjson.dumps({"model": "m", "messages": HI, "seed": 7, "logit_bias": {"1": 1}})
    answer = plain({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, status=400)
    async with Host(scripted(answer)) as host:
        claude = provider("lab", host.origin, formats={"anthropic": host.origin})
        async with relay(tmp_path, snapshot([claude])) as parts:
            got = await seen(parts, CHAT, body)
            assert status_of(got) == 400
            [dropped] = values(got, b"x-fastproxy-dropped")
            assert set(dropped.split(b",")) == {b"seed", b"logit_bias"}
            assert caplog.messages == [f"not told to lab: {dropped.decode()}"]


@in_loop
async def test_a_count_that_the_upstream_can_not_give_is_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(estimates, "vocabulary", lambda: None)
    async with Host(scripted(plain({}, status=404))) as host:
        counting = provider("lab", host.origin, formats={"openai-responses": f"{host.origin}/v1"})
        async with relay(tmp_path, snapshot([counting, chat_host(host.origin, name="chat")])) as parts:
            for model, asked_ in (("lab/m", 1), ("chat/m", 1)):
                got = await seen(parts, COUNT, BODY.replace(b"gpt-4o", model.encode()))
                assert values(got, b"x-fastproxy-estimated") == [b"characters"]
                assert orjson.loads(body_of(got))["input_tokens"] > 0
                assert len(host.requests) == asked_


@in_loop
async def test_a_count_of_the_upstreams_own_is_no_estimate(tmp_path: Path):
    async with Host(scripted(plain({"totalTokens": 5}))) as host:
        counting = provider("lab", host.origin, formats={"gemini": host.origin})
        async with relay(tmp_path, snapshot([counting])) as parts:
            got = await seen(parts, COUNT, BODY)
            assert (orjson.loads(body_of(got)), values(got, b"x-fastproxy-estimated")) == ({"input_tokens": 5}, [])


def refusing(status: int) -> Play:
    return scripted(plain({"error": {"message": "no", "status": "UNAVAILABLE"}}, status=status))


@in_loop
async def test_a_fallback_may_speak_another_format(tmp_path: Path):
    async with Host(refusing(503)) as first, Host(scripted(plain(ANSWER))) as second:
        gemini = provider("lab", first.origin, formats={"gemini": first.origin}, fallback=("chat",))
        other = chat_host(second.origin, name="chat", models=())
        async with relay(tmp_path, snapshot([gemini, other])) as parts:
            got = await seen(parts, MESSAGES, BODY)
            assert status_of(got) == 200
            assert values(got, b"x-fastproxy-route") == [b"chat/gpt-4o"]
            assert orjson.loads(body_of(got))["content"][0]["text"] == "ho"


@in_loop
async def test_a_count_is_not_asked_of_a_fallback_that_has_no_way_to_count(tmp_path: Path):
    async with Host(refusing(503)) as first, Host(scripted(plain(ANSWER))) as second:
        gemini = provider("lab", first.origin, formats={"gemini": first.origin}, fallback=("chat",))
        other = chat_host(second.origin, name="chat", models=())
        async with relay(tmp_path, snapshot([gemini, other])) as parts:
            assert status_of(await seen(parts, COUNT, BODY)) == 503
            assert second.requests == []


@in_loop
async def test_a_fallback_is_asked_in_the_format_in_which_the_model_takes_tools(tmp_path: Path):
    body = orjson.dumps({"model": "gpt-5.6", "messages": HI, "tools": [TOOL]})
    async with Host(refusing(503)) as first, Host(refusing(503)) as second:
        lab = provider("lab", f"{first.origin}/v1", formats={"openai-chat": f"{first.origin}/v1"}, fallback=("both",))
        paths = dict.fromkeys(("openai-chat", "openai-responses"), f"{second.origin}/v1")
        both = provider("both", f"{second.origin}/v1", formats=paths, models=())
        async with relay(tmp_path, snapshot([lab, both])) as parts:
            await seen(parts, CHAT, body)
            assert first.requests[0].startswith(b"POST /v1/chat/completions ")
            assert second.requests[0].startswith(b"POST /v1/responses ")


SIGNED = {
    "responseId": "r",
    "candidates": [
        {
            "content": {"parts": [{"text": "so", "thought": True, "thoughtSignature": "c2lnbmVk"}, {"text": "ho"}]},
            "finishReason": "STOP",
        }
    ],
}


@pytest.mark.parametrize(("model", "dropped"), [("lab/m", []), ("other/m", [b"thinking.signature"])])
@in_loop
async def test_reasoning_goes_back_to_who_signed_it_and_to_nobody_else(
    tmp_path: Path, model: str, dropped: list[bytes]
):
    async with Host(scripted(plain(SIGNED), plain(SIGNED))) as host:
        hosts = [provider(name, host.origin, formats={"gemini": host.origin}) for name in ("lab", "other")]
        async with relay(tmp_path, snapshot(hosts)) as parts:
            first = orjson.loads(body_of(await seen(parts, MESSAGES, BODY.replace(b"gpt-4o", b"lab/m"))))
            assert first["content"][0]["signature"].startswith(MARK)
            history = [*HI, {"role": "assistant", "content": first["content"]}, *HI]
            body = orjson.dumps({"model": model, "max_tokens": 9, "messages": history})
            got = await seen(parts, MESSAGES, body)
            assert values(got, b"x-fastproxy-dropped") == dropped
            assert (b'"thoughtSignature":"c2lnbmVk"' in host.requests[-1]) == (not dropped)
            assert MARK.encode() not in host.requests[-1]


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
ITEM = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": '{"n":1.0}'}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "gpt-5.6",
    "output": [ITEM],
    "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
}


@in_loop
async def test_a_chat_client_reaches_a_model_that_takes_tools_only_through_responses(tmp_path: Path):
    async with (
        Host(scripted(plain(RESPONSE))) as host,
        relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts,
    ):
        got = await seen(parts, CHAT, orjson.dumps({"model": "gpt-5.6", "messages": HI, "tools": [TOOL]}))
        assert host.requests[0].startswith(b"POST /v1/responses HTTP/1.1\r\n")
        choice = orjson.loads(body_of(got))["choices"][0]
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"n":1.0}'}


@in_loop
async def test_without_tools_the_same_model_is_asked_in_the_clients_own_bytes(tmp_path: Path):
    body = orjson.dumps({"model": "gpt-5.6", "messages": HI})
    async with (
        Host(scripted(plain(ANSWER))) as host,
        relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts,
    ):
        assert body_of(await seen(parts, CHAT, body)) == orjson.dumps(ANSWER)
        assert body_of(host.requests[0]) == body
