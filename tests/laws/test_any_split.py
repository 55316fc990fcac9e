"""How a response is split on its way changes nothing, and a response that is cut never looks finished.

Over every stream of our own fixtures: each hazard of each format is in one of them.
"""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import Format
from fastproxy.formats.tap import Tap, marks
from fastproxy.framing.sse import ends_event
from fastproxy.ir.events import Usage
from fastproxy.pipe import ErrorPassthrough, Pipe, pipe_for_body, pipe_for_stream
from support import fixtures, sse
from support.exchange import Exchange

LINE_BYTES = 1 << 24
LONG_BYTES = 3000  # streams that are longer are cut at every second byte, third, ...
EVERY = [fixtures.load(name) for name in fixtures.names()]
STREAMS = [pytest.param(one, id=one.name) for one in EVERY if one.streamed]
GOOD_STREAMS = [
    pytest.param(one, id=one.name)
    for one in EVERY
    if one.streamed and "error" not in one.name and BY_NAME[one.format].tap.finished.search(one.answer)
]
BODIES = [pytest.param(one, id=one.name) for one in EVERY if not one.streamed]
# What a client takes for a good end, beside the tap's own marks.
SUCCESS = {
    "openai-chat": re.compile(rb'"finish_reason"\s*:\s*"|(?m:^data: ?\[DONE\])'),
    "openai-responses": re.compile(rb"response\.(?:completed|incomplete)"),
    "anthropic": re.compile(rb"message_stop"),
    "gemini": re.compile(rb'"finishReason"|"finish_reason"|"blockReason"'),
}


def cuts(data: bytes) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, len(data)), max_size=12).map(sorted)


def pieces(data: bytes, at: list[int]) -> Iterator[bytes]:
    for start, end in zip([0, *at], [*at, len(data)], strict=True):
        if start < end:
            yield data[start:end]


def stream_pipe(exchange: Exchange, *, unasked_usage: bool = False) -> Pipe:
    return pipe_for_stream(BY_NAME[exchange.format], LINE_BYTES, unasked_usage=unasked_usage)


def through(pipe: Pipe, data: bytes, at: list[int]) -> bytes:
    return b"".join(pipe.feed(piece) for piece in pieces(data, at)) + pipe.close()


def told(format_: Format, data: bytes, at: list[int]) -> tuple[Usage, str, bool]:
    tap = Tap(marks(format_.tap))
    for piece in pieces(data, at):
        tap.feed(piece)
    return tap.usage(), tap.model, tap.finished


@pytest.mark.parametrize("exchange", STREAMS)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_stream_arrives_as_it_was_sent(exchange: Exchange, data: st.DataObject):
    at = data.draw(cuts(exchange.answer))
    assert through(stream_pipe(exchange), exchange.answer, at) == exchange.answer


@pytest.mark.parametrize("exchange", STREAMS)
def test_a_stream_arrives_as_it_was_sent_byte_by_byte(exchange: Exchange):
    assert through(stream_pipe(exchange), exchange.answer, list(range(1, len(exchange.answer)))) == exchange.answer


@pytest.mark.parametrize("exchange", STREAMS)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_the_client_never_stands_within_an_event(exchange: Exchange, data: st.DataObject):
    pipe, sent, came = stream_pipe(exchange), b"", 0
    for piece in pieces(exchange.answer, data.draw(cuts(exchange.answer))):
        sent += pipe.feed(piece)
        came += len(piece)
        assert ends_event(sent)
        assert pipe.quiet == (len(sent) == came)


@pytest.mark.parametrize("exchange", [*STREAMS, *BODIES])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_usage_model_and_end_are_the_same_however_it_is_split(exchange: Exchange, data: st.DataObject):
    format_, answer = BY_NAME[exchange.format], exchange.answer
    assert told(format_, answer, data.draw(cuts(answer))) == told(format_, answer, [])


@pytest.mark.parametrize("exchange", [*STREAMS, *BODIES])
@pytest.mark.parametrize("step", [1, 7, 65])
def test_usage_model_and_end_are_the_same_in_small_steps(exchange: Exchange, step: int):
    format_, answer = BY_NAME[exchange.format], exchange.answer
    assert told(format_, answer, list(range(step, len(answer), step))) == told(format_, answer, [])


@pytest.mark.parametrize("exchange", BODIES)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_whole_answer_arrives_as_it_was_sent(exchange: Exchange, data: st.DataObject):
    pipe = pipe_for_body(BY_NAME[exchange.format], encoded=False, json=True)
    assert through(pipe, exchange.answer, data.draw(cuts(exchange.answer))) == exchange.answer


@pytest.mark.parametrize("broken", ["abort", "close"])
@pytest.mark.parametrize("exchange", GOOD_STREAMS)
def test_a_stream_cut_at_any_byte_never_looks_finished(exchange: Exchange, broken: str):
    """Up to the event that says it is finished; that one whole is the end, whatever becomes of the rest."""
    format_ = BY_NAME[exchange.format]
    end = finishing_event(exchange)
    for at in range(0, end, 1 + end // LONG_BYTES):
        pipe = stream_pipe(exchange)
        out = pipe.feed(exchange.answer[:at]) if at else b""
        assert format_.tap.finished.search(out) is None
        last = pipe.abort(Fault("unreachable", "gone")) if broken == "abort" else pipe.close()
        assert last is not None
        assert pipe.ending == "incomplete", at
        assert SUCCESS[exchange.format].search(out + last) is None, at
        assert exchange.answer.startswith(out)
        assert [data for _, data in sse.events(last)] == [data for _, data in sse.events(last) if '"error"' in data]
        assert len(sse.events(out + last)) == len(sse.events(out)) + 1


@pytest.mark.parametrize("exchange", GOOD_STREAMS)
def test_a_stream_that_said_it_is_finished_is_not_called_broken(exchange: Exchange):
    answer = exchange.answer
    for at in range(finishing_event(exchange, with_blank_line=True), len(answer)):
        pipe = stream_pipe(exchange)
        out = pipe.feed(answer[:at])
        last = pipe.abort(Fault("unreachable", "gone"))
        assert last is not None
        assert pipe.ending == "ok", at
        assert answer.startswith(out + last), "nothing is added, and no byte is changed"


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@settings(max_examples=12, deadline=None)
@given(before=st.binary(max_size=40), after=st.binary(max_size=40), data=st.data())
def test_a_credential_in_an_error_body_is_taken_out_however_it_is_split(
    size: int, before: bytes, after: bytes, data: st.DataObject
):
    secret = b"sk-lab-" + b"s" * size
    body = before + secret + after
    pipe = ErrorPassthrough(Tap(marks(BY_NAME["openai-chat"].tap)), secret)
    out = through(pipe, body, data.draw(cuts(body)))
    assert out == body.replace(secret, b"[redacted]")
    assert secret not in out


def finishing_event(exchange: Exchange, *, with_blank_line: bool = False) -> int:
    """The offset at which the JSON of the event that says the stream is finished is whole."""
    mark = BY_NAME[exchange.format].tap.finished.search(exchange.answer)
    assert mark is not None
    end = re.compile(rb"\n\r?\n|\r\r|\r\n\r\n|\Z").search(exchange.answer, mark.end())
    assert end is not None
    return end.end() if with_blank_line else len(exchange.answer[: end.start()].rstrip())
