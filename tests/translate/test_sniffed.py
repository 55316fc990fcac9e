"""Answers whose content type says nothing or the wrong thing: what they are is told by their first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats.base import EncoderOptions
from fastproxy.ir.events import BlockEnd, Event, Failed, Start, Stop, Text
from fastproxy.ir.fold import fold, unfold
from fastproxy.translate.memory import Memory
from fastproxy.translate.passes import ForClient
from fastproxy.translate.response import Crossing
from fastproxy.translate.seal import Mint
from fastproxy.translate.sniffed import Sniffed, is_stream
from support.plain_format import END, line, plain_format, told

SAID: list[Event] = [Start("id", "served", 5), Text(0, "hel"), Text(0, "lo"), BlockEnd(0), Stop("end")]
ASKED = [Start("id", "asked", 5), *SAID[1:]]
STREAM = b"".join(map(line, SAID))
WHOLE = b"[%b]" % b",".join(line(event).removeprefix(b"data: ").strip() for event in SAID)


def pipe(*, stream: bool = True) -> Sniffed:
    format_ = plain_format()
    client = ForClient("asked", "ours", 7, Mint("gemini", "p", "a"), plain_format(spelling=".*").spelling, Memory())
    return Sniffed(Crossing(format_, format_, client, EncoderOptions(), 10_000, 10_000), stream=stream)


def run(one: Sniffed, *pieces: bytes) -> bytes:
    return b"".join([*map(one.feed, pieces), one.close()])


@pytest.mark.parametrize(
    ("start", "streamed"),
    [
        (b"data: {}", True),
        (b'data:{"x":1}', True),
        (b"event: message_start\n", True),
        (b"id: 1\n", True),
        (b"retry: 3000\n", True),
        (b": OPENROUTER PROCESSING\n", True),
        (b"\xef\xbb\xbfdata: {}", True),
        (b"\r\n\r\n\ndata: {}", True),
        (b'{"data": 1}', False),
        (b"[{", False),
        (b'  {"id":1}', False),
        (b"error: none", False),
        (b"internal error", False),
        (b"", None),
        (b"\n\r\n", None),
        (b"\xef\xbb", None),
        (b"dat", None),
        (b"event", None),
    ],
)
def test_the_first_bytes_tell_what_it_is(start: bytes, *, streamed: bool | None) -> None:
    assert is_stream(start) is streamed


@given(st.lists(st.integers(0, len(STREAM)), max_size=6), st.sampled_from([b"", b"\n\n", b"\xef\xbb\xbf", b": hi\n\n"]))
def test_a_stream_without_a_label_is_translated_as_it_comes_however_it_is_split(cuts: list[int], before: bytes) -> None:
    body, cuts = before + STREAM, sorted(cuts)
    one = pipe()
    out = run(one, *(body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)))
    assert told(out) == ASKED
    assert out.endswith(END)
    assert (one.ending, one.tap.model) == ("ok", "served")


def test_its_events_do_not_wait_for_the_end() -> None:
    one = pipe()
    assert told(one.feed(line(SAID[0]) + line(SAID[1]))) == ASKED[:2]


def test_a_client_that_wants_no_stream_gets_the_whole_of_one() -> None:
    assert run(pipe(stream=False), STREAM) == run(pipe(stream=False), WHOLE) != b""


@given(st.lists(st.integers(0, len(WHOLE)), max_size=6))
def test_a_whole_answer_is_one_however_it_is_split(cuts: list[int]) -> None:
    cuts = sorted(cuts)
    pieces = [WHOLE[a:b] for a, b in zip([0, *cuts], [*cuts, len(WHOLE)], strict=True)]
    assert told(run(pipe(), b"\n", *pieces)) == unfold(fold(ASKED))


def test_a_keepalive_may_stand_between_the_events_of_a_stream_and_not_before_a_whole_answer() -> None:
    one = pipe()
    assert not one.quiet
    one.feed(STREAM[:20])
    assert one.quiet
    whole = pipe()
    whole.feed(WHOLE[:20])
    assert not whole.quiet


@pytest.mark.parametrize("body", [b"", b"\n", b"da", b"internal error", line(SAID[0])])
def test_what_is_neither_or_ends_early_is_no_success(body: bytes) -> None:
    one = pipe(stream=False)
    with pytest.raises(Fault) as raised:
        run(one, body)
    assert raised.value.kind == "upstream_garbage"
    assert one.ending != "ok"


def test_an_upstream_that_breaks_off_within_a_stream_ends_in_the_clients_error_event() -> None:
    one = pipe()
    one.feed(line(SAID[0]))
    said = one.abort(Fault("unreachable", "it broke"))
    assert said is not None
    assert told(said) == [Failed("unreachable", "it broke")]
    assert one.ending == "incomplete"
