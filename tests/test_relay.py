"""Exchanges from the client's bytes to the client's bytes, with a scripted upstream on a real socket.

The whole process, the SDKs and the failure table over all formats are in e2e/.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from fastproxy.framing.chunked import frame
from fastproxy.providers.base import Quirks
from fastproxy.snapshot import Account, Limits
from support.hosts import Host, Play, Visit, scripted
from support.loops import in_both_loops, in_loop, turns
from support.relay_parts import (
    CLIENT_TOKEN,
    UPSTREAM_KEY,
    Client,
    Parts,
    ask,
    body_of,
    provider,
    relay,
    snapshot,
    status_of,
)

BODY = b'{"model":"gpt-x","messages":[{"role":"user","content":"hi"}]}'
STREAM_BODY = b'{"model":"gpt-x","messages":[],"stream":true}'
CHAT = "/v1/chat/completions"
ANSWER = b'{"id":"1","model":"gpt-x-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}'
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-up: 1\r\ncontent-length: %d\r\n\r\n%b" % (
    len(ANSWER),
    ANSWER,
)
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
HELLO = b'data: {"model":"gpt-x-1","choices":[{"delta":{"content":"hello"},"finish_reason":null}]}\n\n'
FINISH = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n'
DONE = b"data: [DONE]\n\n"
END = b"0\r\n\r\n"
OTHER = b'{"id":"other"}'


async def answered(parts: Parts, request: bytes, mark: bytes = b"}") -> bytes:
    """One exchange on a connection of its own."""
    client = parts.connect()
    client.says(request)
    answer = await client.sees(mark)
    await turns()
    client.leaves()
    return answer


def plain(status: int, body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(line + b"\r\n" for line in (b"content-type: application/json", *headers))
    return b"HTTP/1.1 %d X\r\n%bcontent-length: %d\r\n\r\n%b" % (status, lines, len(body), body)


# One good exchange.


@in_both_loops
async def test_a_whole_answer(tmp_path: Path):
    async with Host(scripted(OK)) as host, relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts:
        answer = await answered(parts, ask(CHAT, BODY, "x-request-id: mine", "cookie: c"))
        assert status_of(answer) == 200
        assert body_of(answer) == ANSWER
        for line in (b"x-up: 1", b"x-request-id: mine", b"x-fastproxy-route: lab/gpt-x", b"server-timing: relay;dur="):
            assert b"\r\n" + line in answer
        request = host.requests[0]
        assert request.startswith(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n" % host.port)
        assert body_of(request) == BODY
        assert b"authorization: Bearer " + UPSTREAM_KEY.encode() in request
        assert CLIENT_TOKEN.encode() not in request
        assert b"cookie" not in request
    [record] = parts.records
    assert (record.status, record.outcome, record.provider, record.account) == (200, "ok", "lab", "lab:key")
    assert (record.model, record.requested_model, record.input_tokens, record.output_tokens) == (
        "gpt-x-1",
        "gpt-x",
        3,
        4,
    )
    assert (record.request_bytes, record.response_bytes, record.request_id) == (len(BODY), len(ANSWER), "mine")
    assert record.first_byte_seconds is not None
    assert 0 < record.added_seconds <= record.first_byte_seconds


@in_both_loops
async def test_a_stream(tmp_path: Path):
    answer = SSE + frame(HELLO) + frame(FINISH + USAGE) + frame(DONE) + END
    async with Host(scripted(answer)) as host, relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts:
        seen = await answered(parts, ask(CHAT, STREAM_BODY), END)
        assert b"".join(HELLO + FINISH + USAGE + DONE for _ in "1") in b"".join(chunks(body_of(seen)))
    [record] = parts.records
    assert (record.outcome, record.stream, record.output_tokens) == ("ok", True, 4)


@in_loop
async def test_only_the_model_is_replaced_where_it_has_another_name(tmp_path: Path):
    body = b'{ "seed": 123456789012345678901234567890, "model" : "lab/gpt-x", "x": 1.0e5, "s": "\\u00e9" }'
    async with Host(scripted(OK)) as host, relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts:
        assert status_of(await answered(parts, ask(CHAT, body))) == 200
        assert body_of(host.requests[0]) == body.replace(b"lab/gpt-x", b"gpt-x")
        assert parts.records[0].requested_model == "lab/gpt-x"


@in_loop
async def test_usage_is_asked_for_and_its_chunk_taken_out_where_the_provider_opts_in(tmp_path: Path):
    lab = (SSE + frame(HELLO + FINISH) + frame(USAGE) + frame(DONE) + END,)
    async with Host(scripted(*lab)) as host:
        configured = snapshot([provider("lab", host.origin, quirks=Quirks(include_usage=True))])
        async with relay(tmp_path, configured) as parts:
            seen = await answered(parts, ask(CHAT, STREAM_BODY), END)
            assert b"".join(chunks(body_of(seen))) == HELLO + FINISH + DONE
            assert orjson.loads(body_of(host.requests[0]))["stream_options"] == {"include_usage": True}
            assert parts.records[0].output_tokens == 4


@in_loop
async def test_the_built_in_model_needs_no_upstream(tmp_path: Path):
    async with relay(tmp_path, snapshot([])) as parts:
        answer = await answered(parts, ask(CHAT, BODY.replace(b"gpt-x", b"fastproxy/echo")), b"}]")
        assert status_of(answer) == 200
        assert b"echo: hi" in answer
    assert (parts.records[0].provider, parts.records[0].outcome) == ("fastproxy", "ok")


@in_loop
async def test_an_error_passes_with_its_status_and_waits_less_our_key(tmp_path: Path):
    told = plain(429, b'{"error":{"message":"key %b is over its limit"}}' % UPSTREAM_KEY.encode(), b"retry-after: 7")
    async with Host(scripted(told)) as host, relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts:
        answer = await answered(parts, ask(CHAT, BODY))
        assert status_of(answer) == 429
        assert b"\r\nretry-after: 7\r\n" in answer
        assert body_of(answer) == b'{"error":{"message":"key [redacted] is over its limit"}}'
    assert (parts.records[0].outcome, parts.records[0].status) == ("failed", 429)


# Refusals.


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        (ask(CHAT, BODY, token="wrong"), 401, b"token"),
        (ask("/nowhere", BODY), 404, b"nothing"),
        (ask(CHAT, BODY, method="PUT"), 405, b"POST only"),
        (ask(CHAT, b"[1]"), 400, b"JSON object"),
        (ask(CHAT, b'{"model":'), 400, b"JSON"),
        (ask(CHAT, b'{"messages":[]}'), 400, b"model"),
        (ask(CHAT, BODY, "upgrade: websocket", "connection: upgrade"), 426, b"WebSocket"),
        (ask(CHAT, BODY, "content-type: text/plain"), 415, b"JSON"),
        (ask(CHAT, BODY, "origin: https://evil.test"), 403, b"Origin"),
        (ask(CHAT, BODY, "sec-fetch-site: cross-site"), 403, b"page"),
        (ask(CHAT, BODY).replace(b"host: 127.0.0.1:8484", b"host: evil.test"), 403, b"Host"),
        (ask(CHAT, b'{"model":"../x","messages":[]}'), 404, b"characters"),
        (ask("/v1/responses/compact", b'{"model":"fastproxy/echo","input":"hi"}'), 400, b"echo"),
    ],
)
@in_loop
async def test_what_is_refused_never_reaches_an_upstream(tmp_path: Path, request_: bytes, status: int, says: bytes):
    async with Host(scripted(OK)) as host, relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts:
        answer = await answered(parts, request_)
        assert status_of(answer) == status
        assert says in body_of(answer)
        assert host.requests == []


@in_loop
async def test_an_unknown_model_is_a_404_in_the_callers_envelope(tmp_path: Path):
    async with relay(tmp_path, snapshot([])) as parts:
        answer = await answered(parts, ask("/v1/messages", b'{"model":"fastproxy/ech","max_tokens":1,"messages":[]}'))
        assert status_of(answer) == 404
        assert orjson.loads(body_of(answer))["error"]["type"] == "not_found_error"
    assert parts.records[0].outcome == "refused"


@in_loop
async def test_a_provider_without_a_key_is_a_503(tmp_path: Path):
    lab = provider("lab", "http://127.0.0.1:1")
    async with relay(tmp_path, snapshot([lab], accounts={})) as parts:
        assert status_of(await answered(parts, ask(CHAT, BODY))) == 503
    assert parts.records[0].error == "no_credential"


# Broken upstreams.


async def close_at_once(visit: Visit) -> None:
    await visit.request()
    visit.close()


def says(data: bytes, then: Callable[[Visit], None] = Visit.close) -> Play:
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(data)
        await asyncio.sleep(0.01)
        then(visit)

    return play


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (close_at_once, "unreachable"),
        (says(b"HTTP/1.1 200 O"), "unreachable"),
        (says(b"garbage\r\n\r\n"), "upstream_garbage"),
        (says(b"HTTP/1.1 101 X\r\nupgrade: websocket\r\n\r\n"), "upstream_garbage"),
        (says(OK[:-5]), "unreachable"),
        (says(plain(200, b'{"half":')), "upstream_garbage"),
        (says(plain(302, b"", b"location: http://evil.test/")), "upstream_garbage"),
        (says(plain(200, b"<html>").replace(b"application/json", b"text/html")), "upstream_garbage"),
        (says(SSE + frame(HELLO[:20])), "unreachable"),
    ],
)
@in_both_loops
async def test_an_upstream_that_breaks_before_the_first_byte_is_a_502(tmp_path: Path, play: Play, kind: str):
    async with Host(play) as host, relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts:
        answer = await answered(parts, ask(CHAT, STREAM_BODY if play is close_at_once else BODY))
        assert status_of(answer) == 502, answer
        assert set(orjson.loads(body_of(answer))["error"]) == {"message", "type", "param", "code"}
    assert (parts.records[0].outcome, parts.records[0].error, parts.records[0].status) == ("failed", kind, 502)


@in_both_loops
async def test_a_stream_that_breaks_later_ends_in_the_error_event(tmp_path: Path):
    async with (
        Host(says(SSE + frame(HELLO))) as host,
        relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts,
    ):
        seen = await answered(parts, ask(CHAT, STREAM_BODY), END)
        assert status_of(seen) == 200
        body = b"".join(chunks(body_of(seen)))
        assert body.startswith(HELLO + b'data: {"error":')
        assert b"[DONE]" not in body
    assert (parts.records[0].outcome, parts.records[0].error) == ("incomplete", "unreachable")


@in_both_loops
async def test_a_large_answer_that_breaks_later_is_cut(tmp_path: Path):
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000000\r\n\r\n"
    async with (
        Host(says(head + b"[" + b" " * 600_000)) as host,
        relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts,
    ):
        client = parts.connect()
        client.says(ask(CHAT, BODY))
        await client.sees(b"never")
        assert client.transport.aborted
    assert parts.records[0].outcome == "incomplete"


@in_both_loops
async def test_a_dead_pooled_connection_costs_nothing_but_a_new_one(tmp_path: Path):
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        with suppress(asyncio.IncompleteReadError):
            await visit.request()
        visit.close()

    async with Host(play) as host, relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts:
        for _ in range(3):
            assert status_of(await answered(parts, ask(CHAT, BODY))) == 200
        assert len(host.visits) == 3
        assert len(host.requests) == 5, "the second and the third were each sent twice"


# Fallbacks.


@pytest.mark.parametrize("first", [close_at_once, says(plain(503, b"{}")), says(plain(429, b"{}"))])
@in_loop
async def test_another_provider_of_the_same_format_answers_when_the_first_one_cannot(tmp_path: Path, first: Play):
    async with Host(first) as bad, Host(scripted(OK)) as good:
        providers = [provider("bad", bad.origin, fallback=("good",)), provider("good", good.origin, models=())]
        async with relay(tmp_path, snapshot(providers)) as parts:
            answer = await answered(parts, ask(CHAT, BODY))
            assert status_of(answer) == 200
            assert b"x-fastproxy-route: good/gpt-x" in answer
            assert body_of(good.requests[0]) == BODY
    assert [record.provider for record in parts.records] == ["good"]


@in_loop
async def test_what_the_caller_did_wrong_is_not_tried_elsewhere(tmp_path: Path):
    async with Host(says(plain(400, OTHER))) as bad, Host(scripted(OK)) as good:
        providers = [provider("bad", bad.origin, fallback=("good",)), provider("good", good.origin, models=())]
        async with relay(tmp_path, snapshot(providers)) as parts:
            answer = await answered(parts, ask(CHAT, BODY))
            assert (status_of(answer), body_of(answer)) == (400, OTHER)
            assert good.requests == []


# A credential of the caller's own.


@in_loop
async def test_the_callers_own_credential_goes_to_a_provider_that_wants_it_and_ours_to_none(tmp_path: Path):
    async with Host(scripted(OK, OK)) as host:
        own = provider("own", host.origin, auth="client")
        async with relay(tmp_path, snapshot([own], accounts={"own": (Account("own", "own"),)})) as parts:
            assert status_of(await answered(parts, ask(CHAT, BODY, token="sk-theirs"))) == 200
            assert status_of(await answered(parts, ask(CHAT, BODY, "x-api-key: sk-theirs"))) == 200
        assert b"authorization: Bearer sk-theirs" in host.requests[0]
        assert b"x-api-key: sk-theirs" in host.requests[1]
        assert CLIENT_TOKEN.encode() not in host.requests[1]


@in_loop
async def test_a_foreign_credential_opens_no_provider_of_ours(tmp_path: Path):
    async with Host(scripted(OK)) as host:
        providers = [provider("lab", host.origin), provider("own", "http://127.0.0.1:1", auth="client", models=())]
        async with relay(tmp_path, snapshot(providers)) as parts:
            assert status_of(await answered(parts, ask(CHAT, BODY, token="sk-theirs"))) == 401
        assert host.requests == []


# Clients that leave.


async def hang(visit: Visit) -> None:
    with suppress(asyncio.IncompleteReadError):
        await visit.request()
        await visit.send(SSE + frame(HELLO))
        await visit.left()


async def say_nothing(visit: Visit) -> None:
    with suppress(asyncio.IncompleteReadError):
        await visit.request()
        await visit.left()


@pytest.mark.parametrize("delay", [0, 1, 2, 3, 4, 5, 6, 8, 10, 15])
@pytest.mark.parametrize("play", [hang, say_nothing])
@in_both_loops
async def test_a_client_that_leaves_at_any_turn_ends_the_upstream_too(tmp_path: Path, delay: int, play: Play):
    async with Host(play) as host, relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts:
        client = parts.connect()
        client.says(ask(CHAT, STREAM_BODY))
        await turns(delay)
        client.leaves()
        await turns()
        await host.finished()
        assert parts.door.metrics.in_flight == 0
    assert [record.outcome for record in parts.records] in (["cancelled"], [])
    assert len(parts.records) == (1 if delay else len(parts.records))


@in_both_loops
async def test_a_client_that_leaves_within_a_stream_ends_the_upstream_and_is_on_record(tmp_path: Path):
    async with Host(hang) as host, relay(tmp_path, snapshot([provider("lab", host.origin)])) as parts:
        client = parts.connect()
        client.says(ask(CHAT, STREAM_BODY))
        await client.sees(HELLO)
        client.leaves()
        await host.finished()
    [record] = parts.records
    assert (record.outcome, record.error, record.status, record.model) == ("cancelled", "client_gone", 200, "gpt-x-1")
    assert record.response_bytes == len(HELLO)


@in_loop
async def test_a_client_that_stops_reading_for_good_ends_the_upstream_and_is_on_record(tmp_path: Path):
    limits = Limits(write_stall_seconds=5.0)
    async with Host(hang) as host, relay(tmp_path, snapshot([provider("lab", host.origin)], limits=limits)) as parts:
        client: Client = parts.connect()
        client.says(ask(CHAT, STREAM_BODY))
        await client.sees(HELLO)
        client.connection.pause_writing()
        for seconds in (1_000_000, 1_000_001, 1_000_010):
            parts.sweep.run(seconds)
        await host.finished()
        assert client.transport.aborted
    assert parts.records[0].error == "client_gone"


def chunks(body: bytes) -> list[bytes]:
    """The pieces of a chunked body."""
    pieces = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        pieces.append(rest[: int(size, 16)])
        body = rest[int(size, 16) + 2 :]
    return pieces
