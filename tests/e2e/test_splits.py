"""Our own hazardous streams, cut in two at every offset, and in one-byte chunks: the client sees the same bytes."""

import asyncio

import pytest

from support import fixtures, script
from support.relay import Relay
from support.splits import wrong_offsets
from support.upstream import Upstream

STREAMS = [
    "chat-u2028-stream",
    "chat-crlf-stream",
    "chat-cr-stream",
    "chat-no-final-blank-line-stream",
    "anthropic-thinking-stream",
    "gemini-thinking-stream",
    "responses-nested-error-stream",
]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_cut_anywhere_arrives_whole(relay: Relay, upstream: Upstream, name: str):
    exchange = fixtures.load(name)
    taught = upstream.teach([script.begun(), script.SendCut(exchange.answer), script.Send(b"0\r\n\r\n")])
    assert asyncio.run(wrong_offsets(relay.port, exchange, taught, range(1, len(exchange.answer)))) == []


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_in_one_byte_chunks_arrives_whole(relay: Relay, upstream: Upstream, name: str):
    exchange = fixtures.load(name)
    taught = upstream.teach(script.streamed(bytes([byte]) for byte in exchange.answer))
    answer = relay.ask(exchange.target, exchange.body, (("x-lab", taught),))
    assert answer.complete
    assert answer.body == exchange.answer
