"""Pipes: what the client gets for what the upstream sent. Laws over any split are in laws/test_any_split.py."""

import re
from collections.abc import Callable

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME, FORMATS
from fastproxy.formats.base import Format
from fastproxy.formats.tails import error_left
from fastproxy.framing.sse import payloads
from fastproxy.pipe import ERROR_BYTES, Pipe, pipe_for_body, pipe_for_error, pipe_for_stream
from fastproxy.reshaped import Enveloped

CHAT = BY_NAME["openai-chat"]
GONE = Fault("unreachable", "the upstream broke off")
HELLO = b'data: {"choices":[{"delta":{"content":"hello"},"finish_reason":null}]}\n\n'
FINISH = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n'
DONE = b"data: [DONE]\n\n"


def stream(*, format_: Format = CHAT, line_bytes: int = 1000, unasked_usage: bool = False) -> Pipe:
    return pipe_for_stream(format_, line_bytes, unasked_usage=unasked_usage)


def body(*, encoded: bool = False, json: bool = True) -> Pipe:
    return pipe_for_body(CHAT, encoded=encoded, json=json)


# Streams.


def test_half_an_event_is_held_back_until_it_is_whole():
    pipe = stream()
    assert pipe.feed(HELLO + HELLO[:20]) == HELLO
    assert not pipe.quiet
    assert pipe.feed(HELLO[20:30]) == b""
    assert pipe.feed(HELLO[30:] + HELLO[:5]) == HELLO
    assert pipe.feed(HELLO[5:]) == HELLO
    assert pipe.quiet


def test_a_whole_event_is_the_very_object_that_came():
    assert stream().feed(HELLO) is HELLO


@pytest.mark.parametrize("blank", [b"\r\n\r\n", b"\r\r"])
def test_a_blank_line_may_be_cut_in_two(blank: bytes):
    event = HELLO.rstrip() + blank
    for cut in range(1, len(event)):
        pipe = stream()
        assert pipe.feed(event[:cut]) + pipe.feed(event[cut:]) == event


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_a_stream_that_ends_without_its_end_mark_gets_the_error_event_of_its_format(format_: Format):
    pipe = stream(format_=format_)
    assert pipe.feed(b'data: {"x":1}\n\ndata: {"half') == b'data: {"x":1}\n\n'
    assert pipe.close().startswith((b"event: error\ndata: ", b"data: "))
    assert pipe.ending == "incomplete"


def test_a_torn_end_mark_does_not_count():
    pipe = stream()
    pipe.feed(HELLO + FINISH[:-5])
    last = pipe.close()
    assert b"finish_reason" not in last
    assert b'"error"' in last
    assert pipe.ending == "incomplete"


def test_a_good_stream_without_its_last_blank_line_is_whole():
    pipe = stream()
    assert pipe.feed(HELLO + FINISH.rstrip()) + pipe.close() == HELLO + FINISH.rstrip()
    assert pipe.ending == "ok"


@pytest.mark.parametrize("done", [DONE, DONE.rstrip(), b"data:[DONE]\r\n\r\n"])
def test_a_chat_stream_that_says_only_that_it_is_done_is_whole(done: bytes):
    pipe = stream()
    assert pipe.feed(HELLO + done) + pipe.close() == HELLO + done
    assert pipe.ending == "ok"


@pytest.mark.parametrize("last", [b"data: [DONE", b'data: {"choices":[{"delta":{"content":"\\ndata: [DONE]"}}]}\n\n'])
def test_half_a_mark_or_one_that_the_model_wrote_ends_nothing(last: bytes):
    pipe = stream()
    assert b'"error"' in pipe.feed(HELLO + last) + pipe.close()
    assert pipe.ending == "incomplete"


def test_what_is_torn_behind_the_end_stays_behind():
    pipe = stream()
    assert pipe.feed(FINISH + USAGE[:30]) == FINISH
    assert pipe.abort(GONE) == b""
    assert pipe.ending == "ok"


def test_an_error_event_of_the_upstreams_own_is_the_end():
    event = b'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n'
    pipe = stream()
    assert pipe.feed(HELLO + event) == HELLO + event
    assert pipe.close() == b""
    assert pipe.ending == "failed"


def test_the_error_event_goes_on_counting_where_the_client_stands():
    pipe = stream(format_=BY_NAME["openai-responses"])
    pipe.feed(
        b'data: {"type":"response.created","sequence_number":0}\n\ndata: {"type":"x","sequence_number":1}\n\ndata: {"ty'
    )
    last = pipe.abort(GONE)
    assert last is not None
    assert orjson.loads(last.partition(b"data: ")[2])["sequence_number"] == 2


def test_an_event_without_end_is_a_fault():
    pipe = stream(line_bytes=100)
    with pytest.raises(Fault) as caught:
        for _ in range(20):
            pipe.feed(b"data: xxxx")
    assert caught.value.kind == "upstream_garbage"


def test_many_events_may_together_be_longer_than_one_may_be():
    pipe = stream(line_bytes=100)
    assert pipe.feed(HELLO * 50) == HELLO * 50


def test_a_usage_chunk_that_the_client_did_not_ask_for_is_taken_out():
    pipe = stream(unasked_usage=True)
    out = pipe.feed(HELLO + FINISH) + pipe.feed(USAGE) + pipe.feed(DONE) + pipe.close()
    assert out == HELLO + FINISH + DONE
    assert pipe.tap.usage().output_tokens == 4
    assert pipe.ending == "ok"


def test_a_usage_chunk_is_taken_out_also_within_one_read_and_without_its_blank_line():
    assert stream(unasked_usage=True).feed(HELLO + USAGE + DONE) == HELLO + DONE
    pipe = stream(unasked_usage=True)
    assert pipe.feed(FINISH + USAGE.rstrip()) + pipe.close() == FINISH


@pytest.mark.parametrize(
    "kept",
    [
        b'data: {"choices":[],"prompt_filter_results":[]}\n\n',
        b'data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":3}}\n\n',
        b'data: {"choices":[],"usage":null}\n\n',
    ],
)
def test_chunks_that_say_more_than_usage_stay(kept: bytes):
    assert stream(unasked_usage=True).feed(kept + USAGE) == kept


def test_a_usage_chunk_that_was_asked_for_stays():
    assert stream().feed(USAGE) == USAGE


# An error that stands in no event, behind the last one.

LEFT = {
    "openai-chat": {"error": {"message": "no more of it", "type": "server_error", "code": 504}},
    "openai-responses": {"error": {"message": "no more of it", "type": "server_error", "code": "server_error"}},
    "anthropic": {"type": "error", "error": {"type": "overloaded_error", "message": "no more of it"}},
    "gemini": {"error": {"code": 503, "message": "no more of it", "status": "UNAVAILABLE"}},
}
SAID = b'data: {"x":1}\n\n'
LAYOUTS = {
    "on one line": orjson.dumps,
    "over lines": lambda error: orjson.dumps(error, option=orjson.OPT_INDENT_2) + b"\n",
    "with CRLF": lambda error: orjson.dumps(error, option=orjson.OPT_INDENT_2).replace(b"\n", b"\r\n") + b"\r\n",
    "in a list": lambda error: b"[" + orjson.dumps(error, option=orjson.OPT_INDENT_2) + b"\n]\n",
}
BLANKS = {
    "with blank lines in it": lambda error: (
        orjson.dumps(error, option=orjson.OPT_INDENT_2).replace(b"\n", b"\n\n") + b"\n"
    ),
    "with a blank line behind it": lambda error: orjson.dumps(error) + b"\r\n\r\n",
}


def last_error(format_: Format, out: bytes) -> bytes:
    """The data of the only event that a client finds in `out`, which must end with it."""
    assert out.endswith(b"\n\n")
    (data,) = payloads(out)
    assert orjson.loads(data) == orjson.loads(payloads(format_.fault_event(error_of(format_), b"\n\n"))[0])
    return data


def error_of(format_: Format) -> Fault:
    told = error_left(format_, orjson.dumps(LEFT[format_.name]))
    assert told is not None
    assert told.message == "no more of it"
    return told


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize("breaks", [False, True])
def test_json_that_tells_an_error_behind_the_last_event_becomes_the_error_event(
    format_: Format, layout: Callable[[object], bytes], step: int, breaks: bool
):
    pipe, tail = stream(format_=format_), layout(LEFT[format_.name])
    assert pipe.feed(SAID) == SAID
    assert b"".join(pipe.feed(tail[at : at + step]) for at in range(0, len(tail), step)) == b""
    last_error(format_, (pipe.abort(GONE) if breaks else pipe.close()) or b"")
    assert pipe.ending == "failed"


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_one_behind_a_hosts_envelopes_becomes_the_error_event_too(layout: Callable[[object], bytes], step: int):
    format_, tail = BY_NAME["gemini"], layout(LEFT["gemini"])
    pipe = Enveloped(stream(format_=format_), "response", streamed=True, event_bytes=1000, body_bytes=1000)
    said = pipe.feed(b'data: {"response":{"x":1}}\n\n')
    assert b"".join(pipe.feed(tail[at : at + step]) for at in range(0, len(tail), step)) == b""
    out = pipe.close()
    assert (payloads(said), pipe.ending) == ([b'{"x":1}'], "failed")
    assert b"no more of it" in payloads(out)[0]


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
@pytest.mark.parametrize("layout", BLANKS.values(), ids=BLANKS)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_one_with_blank_lines_becomes_the_error_event_too(
    format_: Format, layout: Callable[[object], bytes], step: int
):
    pipe, tail = stream(format_=format_), SAID + layout(LEFT[format_.name])
    out = b"".join(pipe.feed(tail[at : at + step]) for at in range(0, len(tail), step)) + pipe.close()
    assert out.startswith(SAID)
    last_error(format_, out.removeprefix(SAID))
    assert pipe.ending == "failed"


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
@pytest.mark.parametrize("layout", [*LAYOUTS.values(), *BLANKS.values()], ids=[*LAYOUTS, *BLANKS])
def test_half_of_such_json_is_a_stream_that_ended_too_early(format_: Format, layout: Callable[[object], bytes]):
    tail = layout(LEFT[format_.name]).rstrip().rstrip(b"]").rstrip()
    for cut in range(1, len(tail)):
        pipe = stream(format_=format_)
        out = pipe.feed(SAID + tail[:cut]) + pipe.close()
        (_, data) = payloads(out)
        assert b"ended before it was complete" in data
        assert pipe.ending == "incomplete"


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_in_place_of_the_first_event_it_has_a_true_status(format_: Format):
    pipe = stream(format_=format_)
    assert pipe.feed(orjson.dumps(LEFT[format_.name])) == b""
    with pytest.raises(Fault, match="no more of it") as caught:
        pipe.close()
    assert (caught.value.kind, caught.value.status) == (error_of(format_).kind, error_of(format_).status)
    assert pipe.ending == "failed"
    last_error(format_, pipe.abort(caught.value) or b"")  # a keepalive of ours may have gone out meanwhile


@pytest.mark.parametrize("end", [FINISH, DONE])
@pytest.mark.parametrize("tail", [b'{"error":{"message":"late"}}', b'{"error":{"message":"la'])
def test_behind_a_good_end_it_is_nobodys_trouble(end: bytes, tail: bytes):
    pipe = stream()
    out = pipe.feed(HELLO + end) + pipe.feed(tail) + pipe.close()
    assert payloads(out) == payloads(HELLO + end)
    assert pipe.ending == "ok"


@pytest.mark.parametrize("end", [FINISH, DONE])
def test_behind_a_good_end_it_is_followed_by_no_error_event_even_where_it_has_gone_out(end: bytes):
    pipe, tail = stream(), b'{"error":{}}\n\n'
    assert pipe.feed(HELLO + end) + pipe.feed(tail) + pipe.close() == HELLO + end + tail


def test_behind_an_error_event_it_adds_nothing():
    event = b'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n'
    pipe = stream()
    assert pipe.feed(HELLO + event) + pipe.feed(b'{"error":{"message":"again"}}') + pipe.close() == HELLO + event
    assert pipe.ending == "failed"


def test_a_long_last_event_before_it_changes_nothing():
    long = b'data: {"x":"' + b'{\\"' * 1000 + b'"}\n\n'
    for tail in (
        LAYOUTS["over lines"](LEFT["openai-chat"]),
        BLANKS["with a blank line behind it"](LEFT["openai-chat"]),
    ):
        pipe = stream(line_bytes=10_000)
        last_error(CHAT, (pipe.feed(long + tail) + pipe.close()).removeprefix(long))
        assert pipe.ending == "failed"


@pytest.mark.parametrize("quoted", [b"sk-lab-0123456789", rb"sk\u002dlab-0123456789"])
@pytest.mark.parametrize("said", [HELLO, b""])
def test_it_loses_our_credential(quoted: bytes, said: bytes):
    pipe = pipe_for_stream(CHAT, 1000, unasked_usage=True, secret=SECRET)
    tail = b'{"object":"error","message":"bad key %b","code":401}' % quoted
    assert pipe.feed(said + tail) == said
    if not said and b"u002d" not in quoted:
        with pytest.raises(Fault, match=re.escape("bad key [redacted]")):
            pipe.close()
    assert b"bad key [redacted]" in (pipe.abort(GONE) or b"")


# Whole answers.


def test_a_whole_answer_passes_at_once():
    pipe = body()
    assert (
        pipe.feed(b'{"usage":{"prompt_tokens":3,"completion_tokens":4}')
        == b'{"usage":{"prompt_tokens":3,"completion_tokens":4}'
    )
    assert pipe.feed(b"}\n") == b"}\n"
    assert pipe.close() == b""
    assert pipe.tap.usage().input_tokens == 3
    assert (pipe.ending, pipe.quiet) == ("ok", False)


@pytest.mark.parametrize("cut", [b"", b"{", b'{"a":1', b'{"a":"}"'])
def test_json_that_stops_short_is_a_fault(cut: bytes):
    pipe = body()
    pipe.feed(cut)
    with pytest.raises(Fault) as caught:
        pipe.close()
    assert caught.value.kind == "upstream_garbage"
    assert pipe.ending == "incomplete"


def test_a_broken_whole_answer_can_only_be_cut():
    pipe = body()
    pipe.feed(b'{"a":1')
    assert pipe.abort(GONE) is None
    assert pipe.ending == "incomplete"


def test_an_encoded_answer_is_not_looked_into():
    pipe = body(encoded=True)
    data = b'"model":"x"\x1f\x8b'
    assert pipe.feed(data) == data
    assert pipe.close() == b""
    assert pipe.tap.model == ""


def test_an_answer_that_does_not_say_it_is_json_need_not_end_as_json():
    pipe = body(json=False)
    assert pipe.feed(b"plain") + pipe.close() == b"plain"


# Errors.


def test_an_error_body_passes_whole_less_our_credential():
    pipe = pipe_for_error(CHAT, b"sk-lab-secret")
    assert pipe.feed(b'{"error":"bad key sk-lab') == b""
    assert pipe.feed(b'-secret!"}') == b""
    assert pipe.close() == b'{"error":"bad key [redacted]!"}'
    assert pipe.ending == "failed"


def test_without_a_credential_nothing_is_taken_out():
    pipe = pipe_for_error(CHAT, b"")
    pipe.feed(b"abc")
    assert pipe.close() == b"abc"


@pytest.mark.parametrize("before", range(-20, 5))
def test_a_huge_error_body_streams_and_its_credential_is_still_found(before: int):
    secret = b"sk-lab-secret"
    whole = b"x" * (ERROR_BYTES + before) + secret + b"y" * 100
    pipe = pipe_for_error(CHAT, secret)
    head = pipe.feed(whole[: ERROR_BYTES + 1])
    assert head != b""
    out = head + pipe.feed(whole[ERROR_BYTES + 1 :]) + pipe.close()
    assert out == whole.replace(secret, b"[redacted]")


def test_a_huge_error_body_without_a_credential_is_not_kept():
    pipe = pipe_for_error(CHAT, b"")
    assert len(pipe.feed(b"x" * (ERROR_BYTES + 1))) == ERROR_BYTES + 1
    assert pipe.close() == b""


# Errors that come with a good status.

SECRET = b"sk-lab-0123456789"
QUOTED = b'data: {"error":{"message":"bad key sk-lab-0123456789","code":401}}\n\n'


@pytest.mark.parametrize("cut", range(0, len(QUOTED), 5))
def test_an_error_event_loses_our_credential_wherever_the_reads_cut_it(cut: int):
    pipe = pipe_for_stream(CHAT, 1000, unasked_usage=False, secret=SECRET)
    out = pipe.feed(HELLO) + pipe.feed(QUOTED[:cut]) + pipe.feed(QUOTED[cut:]) + pipe.close()
    assert out == HELLO + QUOTED.replace(SECRET, b"[redacted]")


def test_an_error_event_without_its_blank_line_loses_our_credential_too():
    pipe = pipe_for_stream(CHAT, 1000, unasked_usage=True, secret=SECRET)
    out = pipe.feed(QUOTED.rstrip()) + pipe.close()
    assert out == QUOTED.rstrip().replace(SECRET, b"[redacted]")


def test_what_comes_behind_an_error_loses_our_credential_too():
    pipe = pipe_for_stream(CHAT, 1000, unasked_usage=False, secret=SECRET)
    pipe.feed(QUOTED)
    assert pipe.feed(b'data: {"key":"sk-lab-0123456789"}\n\n') == b'data: {"key":"[redacted]"}\n\n'


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_the_error_events_of_every_format_lose_our_credential(format_: Format):
    event = format_.fault_event(Fault("upstream_refused", "bad key sk-lab-0123456789"), b"\n\n")
    pipe = pipe_for_stream(format_, 1000, unasked_usage=False, secret=SECRET)
    assert pipe.feed(event) + pipe.close() == event.replace(SECRET, b"[redacted]")


def test_an_answer_keeps_what_it_says_of_a_key():
    said = HELLO.replace(b"hello", SECRET)
    assert pipe_for_stream(CHAT, 1000, unasked_usage=False, secret=SECRET).feed(said) == said
    whole = b'{"choices":[{"message":{"content":"sk-lab-0123456789"}}]}'
    assert pipe_for_body(CHAT, encoded=False, json=True, secret=SECRET).feed(whole) == whole


@pytest.mark.parametrize("secret", [SECRET, b"sk-lab"])
def test_an_error_for_a_whole_answer_loses_our_credential_and_keeps_its_length(secret: bytes):
    told = b'{"error":{"message":"bad key %b","code":401}}' % secret
    out = pipe_for_body(CHAT, encoded=False, json=True, secret=secret).feed(told)
    assert secret not in out
    assert b"[redac" in out
    assert len(out) == len(told)
    assert orjson.loads(out)["error"]["code"] == 401
