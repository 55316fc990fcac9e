"""The fuzzer's verdicts: each thing that must never happen is seen when it does, and honest answers are let pass."""

import pytest

from slow.fuzz.cases import Case
from slow.fuzz.verdict import problems
from support.relay import TOKEN, UPSTREAM_KEY
from support.script import SSE, Seen, chunk, head

BODY = b'{"model":"lab-1"}'
ASKED = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-one: 1\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)
FIRST = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
LAST = b'data: {"choices":[{"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
ERROR = b'data: {"error":{"message":"broken"}}\n\n'
STREAM = head(200, [SSE, ("transfer-encoding", "chunked")])


def stream(*events: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return STREAM + b"".join(map(chunk, events)) + end


def case(said: bytes = b"", *, answered: bool = True) -> Case:
    return Case("answer-events", [ASKED], [said], answered=answered)


def seen(body: bytes = BODY, lines: bytes = b"x-one: 1\r\n", key: str = UPSTREAM_KEY) -> Seen:
    start = b"POST /v1/chat/completions HTTP/1.1\r\nhost: lab\r\nauthorization: Bearer %b\r\n" % key.encode()
    return Seen(1, start + lines + b"accept-encoding: identity\r\ncontent-length: %d\r\n\r\n" % len(body), body, 0.0)


@pytest.mark.parametrize(
    ("said", "received"),
    [
        (stream(FIRST, LAST), stream(FIRST + LAST)),
        (stream(FIRST, end=b""), stream(FIRST, ERROR)),
        (stream(FIRST), stream(FIRST, ERROR)),
        (stream(FIRST, LAST, end=b""), stream(FIRST, LAST)),
        (stream(FIRST, end=b"xyz\r\n"), stream(FIRST, end=b"")),
        (b"garbage\r\n\r\n", head(502, [("content-length", "0")])),
        (head(500, [("content-length", "0")]), head(500, [("content-length", "0")])),
    ],
)
def test_an_honest_answer_passes(said: bytes, received: bytes):
    assert problems(case(said), ASKED, received, [seen()]) == []


@pytest.mark.parametrize(
    ("said", "received"),
    [
        (stream(FIRST), stream(FIRST, LAST)),
        (stream(FIRST, end=b""), stream(FIRST)),
        (stream(FIRST, end=b""), stream(FIRST, ERROR, LAST)),
        (stream(FIRST, LAST), stream(FIRST)),
        (stream(FIRST, LAST), stream(FIRST.replace(b'"a"', b'"b"'), LAST)),
        (b"garbage\r\n\r\n", head(200, [("content-length", "0")])),
        (stream(FIRST, LAST), head(500, [("content-length", "0")])),
        (stream(FIRST, LAST), head(404, [("content-length", "0")])),
        (stream(FIRST, LAST), b""),
        (stream(FIRST, LAST), b"\0\0\r\n\r\n"),
        (stream(FIRST, LAST), stream(FIRST, LAST) * 2),
        (stream(TOKEN.encode()), stream(TOKEN.encode())),
    ],
)
def test_a_dishonest_answer_is_seen(said: bytes, received: bytes):
    assert problems(case(said), ASKED, received, [seen()]) != []


@pytest.mark.parametrize(
    "arrived",
    [
        seen(b'{"model":"lab-2"}'),
        seen(lines=b"x-one: 2\r\n"),
        seen(lines=b"x-two: 1\r\n"),
        seen(lines=b"transfer-encoding: chunked\r\n"),
        seen(key=TOKEN),
    ],
)
def test_what_the_client_did_not_ask_for_must_not_arrive(arrived: Seen):
    assert problems(case(answered=False), ASKED, b"", [seen()]) == []
    assert problems(case(answered=False), ASKED, b"", [arrived]) != []


def test_nothing_of_a_doubtful_request_may_arrive():
    doubtful = ASKED.replace(b"host", b"content-length: 1\r\nhost")
    assert problems(case(answered=False), doubtful + ASKED, b"", [seen()]) != []


def test_a_body_that_is_no_json_object_may_not_arrive():
    asked = ASKED.replace(BODY, b"x" * len(BODY))
    assert problems(case(answered=False), asked, b"", [seen(b"x" * len(BODY))]) != []
