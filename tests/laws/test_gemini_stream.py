"""Laws of the Gemini codec: for every legal order of events, cut anywhere, and for what Google really sends."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.gemini import FORMAT
from fastproxy.formats.tap import Tap, marks
from fastproxy.framing.jsonarray import ArrayReader
from fastproxy.framing.sse import EventReader
from fastproxy.ir.events import BlockEnd, Event, Failed, Opaque, Start, Stop, Usage
from fastproxy.ir.fold import Response, fold
from laws.event_lists import responses
from laws.grammar_gemini import joined, read, read_array, read_chunks
from laws.recorded import streams
from support import recordings
from support.sdks import gemini_body, gemini_stream

LONE_SURROGATE = b"\\ud83d"


def write(events: list[Event], *, array: bool = False) -> bytes:
    encoder = FORMAT.encoder(EncoderOptions(array=array))
    stream = b"".join([*map(encoder.encode, events), encoder.close()])
    return stream.replace(LONE_SURROGATE, b"?")


def whole(events: list[Event]) -> dict[str, Any]:
    """The body, as the one chunk that it is."""
    body = FORMAT.encode_whole(fold(events)).replace(LONE_SURROGATE, b"?")
    return read_chunks([orjson.loads(body)])[1]


def decode(stream: bytes, *, array: bool = False) -> list[Event]:
    """What our decoder makes of a stream; it is checked to be a legal order of events."""
    decoder, reader = FORMAT.decoder(), ArrayReader(1 << 24) if array else EventReader(1 << 24)
    payloads = [*reader.feed(stream), *reader.close()]
    told = [event for data in payloads for event in decoder.decode(data)] + decoder.close()
    assert decoder.finished == isinstance(told[-1], Stop)
    require_legal(told)
    return told


def require_legal(told: list[Event]) -> None:
    """Start (content BlockEnd)* Usage* Stop, one block at a time, numbers dense; or a Failed anywhere behind Start."""
    assert isinstance(told[-1], Stop | Failed)
    assert isinstance(told[0], Start | Failed)
    opened, ended, counted = -1, -1, False
    for event in told[1:-1]:
        if isinstance(event, Usage):
            counted = True
            continue
        assert not counted, "content behind the tokens"
        if isinstance(event, Opaque):
            assert opened == ended, "something else within a block"
        elif isinstance(event, BlockEnd):
            assert event.block == opened == ended + 1
            ended = opened
        else:
            assert not isinstance(event, Start | Stop | Failed)
            assert event.block == ended + 1
            opened = event.block
    assert opened == ended or isinstance(told[-1], Failed), "a block without an end"


@given(responses())
def test_what_is_written_is_read_back_whole_or_in_pieces(events: list[Event]) -> None:
    body = FORMAT.encode_whole(fold(events)).replace(LONE_SURROGATE, b"?")
    read_back: Response = FORMAT.decode_whole(body)
    assert fold(decode(write(events))) == read_back
    assert fold(decode(write(events, array=True), array=True)) == read_back


@given(responses(), st.data())
def test_a_stream_cut_at_any_byte_is_never_a_finished_one(events: list[Event], data: st.DataObject) -> None:
    stream = write(events)
    kept = data.draw(st.integers(0, stream.rindex(b"data: ")))
    (*_, last) = decode(stream[:kept])[-1:] if _whole_events(stream[:kept]) else [Failed("upstream_garbage", "")]
    assert isinstance(last, Failed)


def _whole_events(stream: bytes) -> bool:
    """Whether a cut lies between two events: half a one is no JSON, which the decoder refuses aloud."""
    return not stream or stream.endswith(b"\n\n")


@given(responses())
def test_a_finished_response_obeys_the_grammar_and_says_what_the_whole_body_says(events: list[Event]) -> None:
    ending, told = read(write(events))
    assert ending == "finished"
    assert told == whole(events)


@given(responses())
def test_the_array_form_holds_the_same_chunks(events: list[Event]) -> None:
    assert read_array(write(events, array=True)) == read(write(events))


@given(responses(), st.booleans(), st.data())
def test_a_response_cut_after_any_event_ends_in_an_error_and_never_looks_finished(
    events: list[Event], array: bool, data: st.DataObject
) -> None:
    kept = data.draw(st.integers(0, len(events) - 1))
    stream = write(events[:kept], array=array)
    ending, told = (read_array if array else read)(stream)
    assert ending == "error"
    assert told["finishReason"] is None


@settings(max_examples=30, deadline=None)
@given(responses())
def test_the_official_sdk_reads_stream_and_body_alike_and_complains_of_neither(events: list[Event]) -> None:
    body = FORMAT.encode_whole(fold(events)).replace(LONE_SURROGATE, b"?")
    chunks, answer = gemini_stream(write(events)), gemini_body(body)
    parts = [part.to_json_dict() for chunk in chunks for part in chunk.candidates[0].content.parts or []]
    assert joined(parts) == joined([part.to_json_dict() for part in answer.candidates[0].content.parts or []])
    assert chunks[-1].candidates[0].finish_reason == answer.candidates[0].finish_reason
    assert chunks[-1].usage_metadata == answer.usage_metadata


@pytest.mark.parametrize("name", streams("gemini"))
def test_the_grammar_accepts_what_google_really_sends(name: str) -> None:
    assert read(recordings.load(name).answer)[0] == "finished"


@pytest.mark.parametrize("name", streams("gemini"))
def test_what_google_really_sends_is_read_to_its_end_with_the_tokens_that_the_tap_sees(name: str) -> None:
    answer = recordings.load(name).answer
    told = decode(answer)
    assert isinstance(told[-1], Stop)
    tap = Tap(marks(FORMAT.tap))
    tap.feed(answer)
    assert fold(told).usage == tap.usage()
    assert fold(told).start.model == tap.model


@pytest.mark.parametrize("name", streams("gemini"))
def test_what_google_really_sends_says_the_same_streamed_and_whole_after_a_round(name: str) -> None:
    told = decode(recordings.load(name).answer)
    again = fold(decode(write(told)))
    assert again == FORMAT.decode_whole(FORMAT.encode_whole(fold(told)))
    assert [block for block in again.blocks if block] == list(fold(told).blocks)
