"""The smallest recorded streams, cut in two at every offset on their way: the client sees the same bytes each time."""

import asyncio

import pytest

from support import recordings, script
from support.exchange import Exchange
from support.relay import Relay
from support.splits import slices, wrong_offsets
from support.upstream import Upstream

STREAMS = 20
OFFSETS = 700  # in one test, so that the work spreads over processes

CASES = [
    pytest.param(exchange, offsets, id=f"{exchange.name}-{offsets.start}")
    for exchange in recordings.smallest_streams(STREAMS)
    for offsets in slices(len(exchange.answer), OFFSETS)
]


@pytest.mark.skipif(
    not CASES, reason="no recordings: FASTPROXY_RECORDINGS is not set and ../shared/recordings is absent"
)
@pytest.mark.parametrize(("exchange", "offsets"), CASES)
def test_a_stream_cut_anywhere_arrives_whole(relay: Relay, upstream: Upstream, exchange: Exchange, offsets: range):
    acts = [script.begun(headers=exchange.answer_headers), script.SendCut(exchange.answer), script.Send(b"0\r\n\r\n")]
    name = upstream.teach(acts)
    assert asyncio.run(wrong_offsets(relay.port, exchange, name, offsets)) == []
