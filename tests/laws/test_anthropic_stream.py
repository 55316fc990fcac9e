"""Laws of the Anthropic encoder: for every legal order of events, and cut anywhere."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.formats.anthropic import FORMAT
from fastproxy.formats.base import EncoderOptions
from fastproxy.ir.events import Event
from fastproxy.ir.fold import fold
from laws.event_lists import responses
from laws.grammar_anthropic import read
from laws.recorded import streams
from support import recordings
from support.sdks import anthropic_body, anthropic_stream

LONE_SURROGATE = b"\\ud83d"


def write(events: list[Event]) -> bytes:
    encoder = FORMAT.encoder(EncoderOptions())
    return b"".join([*map(encoder.encode, events), encoder.close()])


def told(body: bytes) -> dict[str, Any]:
    message: dict[str, Any] = orjson.loads(body.replace(LONE_SURROGATE, b"?"))
    return message


@given(responses())
def test_a_finished_response_obeys_the_grammar_and_says_what_the_whole_body_says(events: list[Event]) -> None:
    ending, message = read(write(events))
    assert ending == "finished"
    assert message == told(FORMAT.encode_whole(fold(events)))


@given(responses(), st.data())
def test_a_response_cut_after_any_event_ends_in_an_error_and_never_looks_finished(
    events: list[Event], data: st.DataObject
) -> None:
    kept = data.draw(st.integers(0, len(events) - 1))
    stream = write(events[:kept])
    assert read(stream)[0] == "error"
    assert b"message_stop" not in stream
    assert b"message_delta" not in stream


@given(responses())
def test_every_event_is_written_whole_so_that_a_keepalive_may_follow_any_of_them(events: list[Event]) -> None:
    encoder = FORMAT.encoder(EncoderOptions())
    pieces = [encoder.encode(event) for event in events]
    assert all(piece.endswith(b"\n\n") for piece in pieces if piece)
    assert read(FORMAT.keepalive.join(filter(None, pieces)))[0] == "finished"


@settings(max_examples=30, deadline=None)
@given(responses())
def test_the_official_sdk_reads_stream_and_body_alike_and_complains_of_neither(events: list[Event]) -> None:
    stream, body = write(events), FORMAT.encode_whole(fold(events))
    if LONE_SURROGATE in body:  # the SDK's own JSON parser refuses these
        return
    streamed, whole = anthropic_stream(stream).to_dict(), anthropic_body(body).to_dict()
    assert streamed["content"] == whole["content"]
    assert streamed["usage"]["output_tokens"] == whole["usage"]["output_tokens"]
    assert streamed["stop_reason"] == whole["stop_reason"]


@pytest.mark.parametrize("name", streams("anthropic", made_wrong=("duplicate-message-start",)))
def test_the_grammar_accepts_what_anthropic_really_sends(name: str) -> None:
    assert read(recordings.load(name).answer)[0] == "finished"
