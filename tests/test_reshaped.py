"""Answers in a shape of their host's own: whole ones gathered from a stream, and envelopes taken off, however split."""

from collections.abc import Iterable
from itertools import pairwise

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.framing.sse import payloads
from fastproxy.pipe import Pipe, pipe_for_body, pipe_for_stream
from fastproxy.reshaped import Enveloped, Gathered, unwrapped
from support import recordings

GEMINI, RESPONSES = BY_NAME["gemini"], BY_NAME["openai-responses"]
EVENT_BYTES, BODY_BYTES = 4096, 16384
INNER = (
    b'{"candidates":[{"content":{"parts":[{"text":"\\u00e9 \\"response\\": {"}]}}], "n": 1.0e5}',
    b'{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4}}',
)
WRAPPED = tuple(b'{"traceId":"t", "response": %b }' % one for one in INNER)
ITEM = b'{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text",'
ITEM += b'"text":"\\u00fc","annotations":[],"x":123456789012345678901234567890}]}'
USAGE = b'"usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7}'


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    at = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(at)]


def through(pipe: Pipe, data: bytes, cuts: Iterable[int] = ()) -> bytes:
    return b"".join(pipe.feed(piece) for piece in pieces(data, cuts) if piece) + pipe.close()


CUTS = st.lists(st.integers(0, 2000), max_size=8)


# Envelopes.


def opened(*, streamed: bool) -> Enveloped:
    inner = (
        pipe_for_stream(GEMINI, EVENT_BYTES, unasked_usage=False)
        if streamed
        else pipe_for_body(GEMINI, encoded=False, json=True)
    )
    return Enveloped(inner, "response", streamed=streamed, event_bytes=EVENT_BYTES, body_bytes=BODY_BYTES)


@settings(deadline=None)
@given(CUTS)
def test_events_lose_their_envelopes_and_no_other_byte(cuts: list[int]):
    pipe = opened(streamed=True)
    out = through(pipe, b"".join(b"data: %b\r\n\r\n" % one for one in WRAPPED), cuts)
    assert out == b"".join(b"data: %b\r\n\r\n" % one for one in INNER)
    assert pipe.ending == "ok"
    assert pipe.tap.usage().output_tokens == 4


@settings(deadline=None)
@given(CUTS)
def test_a_whole_answer_loses_its_envelope_and_no_other_byte(cuts: list[int]):
    pipe = opened(streamed=False)
    assert through(pipe, b" \r\n" + WRAPPED[1], cuts) == INNER[1]
    assert pipe.ending == "ok"
    assert pipe.tap.usage().input_tokens == 3


@settings(deadline=None)
@given(CUTS)
def test_an_array_is_opened_element_by_element(cuts: list[int]):
    pipe = opened(streamed=False)
    out = through(pipe, b"[" + b"\n,\r\n".join(WRAPPED) + b"]\n", cuts)
    assert orjson.loads(out) == [orjson.loads(one) for one in INNER]
    assert all(one in out for one in INNER)


def test_elements_go_out_as_they_come():
    pipe = opened(streamed=False)
    assert pipe.feed(b"[" + WRAPPED[0]) == b"[" + INNER[0]


def test_an_array_that_stops_short_is_not_closed():
    pipe = opened(streamed=False)
    out = through(pipe, b"[" + WRAPPED[0] + b",")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(out)


@pytest.mark.parametrize(
    "bare", [b'{"error":{"code":500,"message":"x"}}', b'{"totalTokens":7}', b'{"response":null}', b'{"response":"x"}']
)
def test_what_is_in_no_envelope_stays_as_it_is(bare: bytes):
    assert through(opened(streamed=False), bare) == bare
    assert unwrapped(bare, "response") == bare


@pytest.mark.parametrize(
    "odd", [b"", b"nonsense", b'{"response":', b"[1]", b'{"response":{},"response":{}}', b"\xff{}"]
)
def test_what_can_t_be_read_is_left_to_who_reads_it_next(odd: bytes):
    assert unwrapped(odd, "response") == odd


def test_a_stream_that_stops_short_ends_in_the_formats_error():
    pipe = opened(streamed=True)
    out = through(pipe, b"data: %b\r\n\r\ndata: %b" % (WRAPPED[0], WRAPPED[1][:40]))
    assert pipe.ending == "incomplete"
    assert out.startswith(b"data: %b\r\n\r\n" % INNER[0])
    assert b'"error"' in out


def test_the_last_event_may_lack_its_blank_line():
    pipe = opened(streamed=True)
    assert INNER[1] in through(pipe, b"data: %b" % WRAPPED[1])
    assert pipe.ending == "ok"


def test_nothing_is_collected_without_end():
    whole, events = opened(streamed=False), opened(streamed=True)
    with pytest.raises(Fault, match="too large"):
        through(whole, b'{"response":"' + b"x" * BODY_BYTES)
    with pytest.raises(Fault, match="event of more than"):
        events.feed(b"data: " + b"x" * (EVENT_BYTES + 1))


def test_an_upstream_that_breaks_off_is_told_as_without_an_envelope():
    pipe = opened(streamed=True)
    pipe.feed(b"data: %b\r\n\r\n" % WRAPPED[0])
    said = pipe.abort(Fault("unreachable", "gone"))
    assert said is not None
    assert b"gone" in said


# Gathered.


def event(kind: str, rest: bytes) -> bytes:
    return b'event: %b\ndata: {"type":"%b",%b}\n\n' % (kind.encode(), kind.encode(), rest)


def stream(output: bytes, end: str = "response.completed", status: bytes = b"completed") -> tuple[bytes, bytes]:
    """A stream, and the response at its end."""
    response = b'{"id":"resp_1","object":"response","model":"m", "status":"%b","output":%b,%b}' % (
        status,
        output,
        USAGE,
    )
    return (
        event("response.created", b'"response":{"id":"resp_1","model":"m","output":[]}')
        + event("response.output_item.added", b'"output_index":0,"item":{"type":"message","content":[]}')
        + event("response.output_item.done", b'"output_index":0,"item":' + ITEM)
        + event(end, b'"response":' + response)
    ), response


def gathered() -> Gathered:
    return Gathered(RESPONSES, EVENT_BYTES, BODY_BYTES)


@settings(deadline=None)
@given(CUTS)
def test_the_whole_answer_is_the_hosts_own_bytes(cuts: list[int]):
    data, response = stream(b"[%b ]" % ITEM)
    pipe = gathered()
    assert through(pipe, data, cuts) == response
    assert pipe.ending == "ok"
    assert (pipe.tap.model, pipe.tap.usage().output_tokens) == ("m", 4)


def test_items_that_the_end_leaves_out_are_those_told_before():
    data, response = stream(b"[]")
    assert through(gathered(), data) == response.replace(b'"output":[]', b'"output":[%b]' % ITEM)


def test_an_answer_that_was_cut_for_its_length_is_an_answer():
    data, response = stream(b"[%b]" % ITEM, "response.incomplete", b"incomplete")
    assert through(gathered(), data) == response


def test_nothing_goes_out_before_it_has_ended():
    pipe = gathered()
    assert pipe.feed(stream(b"[]")[0]) == b""
    assert pipe.quiet is False
    assert pipe.abort(Fault("unreachable", "gone")) is None


def test_a_failure_is_raised():
    pipe = gathered()
    failed = b'"response":{"id":"r","status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"}}'
    with pytest.raises(Fault, match="slow down") as caught:
        through(pipe, event("response.failed", failed))
    assert caught.value.kind == "rate_limited"
    assert pipe.ending == "failed"


@pytest.mark.parametrize("data", [b"", b": keepalive\n\n", stream(b"[]")[0][:300], b"data: [DONE]\n\n"])
def test_a_stream_without_its_end_is_no_answer(data: bytes):
    pipe = gathered()
    with pytest.raises(Fault) as caught:
        through(pipe, data)
    assert caught.value.kind == "upstream_garbage"
    assert pipe.ending != "ok"


def test_what_is_too_large_or_too_deep_to_be_collected_is_refused():
    with pytest.raises(Fault, match="too large"):
        through(gathered(), b": x\n\n" * BODY_BYTES)
    with pytest.raises(Fault, match="deeply"):
        through(gathered(), b"data: " + b"[" * 900 + b"]" * 900 + b"\n\n")


@pytest.mark.parametrize("name", ["openai-responses/ccp-codex-responses-stream"])
def test_a_recorded_stream_is_gathered_to_the_response_at_its_end(name: str):
    if not (recordings.folder() / f"{name}.json").is_file():
        pytest.skip("no recordings here")
    answer = recordings.load(name).answer
    told = payloads(answer)[-1]
    pipe = Gathered(RESPONSES, len(answer), len(answer))
    whole = through(pipe, answer, range(0, len(answer), 997))
    assert whole in told
    assert orjson.loads(told)["response"] == orjson.loads(whole)
    assert pipe.tap.usage().output_tokens == 15
