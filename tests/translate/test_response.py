"""Pipes that translate: any split, both crossings, and never a broken answer that looks finished."""

from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions, FormatName, Spelling
from fastproxy.ir.events import BlockEnd, Event, Failed, Start, Stop, Text, ToolArgs, ToolStart, Usage
from fastproxy.ir.fold import fold
from fastproxy.pipe import Pipe
from fastproxy.secret import Secret
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient
from fastproxy.translate.response import STREAM_BYTES, Crossing, pipe_for_translation
from fastproxy.translate.seal import Mint
from laws.event_lists import responses
from support import cells
from support.exchange import FORMATS, Format
from support.plain_format import END, line, plain_format, told

SAID: list[Event] = [
    Start("id", "served", 5),
    Text(0, "hel"),
    Text(0, "lo"),
    BlockEnd(0),
    Usage(input_tokens=3),
    Usage(output_tokens=2),
    Stop("end"),
]
WIRE = b"".join(map(line, SAID))
ASKED = [Start("id", "asked", 5), *SAID[1:]]


def pipe(*, streamed: bool = True, stream: bool = True, body_bytes: int = 10_000, event_bytes: int = 10_000) -> Pipe:
    format_ = plain_format()
    client = ForClient("asked", "ours", 7, Mint("gemini", "p", "a"), _any_spelling(), Memory())
    crossing = Crossing(format_, format_, client, EncoderOptions(), event_bytes, body_bytes)
    return pipe_for_translation(crossing, streamed=streamed, stream=stream)


def _any_spelling() -> Spelling:
    return plain_format(spelling=".*").spelling


def run(one: Pipe, *pieces: bytes) -> bytes:
    return b"".join([*map(one.feed, pieces), one.close()])


@given(st.lists(st.integers(0, len(WIRE)), max_size=6))
def test_any_split_of_the_upstreams_bytes_gives_the_same_stream(cuts: list[int]) -> None:
    cuts = sorted(cuts)
    pieces = [WIRE[a:b] for a, b in zip([0, *cuts], [*cuts, len(WIRE)], strict=True)]
    one = pipe()
    out = run(one, *pieces)
    assert told(out) == ASKED
    assert out.endswith(END)
    assert (one.ending, one.tap.model, one.tap.usage()) == ("ok", "served", Usage(input_tokens=3, output_tokens=2))


def test_the_client_gets_the_end_with_the_stop_and_not_when_the_connection_ends() -> None:
    one = pipe()
    assert one.feed(WIRE).endswith(END)
    assert one.close() == b""
    assert one.abort(Fault("unreachable", "gone")) == b""
    assert one.ending == "ok"


@given(responses())
def test_a_stream_and_a_whole_answer_say_the_same_to_either_client(events: list[Event]) -> None:
    stream, body = b"".join(map(line, events)), plain_format().encode_whole(fold(events))
    whole = run(pipe(stream=False, body_bytes=10**6), stream)
    assert run(pipe(streamed=False, stream=False, body_bytes=10**6), body) == whole
    again = told(run(pipe(streamed=False, body_bytes=10**6), body))
    assert fold(again) == fold(told(run(pipe(event_bytes=10**6), stream)))


@given(st.integers(1, len(WIRE) - 3))
def test_a_stream_cut_anywhere_ends_in_an_error_and_never_in_a_success(length: int) -> None:
    one = pipe()
    said = one.feed(WIRE[:length])
    if not said:
        with pytest.raises(Fault, match="no end"):
            one.close()
        return
    out = said + one.close()
    assert isinstance(told(out)[-1], Failed)
    assert END not in out
    assert one.ending == "incomplete"


@given(st.integers(0, len(WIRE) - 3))
def test_a_cut_stream_is_no_whole_answer(length: int) -> None:
    one = pipe(stream=False)
    assert one.feed(WIRE[:length]) == b""
    with pytest.raises(Fault, match="no end"):
        one.close()


def test_an_event_that_lacks_only_its_blank_line_counts() -> None:
    out = run(pipe(), WIRE.removesuffix(b"\n\n"))
    assert told(out) == ASKED
    assert out.endswith(END)


def test_what_was_told_before_garbage_reaches_the_client_before_the_error() -> None:
    one = pipe()
    one.feed(line(SAID[0]))
    with pytest.raises(Fault, match="not JSON") as raised:
        one.feed(line(SAID[1]) + b"data: {\n\n")
    out = one.abort(raised.value)
    assert out is not None
    assert told(out) == [SAID[1], Failed("upstream_garbage", "not JSON")]
    assert one.ending == "incomplete"


def test_an_error_before_the_first_byte_is_raised_with_all_that_clients_act_on() -> None:
    one = pipe()
    with pytest.raises(Fault) as raised:
        one.feed(line(SAID[0]) + line(Failed("overloaded", "busy", "quota")))
    assert (raised.value.kind, raised.value.message, raised.value.reason) == ("overloaded", "busy", "quota")
    assert one.ending == "failed"
    # The pump has begun the response with a keepalive meanwhile, so it asks for the error event.
    out = one.abort(raised.value)
    assert out is not None
    assert told(out)[-1] == Failed("overloaded", "busy", "quota")


def test_an_error_in_the_middle_is_told_in_the_stream_and_nothing_follows() -> None:
    one = pipe()
    one.feed(line(SAID[0]) + line(SAID[1]))
    out = one.feed(line(Failed("overloaded", "busy")) + line(SAID[2]))
    assert told(out) == [Failed("overloaded", "busy")]
    assert one.feed(line(SAID[2])) == b""
    assert one.close() == b""
    assert one.ending == "failed"


@pytest.mark.parametrize("streamed", [True, False])
def test_a_failure_is_raised_for_a_client_that_waits_for_a_whole_answer(streamed: bool) -> None:
    events = [SAID[0], SAID[1], Failed("overloaded", "busy", "quota")]
    body = b"".join(map(line, events)) if streamed else plain_format().encode_whole(fold(events))
    one = pipe(streamed=streamed, stream=False)
    with pytest.raises(Fault, match="busy") as raised:
        run(one, body)
    assert raised.value.reason == "quota"
    assert one.ending == "failed"
    assert one.abort(raised.value) is None


def test_an_upstream_that_breaks_off_ends_the_clients_stream_in_an_error() -> None:
    one = pipe()
    one.feed(line(SAID[0]) + line(SAID[1]))
    out = one.abort(Fault("unreachable", "gone"))
    assert out is not None
    assert told(out) == [Failed("unreachable", "gone")]
    assert one.abort(Fault("unreachable", "gone")) == b""
    assert one.ending == "incomplete"


def test_a_keepalive_may_stand_between_any_two_writes_of_a_stream_and_nowhere_in_a_body() -> None:
    assert pipe().quiet
    assert pipe(streamed=False).quiet
    assert not pipe(stream=False).quiet
    assert not pipe(streamed=False, stream=False).quiet


def test_a_host_that_dies_while_it_makes_a_whole_answer_ends_the_stream_that_a_keepalive_began() -> None:
    out = pipe(streamed=False).abort(Fault("unreachable", "gone"))
    assert out is not None
    assert told(out) == [Failed("unreachable", "gone")]


@pytest.mark.parametrize(("streamed", "stream"), [(True, False), (False, True), (False, False)])
def test_what_must_be_collected_is_bounded(streamed: bool, stream: bool) -> None:
    one = pipe(streamed=streamed, stream=stream, body_bytes=100)
    with pytest.raises(Fault, match="more than 100 bytes"):
        for piece in (WIRE[:60], WIRE[60:]):
            one.feed(piece)


def test_an_event_of_a_stream_is_bounded() -> None:
    with pytest.raises(Fault, match="more than 100 bytes"):
        pipe(event_bytes=100).feed(b"data: " + b"x" * 101)


def test_a_stop_that_is_an_error_is_no_good_end() -> None:
    one = pipe()
    one.feed(line(SAID[0]) + line(Stop("error")))
    assert one.ending == "failed"


def test_a_whole_answer_that_stopped_with_an_error_is_no_good_end_either() -> None:
    one = pipe(streamed=False)
    run(one, plain_format().encode_whole(fold([*SAID[:-1], Stop("error")])))
    assert one.ending == "failed"


@pytest.mark.parametrize("target", ["anthropic", "gemini"])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_call_that_the_client_cannot_be_told_is_no_good_end(target: Format, streamed: bool) -> None:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": nonsense}'}}
    said = {"choices": [{"index": 0, "delta" if streamed else "message": {"tool_calls": [call]}}]}
    ended = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    said["choices"][0] |= {} if streamed else {"finish_reason": "tool_calls"}
    stream = b"".join(b"data: %b\n\n" % orjson.dumps(told) for told in (said, ended)) + b"data: [DONE]\n\n"
    one = cells.pipe("openai-chat", target, streamed=streamed, stream=True)
    came = cells.through(one, stream if streamed else orjson.dumps(said))
    assert cells.ending(target, came.body) == "error" or b"MALFORMED_FUNCTION_CALL" in came.body
    assert came.ending == "failed"


def test_interleaved_calls_reach_the_client_with_their_own_arguments() -> None:
    events: list[Event] = [
        SAID[0],
        ToolStart(0, "a", "f"),
        ToolStart(1, "b", "g"),
        ToolArgs(1, '{"x":1.0}'),
        ToolArgs(0, "{}"),
        BlockEnd(0),
        BlockEnd(1),
        Stop("tools"),
    ]
    assert told(run(pipe(), b"".join(map(line, events))))[1:] == events[1:]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("stream", [True, False])
def test_json_that_nobody_can_walk_is_garbage_before_a_decoder_sees_it(streamed: bool, stream: bool) -> None:
    deep = b"[" * 300 + b"]" * 300
    one = pipe(streamed=streamed, stream=stream)
    with pytest.raises(Fault) as caught:
        run(one, b"data: %b\n\n" % deep if streamed else deep)
    assert caught.value.kind == "upstream_garbage"
    assert "nested" in caught.value.message


def test_a_stream_without_end_is_given_up() -> None:
    one = pipe(event_bytes=10**9)
    with pytest.raises(Fault, match="stream of more than"):
        for _ in range(STREAM_BYTES // 1_000_000 + 1):
            one.feed(b": " + b"x" * 999_997 + b"\n")


# A stop that is an error.

STOPPED: list[Event] = [Start("id", "served", 5), Usage(input_tokens=3), Stop("error", "MALFORMED")]


def to(target: FormatName, *, source: FormatName | None = None, streamed: bool = True) -> Pipe:
    client = ForClient("asked", "ours", 7, Mint("gemini", "p", "a"), _any_spelling(), Memory())
    read = plain_format() if source is None else BY_NAME[source]
    crossing = Crossing(read, BY_NAME[target], client, EncoderOptions(), 10_000, 10_000)
    return pipe_for_translation(crossing, streamed=streamed, stream=True)


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("target", ["openai-chat", "openai-responses", "anthropic"])
def test_an_error_that_is_all_there_is_has_a_true_status(target: FormatName, streamed: bool) -> None:
    wire = b"".join(map(line, STOPPED)) if streamed else plain_format().encode_whole(fold(STOPPED))
    one = to(target, streamed=streamed)
    with pytest.raises(Fault, match="MALFORMED") as raised:
        run(one, wire)
    assert raised.value.status == 502
    assert one.ending == "failed"
    out = one.abort(raised.value)  # a keepalive may have gone out before
    assert out is not None
    assert b"MALFORMED" in out


@pytest.mark.parametrize("streamed", [True, False])
def test_a_format_with_a_word_for_such_a_stop_says_it(streamed: bool) -> None:
    wire = b"".join(map(line, STOPPED)) if streamed else plain_format().encode_whole(fold(STOPPED))
    assert b'"finishReason":"OTHER"' in run(to("gemini", streamed=streamed), wire)


def test_an_error_that_is_told_behind_the_head_is_known_before_it_goes_out() -> None:
    """Gemini's decoder tells its stop when the body ends, in a later read than the one that names it."""
    one = to("anthropic", source="gemini")
    told = b'data: {"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL"}],"responseId":"r"}\n\n'
    assert one.feed(told) == b""
    with pytest.raises(Fault, match="MALFORMED_FUNCTION_CALL"):
        one.close()


def test_what_was_kept_back_goes_out_in_front_of_what_comes_next() -> None:
    one = to("anthropic", source="gemini")
    assert one.feed(b'data: {"candidates":[{"finishReason":"STOP"}],"responseId":"r"}\n\n') == b""
    out = one.feed(b'data: {"candidates":[{"content":{"parts":[{"text":"late"}]}}]}\n\n') + one.close()
    assert [out.count(mark) for mark in (b"message_start", b"late", b"message_stop")] == [2, 1, 2]
    assert out.index(b"message_start") < out.index(b"late") < out.index(b"message_stop")


# An error that stands in no event, behind the last one.

_STARTS: dict[Format, bytes] = {
    "openai-chat": b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
    "openai-responses": b'data: {"type":"response.created","response":{"id":"r"}}\n\n'
    b'data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a"}\n\n',
    "anthropic": b'data: {"type":"message_start","message":{"id":"m"}}\n\n'
    b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
    b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}\n\n',
    "gemini": b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}],"responseId":"g"}\r\n\r\n',
}
_LEFT: dict[Format, bytes] = {
    "openai-chat": b'{"error":{"message":"no more of it","type":"server_error","code":504}}',
    "openai-responses": b'{"error":{"message":"no more of it","type":"rate_limit_error","code":"rate_limit_exceeded"}}',
    "anthropic": b'{"type":"error","error":{"type":"overloaded_error","message":"no more of it"}}',
    "gemini": b'{\n  "error": {\n    "code": 429,\n    "message": "no more of it"\n  }\n}\n',
}
_KINDS = {
    "openai-chat": "timeout",
    "openai-responses": "rate_limited",
    "anthropic": "overloaded",
    "gemini": "rate_limited",
}
_FINISHES: dict[Format, bytes] = {
    "openai-chat": b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    "openai-responses": b'data: {"type":"response.completed","response":{"id":"r"}}\n\n',
    "anthropic": b'data: {"type":"message_stop"}\n\n',
    "gemini": b'data: {"candidates":[{"finishReason":"STOP"}]}\r\n\r\n',
}
_LAYOUTS = [
    lambda left: left,
    lambda left: left.replace(b"\n", b"\r\n"),
    lambda left: b"[" + left + b"]\r\n",
]


def _told_error(target: Format, out: bytes) -> Failed:
    """The error that a client reads at the end of its stream."""
    events = [event for event in cells.events_of(target, out) if isinstance(event, Failed)]
    return events[-1]


@pytest.mark.parametrize(("source", "target"), cells.CELLS)
@pytest.mark.parametrize("layout", _LAYOUTS)
@pytest.mark.parametrize("step", [1, 5, 1000])
def test_json_that_tells_an_error_behind_the_last_event_ends_the_stream_in_it(
    source: Format, target: Format, layout: Callable[[bytes], bytes], step: int
) -> None:
    upstream = _STARTS[source] + layout(_LEFT[source])
    came = cells.through(cells.pipe(source, target, streamed=True, stream=True), upstream, range(step, 600, step))
    assert cells.ending(target, came.body) == "error"
    assert _told_error(target, came.body).message == "no more of it"
    assert came.ending == "failed"


@pytest.mark.parametrize(("source", "target"), cells.CELLS)
@pytest.mark.parametrize(("start", "stream"), [("", True), ("", False), ("said", False)])
@pytest.mark.parametrize("layout", _LAYOUTS)
def test_where_nothing_has_been_sent_it_is_raised(
    source: Format, target: Format, start: str, stream: bool, layout: Callable[[bytes], bytes]
) -> None:
    upstream = (_STARTS[source] if start else b"") + layout(_LEFT[source])
    came = cells.through(cells.pipe(source, target, streamed=True, stream=stream), upstream)
    assert came.fault is not None
    assert (came.fault.kind, came.fault.message) == (_KINDS[source], "no more of it")
    assert came.ending == "failed"


@pytest.mark.parametrize(("source", "target"), cells.CELLS)
def test_a_connection_that_breaks_behind_it_does_not_hide_it(source: Format, target: Format) -> None:
    one = cells.pipe(source, target, streamed=True, stream=True)
    out = one.feed(_STARTS[source] + _LEFT[source])
    out += one.abort(Fault("unreachable", "gone")) or b""
    assert cells.ending(target, out) == "error"
    assert _told_error(target, out).message == "no more of it"
    assert one.ending == "failed"


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("stream", [True, False])
def test_half_of_it_is_a_stream_that_ended_too_early(source: Format, stream: bool) -> None:
    target: Format = "anthropic" if source == "gemini" else "gemini"
    left = _LEFT[source].rstrip()
    for cut in range(1, len(left)):
        one = cells.pipe(source, target, streamed=True, stream=stream)
        came = cells.through(one, _STARTS[source] + left[:cut])
        said = came.fault.message if came.fault is not None else _told_error(target, came.body).message
        assert said == "the upstream's stream ended before it was complete"
        assert came.ending == ("incomplete" if stream else "failed")


@pytest.mark.parametrize(("source", "target"), cells.CELLS)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("framed", [b"", b"data: "])
def test_behind_a_good_end_it_is_nobodys_trouble(source: Format, target: Format, stream: bool, framed: bytes) -> None:
    upstream = _STARTS[source] + _FINISHES[source]
    left = framed + _LEFT[source].replace(b"\n", b"")
    alone = cells.through(cells.pipe(source, target, streamed=True, stream=stream), upstream)
    came = cells.through(cells.pipe(source, target, streamed=True, stream=stream), upstream + left)
    assert alone.ending == "ok"
    assert came == alone


def test_what_is_left_is_no_answer_though_it_looks_like_the_end_of_one() -> None:
    one = cells.pipe("openai-chat", "anthropic", streamed=True, stream=True)
    finish = _FINISHES["openai-chat"].removeprefix(b"data: ").rstrip()
    came = cells.through(one, _STARTS["openai-chat"] + finish)
    assert (cells.ending("anthropic", came.body), came.ending) == ("error", "incomplete")


@pytest.mark.parametrize("breaks", [False, True])
def test_it_loses_our_credential(breaks: bool) -> None:
    client = ForClient(
        "asked", "ours", 7, Mint("gemini", "p", "a"), _any_spelling(), Memory(), secret=Secret("sk-lab-0123456789")
    )
    crossing = Crossing(BY_NAME["openai-chat"], BY_NAME["anthropic"], client, EncoderOptions(), 10_000, 10_000)
    one = pipe_for_translation(crossing, streamed=True, stream=True)
    one.feed(_STARTS["openai-chat"] + rb'{"error":{"message":"bad key sk\u002dlab-0123456789","code":401}}')
    out = one.abort(Fault("unreachable", "gone")) if breaks else one.close()
    assert out is not None
    assert b"bad key [redacted]" in out
