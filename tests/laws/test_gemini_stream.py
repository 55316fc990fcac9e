"""Laws of the Gemini encoder: for every legal order of events, and cut anywhere."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.gemini import FORMAT
from fastproxy.ir.events import Event
from fastproxy.ir.fold import fold
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
