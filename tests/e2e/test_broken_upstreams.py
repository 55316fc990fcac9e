"""Upstreams that break before the first byte: 502 or 504 in the caller's envelope, never 500, and service goes on."""

import socket
from collections.abc import Callable, Iterator, Mapping

import pytest

from support import script
from support.account_clients import at_once
from support.callers import CALLERS, Caller, ask_stream, ask_whole
from support.envelopes import assert_refusal
from support.relay import UPSTREAM_KEY, Relay, config
from support.script import AnyAct, Close, Pause, Reset, Send, head, whole
from support.upstream import Upstream
from support.wire import Answer

Ask = Callable[[Relay, Caller, str], Answer]
BODY = b'{"ok":true}'
OK = head(200, [script.JSON, ("content-length", str(len(BODY)))]) + BODY
LENGTH_HEADERS = [script.JSON, ("content-length", "5000")]

FAULTS: dict[str, list[AnyAct]] = {
    "closed without an answer": [Close()],
    "reset without an answer": [Reset()],
    "half a head, then closed": [Send(b"HTTP/1.1 200 OK\r\ncontent-type: appl"), Close()],
    "half a head, then reset": [Send(b"HTTP/1.1 200 OK\r\ncontent-type: appl"), Reset()],
    "garbage": [Send(b"\x16\x03\x01\x02garbage\r\n\r\n"), Close()],
    "another protocol": [Send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), Close()],
    "status of four digits": [Send(OK.replace(b"200", b"2000")), Close()],
    "status that is no number": [Send(OK.replace(b"200", b"abc")), Close()],
    "HTTP/2 in the status line": [Send(OK.replace(b"HTTP/1.1", b"HTTP/2")), Close()],
    "bare LF heads": [Send(OK.replace(b"\r\n", b"\n")), Close()],
    "folded header": [Send(OK.replace(b"\r\n\r\n", b"\r\nx-one: a\r\n b\r\n\r\n")), Close()],
    "NUL in a header": [Send(OK.replace(b"\r\n\r\n", b"\r\nx-one: a\0b\r\n\r\n")), Close()],
    "switching protocols": [
        Send(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
    ],
    "interim answers without end": [Send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 150)],
    "redirect": whole(b"", status=302, headers=[("location", "http://127.0.0.1:1/elsewhere")]),
    "permanent redirect": whole(b"", status=308, headers=[("location", "/elsewhere")]),
    "web page": whole(b"<html>Bad gateway</html>", status=502, headers=[("content-type", "text/html")]),
    "web page with status 200": whole(b"<html>Sign in</html>", headers=[("content-type", "text/html; charset=utf-8")]),
    "two lengths": [Send(OK.replace(b"\r\n\r\n", b"\r\ncontent-length: 3\r\n\r\n")), Close()],
    "length that is no number": [Send(OK.replace(b"length: ", b"length: +")), Close()],
    "length beside chunked": [Send(OK.replace(b"\r\n\r\n", b"\r\ntransfer-encoding: chunked\r\n\r\n")), Close()],
    "unknown coding": [Send(OK.replace(b"\r\n\r\n", b"\r\ntransfer-encoding: gzip, chunked\r\n\r\n")), Close()],
    "head of 100 KB": [Send(OK.replace(b"\r\n\r\n", b"\r\nx-one: " + b"a" * 100_000 + b"\r\n\r\n")), Close()],
    "body shorter than its length": [Send(head(200, LENGTH_HEADERS) + b'{"short":'), Close()],
    "body reset half way": [Send(head(200, LENGTH_HEADERS) + b'{"short":'), Reset()],
    "chunked body cut in a chunk": [script.begun(headers=[script.JSON]), Send(b"40\r\n{"), Close()],
    "chunked body without an end": [script.begun(headers=[script.JSON]), Send(script.chunk(b'{"a":1}')), Close()],
    "chunked body with a bad size": [script.begun(headers=[script.JSON]), Send(b"xyz\r\n{}\r\n0\r\n\r\n")],
    "JSON cut short, delimited by close": script.until_close(b'{"short":'),
}


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
@pytest.mark.parametrize("acts", FAULTS.values(), ids=FAULTS)
def test_a_broken_upstream_is_a_502(relay: Relay, upstream: Upstream, caller: Caller, acts: list[AnyAct]):
    name = upstream.teach(acts)
    answer = relay.ask(caller.whole_target, caller.whole_body, (("x-lab", name),))
    assert_refusal(caller.format, answer, 502)
    again = relay.ask(caller.whole_target, caller.whole_body, (("x-lab", upstream.teach(whole(caller.answer))),))
    assert (again.status, again.body) == (200, caller.answer)


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_stream_that_breaks_before_its_head_is_a_502(relay: Relay, upstream: Upstream, caller: Caller):
    name = upstream.teach([Reset()])
    answer = relay.ask(caller.stream_target, caller.stream_body, (("x-lab", name),))
    assert_refusal(caller.format, answer, 502)


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_interim_answers_are_swallowed(relay: Relay, upstream: Upstream, caller: Caller):
    hints = Send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
    name = upstream.teach([hints, Pause(0.02), *whole(caller.answer)])
    answer = relay.ask(caller.whole_target, caller.whole_body, (("x-lab", name),))
    assert (answer.status, answer.body, answer.interim) == (200, caller.answer, [])


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503, 529])
@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_proper_error_keeps_status_body_and_headers(relay: Relay, upstream: Upstream, caller: Caller, status: int):
    body = b'{"error":{"message":"no"}}'
    name = upstream.teach(whole(body, status=status, headers=[script.JSON, ("retry-after", "7"), ("x-mark", "1")]))
    answer = relay.ask(caller.stream_target, caller.stream_body, (("x-lab", name),))
    assert (answer.status, answer.body) == (status, body)
    assert (answer.get("retry-after"), answer.get("x-mark")) == ("7", "1")


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_an_error_that_breaks_off_keeps_its_status(relay: Relay, upstream: Upstream, caller: Caller):
    name = upstream.teach([Send(head(429, LENGTH_HEADERS) + b'{"error":'), Close()])
    answer = relay.ask(caller.whole_target, caller.whole_body, (("x-lab", name),))
    assert_refusal(caller.format, answer, 429)


def test_an_error_that_quotes_our_credential_is_redacted(relay: Relay, upstream: Upstream):
    caller = CALLERS[0]
    name = upstream.teach(whole(f'{{"error":{{"message":"Incorrect API key: {UPSTREAM_KEY}"}}}}'.encode(), status=401))
    answer = relay.ask(caller.whole_target, caller.whole_body, (("x-lab", name),))
    assert answer.status in {401, 502}
    assert b"Incorrect API key" in answer.body
    assert UPSTREAM_KEY.encode() not in answer.body


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay whose upstream's port is closed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take it, and connecting is refused
        port = taken.getsockname()[1]
        with Relay(tmp_path_factory.mktemp("deaf"), config(f"http://127.0.0.1:{port}")) as running:
            yield running


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_an_upstream_that_refuses_connections_is_a_502(deaf: Relay, caller: Caller):
    assert_refusal(caller.format, deaf.ask(caller.stream_target, caller.stream_body), 502)
    assert deaf.complaints() == []


@pytest.fixture(scope="module")
def impatient(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay that waits for the first byte for one second."""
    text = config(upstream.origin, extra="[upstream]\nfirst_byte_seconds = 1\nidle_seconds = 1\n")
    with Relay(tmp_path_factory.mktemp("impatient"), text) as running:
        yield running


STALLS: dict[str, tuple[Ask, list[AnyAct]]] = {
    "silent": (ask_stream, [Send(b"")]),
    "half a head": (ask_stream, [Send(b"HTTP/1.1 200 OK\r\ncontent-")]),
    "half a whole answer": (ask_whole, [Send(head(200, LENGTH_HEADERS) + b'{"short":')]),
}


@pytest.fixture(scope="module")
def stalled(impatient: Relay, upstream: Upstream) -> Mapping[tuple[str, str], tuple[Answer, str]]:
    """(stall, format) -> what the caller got, and the script that stalled it. All of them wait at the same time."""
    cases = [(name, caller) for name in STALLS for caller in CALLERS]
    scripts = [upstream.teach([*STALLS[name][1], script.AwaitLeave(10)]) for name, _ in cases]
    asked = zip(cases, scripts, strict=True)
    answers = at_once(lambda one: STALLS[one[0][0]][0](impatient, one[0][1], one[1]), asked)
    return {
        (name, caller.format): (answer, taught)
        for (name, caller), answer, taught in zip(cases, answers, scripts, strict=True)
    }


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
@pytest.mark.parametrize("stall", STALLS)
def test_an_upstream_that_stalls_is_a_504(
    impatient: Relay,
    upstream: Upstream,
    stalled: Mapping[tuple[str, str], tuple[Answer, str]],
    caller: Caller,
    stall: str,
):
    answer, taught = stalled[stall, caller.format]
    assert_refusal(caller.format, answer, 504)
    upstream.left(taught)
    assert impatient.complaints() == []
