"""Streams that break after the first event: what came so far, the format's error event, and never a sign of success."""

from collections.abc import Iterator, Mapping

import pytest

from fastproxy.clock import wall
from support import script
from support.account_clients import at_once
from support.callers import CALLERS, Caller, ask_stream
from support.envelopes import assert_broken_off
from support.identity import usage_since
from support.relay import Relay, config
from support.script import AnyAct, AwaitLeave, Close, Reset, Send, chunk
from support.upstream import Upstream
from support.wire import Answer

EVENTS = 3
END = Send(b"0\r\n\r\n")


BREAKS: dict[str, list[AnyAct]] = {
    "closed between events": [Close()],
    "reset between events": [Reset()],
    "ended without its end mark": [END],
    "closed in a chunk": [Send(b"400\r\ndata: {"), Close()],
    "reset in a chunk": [Send(b"400\r\ndata: {"), Reset()],
    "closed in an event": [Send(chunk(b'data: {"half":"')), Close()],
    "reset in an event": [Send(chunk(b'data: {"half":"')), Reset()],
    "ended in an event": [Send(chunk(b'data: {"half":"')), END],
    "ended in an event, after a line": [Send(chunk(b'event: x\ndata: {"half":"\n')), END],
    "bad chunk size": [Send(b"xyz\r\ndata\r\n")],
    "chunk longer than its size": [Send(b"3\r\ndata: {}\n\n\r\n")],
}


def begin(caller: Caller) -> tuple[bytes, list[AnyAct]]:
    """The first events of a good stream, and the acts that send them."""
    sent = b"".join(caller.events[:EVENTS])
    return sent, [script.begun(), *(Send(chunk(event)) for event in caller.events[:EVENTS])]


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
@pytest.mark.parametrize("ending", BREAKS.values(), ids=BREAKS)
def test_a_broken_stream_ends_in_an_error_event(relay: Relay, upstream: Upstream, caller: Caller, ending: list[AnyAct]):
    sent, acts = begin(caller)
    answer = ask_stream(relay, caller, upstream.teach([*acts, *ending]))
    assert answer.status == 200
    assert answer.complete
    assert_broken_off(caller.format, answer.body, sent)


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_stream_delimited_by_close_ends_in_an_error_event(relay: Relay, upstream: Upstream, caller: Caller):
    sent = b"".join(caller.events[:EVENTS])
    answer = ask_stream(relay, caller, upstream.teach(script.until_close(sent, headers=[script.SSE])))
    assert_broken_off(caller.format, answer.body, sent)


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_good_stream_delimited_by_close_is_whole(relay: Relay, upstream: Upstream, caller: Caller):
    sent = b"".join(caller.events)
    answer = ask_stream(relay, caller, upstream.teach(script.until_close(sent, headers=[script.SSE])))
    assert answer.complete
    assert answer.body == sent


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_stream_head_and_nothing_more_is_no_success(relay: Relay, upstream: Upstream, caller: Caller):
    answer = ask_stream(relay, caller, upstream.teach([script.begun(), END]))
    if answer.status == 200:
        assert_broken_off(caller.format, answer.body, b"")
    else:
        assert answer.status == 502


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_break_after_the_end_mark_is_no_break(relay: Relay, upstream: Upstream, caller: Caller):
    sent = b"".join(caller.events)
    answer = ask_stream(relay, caller, upstream.teach([script.begun(), Send(chunk(sent)), Reset()]))
    assert answer.body == sent


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_broken_stream_is_recorded_as_an_error(relay: Relay, upstream: Upstream, caller: Caller):
    asked_at = wall()
    _, acts = begin(caller)
    ask_stream(relay, caller, upstream.teach([*acts, END]))
    row = usage_since(relay, asked_at)
    assert (row["requests"], row["errors"]) == (1, 1)


@pytest.fixture(scope="module")
def impatient(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """A relay that lets an upstream be silent for one second, and an event be 1 MiB long."""
    extra = "[upstream]\nidle_seconds = 1\n[limits]\nsse_line_bytes = 1048576\n"
    with Relay(tmp_path_factory.mktemp("impatient"), config(upstream.origin, extra=extra)) as running:
        yield running


@pytest.fixture(scope="module")
def stalled(impatient: Relay, upstream: Upstream) -> Mapping[str, tuple[Answer, str]]:
    """Format -> what the caller got, and the script that stalled it. All of them wait at the same time."""
    asked = [(caller, upstream.teach([*begin(caller)[1], AwaitLeave(10)])) for caller in CALLERS]
    answers = at_once(lambda one: ask_stream(impatient, *one), asked)
    return {caller.format: (answer, taught) for (caller, taught), answer in zip(asked, answers, strict=True)}


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_a_stream_that_stalls_ends_in_an_error_event(
    upstream: Upstream, stalled: Mapping[str, tuple[Answer, str]], caller: Caller
):
    answer, taught = stalled[caller.format]
    assert_broken_off(caller.format, answer.body, begin(caller)[0])
    upstream.left(taught)


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.format)
def test_an_event_without_end_ends_in_an_error_event(impatient: Relay, upstream: Upstream, caller: Caller):
    sent, acts = begin(caller)
    endless = script.Pour(chunk(b"a" * 65536), 64)
    answer = ask_stream(impatient, caller, upstream.teach([*acts, Send(chunk(b"data: ")), endless, AwaitLeave(10)]))
    assert_broken_off(caller.format, answer.body, sent)
    assert impatient.complaints() == []
