"""Every recorded provider exchange with a same-format endpoint, through a real relay process: byte for byte."""

from typing import cast

import pytest

from support import recordings
from support.identity import (
    Relayed,
    assert_answer_whole,
    assert_request_whole,
    assert_usage_recorded,
    relay_exchange,
)
from support.relay import Relay
from support.upstream import Upstream


@pytest.fixture(scope="module", params=recordings.parameters())
def relayed(request: pytest.FixtureRequest, shared_relay: Relay, upstream: Upstream) -> Relayed:
    return relay_exchange(shared_relay, upstream, recordings.load(cast("str", request.param)))


def test_the_request_arrives_whole(relay: Relay, relayed: Relayed):
    assert_request_whole(relayed)


def test_the_answer_arrives_whole(relay: Relay, relayed: Relayed):
    assert_answer_whole(relayed)


def test_the_usage_is_recorded(relay: Relay, relayed: Relayed):
    assert_usage_recorded(relay, relayed)
