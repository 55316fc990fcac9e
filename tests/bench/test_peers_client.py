"""The comparison's clients: they count every event, wherever it is cut, and take no answer that isn't whole."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress

import msgspec
import pytest

from bench import relays
from bench.peers.client import CaseError, Figures, Target, family, run
from bench.peers.work import CASES, Case
from bench.processes import listening, python

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'data: {"text": "@0000000000000000007"}\n\n'
END = b'data: {"type": "message_stop"}\n\n'
JSON = next(case for case in CASES if case.name == "json")
STREAM = next(case for case in CASES if case.name == "stream")
PACED = next(case for case in CASES if case.name == "paced")
TRANSLATED = next(case for case in CASES if case.name == "translated-stream")
ONE = msgspec.structs.replace(TRANSLATED, model="bench-1x1-50ms", connections=1, requests=2)


@pytest.fixture(scope="module")
def upstream():
    with listening("upstream", python("upstream"), core=None) as started:
        yield started


def chunked(*pieces: bytes) -> bytes:
    return HEAD + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def figures_of(answer: bytes, case: Case = ONE, seconds: float = 5.0) -> Figures:
    """What the case takes at a relay that says nothing but this answer; a stream of a warm-up it answers as it should.

    Raises: CaseError.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                warm = case is JSON and b'"stream":true' in data
                writer.write(chunked(EVENT, b"data: [DONE]\n\n") if warm else answer)
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def scenario() -> Figures:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            try:
                return await run(case, Target("scripted", port, os.getpid()), seconds)
            finally:
                await asyncio.sleep(0.01)  # the served side sees the end

    return asyncio.run(scenario())


@pytest.mark.parametrize("case", [JSON, STREAM], ids=lambda case: case.name)
def test_the_upstream_itself_does_the_work(upstream, case):
    small = msgspec.structs.replace(case, requests=8)
    figures = asyncio.run(run(small, Target("direct", upstream.port, upstream.pid), 10.0))
    assert figures.cost_us > 0
    assert figures.delay_us > 0


def test_per_event_figures_are_of_streams_that_flow_together(upstream):
    target = Target("direct", upstream.port, upstream.pid)
    short = msgspec.structs.replace(PACED, model="bench-10x1-10ms")
    figures = asyncio.run(run(short, target, 10.0))
    assert 0 < figures.delay_us < 1e6
    with pytest.raises(CaseError, match="ended before"):
        asyncio.run(run(msgspec.structs.replace(PACED, model="bench-1x1-0ms"), target, 10.0))


def test_fastproxy_does_the_translated_work(upstream):
    with relays.product(upstream.port, None) as product:
        small = msgspec.structs.replace(TRANSLATED, requests=8)
        figures = asyncio.run(run(small, Target("fastproxy", product.port, product.pid), 10.0))
    assert figures.cost_us > 0


def test_an_event_counts_once_wherever_it_is_cut():
    whole = EVENT + END
    mark = whole.index(b'"@')
    for at in (1, mark, mark + 1, mark + 2, mark + 20, mark + 21, len(EVENT), len(EVENT) + 20):
        figures_of(chunked(whole[:at], whole[at:]))
    figures_of(chunked(*(whole[at : at + 1] for at in range(len(whole)))))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\n"why"', "500 No.*why"),
        (chunked(END), "0 events of 1"),
        (chunked(EVENT, EVENT, END), "2 events of 1"),
        (chunked(EVENT), "1 events of 1, and then"),
        (HEAD + b"zz\r\n", "ValueError"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "took more than"),
    ],
)
def test_what_is_no_whole_answer_is_told(answer, said):
    with pytest.raises(CaseError, match=said):
        figures_of(answer, seconds=0.5)


@pytest.mark.parametrize("body", [b"{}", b"[}", b'{"usage":{"total_tokens":0}}'])
def test_a_json_answer_is_read_before_it_counts(body):
    with pytest.raises(CaseError, match="not the answer"):
        figures_of(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body), JSON)


def test_a_relay_that_is_not_there_is_told():
    with pytest.raises(CaseError, match="ConnectionRefusedError"):
        asyncio.run(run(JSON, Target("nobody", 1), 5.0))


def test_a_family_has_the_children_of_children():
    line = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen([sys.executable, "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert len(family(child.pid)) == 2
        assert family(child.pid)[0] == child.pid
        child.communicate(b"\n")
