"""Laws of the Anthropic codec: for every legal order of events, cut anywhere, and for every recorded answer."""

from contextlib import suppress
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats.anthropic import FORMAT
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.tap import Tap, marks
from fastproxy.framing.sse import EventReader
from fastproxy.ir.events import BlockEnd, Citation, Event, Failed, Reasoning, Refusal, Start, Stop, Text, ToolStart
from fastproxy.ir.fold import OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall, fold
from laws.event_lists import responses
from laws.grammar_anthropic import read
from laws.recorded import streams
from support import recordings
from support.sdks import anthropic_body, anthropic_stream

LONE_SURROGATE = b"\\ud83d"
MADE_WRONG = ("duplicate-message-start", "spliced-message-start")

_texts = st.text(max_size=6)
_whole_blocks = st.one_of(
    st.builds(lambda text: [Refusal(0, text)], _texts),
    st.builds(
        lambda text, url, title: [Text(0, text), Citation(0, url, title, cited=text), Citation(0, url)],
        _texts,
        _texts,
        _texts,
    ),
    st.builds(
        lambda text, bound: [Reasoning(0, "", text or "s", bound)],
        _texts,
        st.sampled_from(["thinking", "redacted", "call", "text"]),
    ),
)


_words = st.sampled_from([
    "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
    "message_stop", "error", "text", "tool_use", "text_delta", "thinking", "input_json_delta", "citations_delta", 0, 1,
])  # fmt: skip
_keys = st.sampled_from([
    "type", "index", "delta", "message", "content_block", "usage", "error", "text", "input", "id", "citations",
])  # fmt: skip
_anything = st.recursive(
    st.none() | st.integers(-9, 9) | _texts | _words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner | _words, max_size=4),
    max_leaves=14,
)


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """A legal response, with more blocks before its stop: refusals, citations, signatures without text."""
    events: list[Event] = draw(responses())
    number = 1 + max((event.block for event in events if hasattr(event, "block")), default=-1)
    more: list[Event] = []
    for block in draw(st.lists(_whole_blocks, max_size=3)):
        more += [msgspec.structs.replace(event, block=number) for event in block] + [BlockEnd(number)]
        number += 1
    return [events[0], *events[1:-1], *more, events[-1]]


def write(events: list[Event]) -> bytes:
    encoder = FORMAT.encoder(EncoderOptions())
    return b"".join([*map(encoder.encode, events), encoder.close()])


def decode(stream: bytes, cut: int | None = None) -> list[Event]:
    """The events of a stream that comes in two reads and may end anywhere."""
    reader, decoder = EventReader(1 << 24), FORMAT.decoder()
    half = len(stream) // 2 if cut is None else cut
    found = reader.feed(stream[:half]) + (reader.feed(stream[half:]) if cut is None else [])
    events = [event for data in found for event in decoder.decode(data)]
    return events + decoder.close()


def told(body: bytes) -> dict[str, Any]:
    message: dict[str, Any] = orjson.loads(body.replace(LONE_SURROGATE, b"?"))
    return message


def as_told_here(response: Response) -> Response:
    """What is left of a response once it has been said in this format."""
    blocks: list[Any] = []
    for block in response.blocks:
        match block:
            case RefusalBlock(text=text):
                blocks.append(TextBlock(text))
            case TextBlock(text=text, citations=cited):
                number = sum(not isinstance(block, OpaqueBlock) for block in blocks)
                kept = tuple(Citation(number, each.url, each.title, cited=each.cited) for each in cited)
                blocks.append(TextBlock(text, kept))
            case ReasoningBlock(text=text, signature=signature):
                blocks.append(ReasoningBlock(text, signature or None))
            case ToolCall(id=id_, arguments=arguments):
                made = id_ or f"toolu_{response.start.id}_{len(blocks)}"
                blocks.append(ToolCall(made, block.name, arguments.lstrip() or "{}"))
            case OpaqueBlock(format="anthropic", name="content_block"):
                data = orjson.loads(block.data)
                withheld = data["type"] == "redacted_thinking"
                blocks.append(ReasoningBlock("", data["data"], "redacted") if withheld else block)
    return Response(Start(response.start.id, response.start.model, 0), tuple(blocks))


@given(answers())
def test_a_finished_response_obeys_the_grammar_and_says_what_the_whole_body_says(events: list[Event]) -> None:
    ending, message = read(write(events))
    assert ending == "finished"
    assert message == told(FORMAT.encode_whole(fold(events)))


@given(answers())
def test_what_is_written_is_read_as_what_it_was(events: list[Event]) -> None:
    back, expected = fold(decode(write(events))), as_told_here(fold(events))
    assert back.start == expected.start
    assert back.blocks == expected.blocks
    assert back.stop is not None
    assert back.stop.sequence == (fold(events).stop or Stop("end")).sequence


@given(answers())
def test_a_whole_body_is_read_as_its_stream_is(events: list[Event]) -> None:
    streamed, whole = fold(decode(write(events))), FORMAT.decode_whole(FORMAT.encode_whole(fold(events)))
    assert (whole.start, whole.stop) == (streamed.start, streamed.stop)
    assert msgspec.structs.replace(whole.usage, raw=None) == msgspec.structs.replace(streamed.usage, raw=None)
    for one, other in zip(whole.blocks, streamed.blocks, strict=True):
        if isinstance(one, ToolCall) and isinstance(other, ToolCall):  # a body has them on one line
            assert (one.id, one.name) == (other.id, other.name)
            assert one.arguments == other.arguments.strip().replace("\r", " ").replace("\n", " ")
        else:
            assert one == other


@given(answers(), st.data())
def test_a_stream_cut_at_any_byte_is_read_as_failed_unless_its_end_was_there(
    events: list[Event], data: st.DataObject
) -> None:
    stream = write(events)
    cut = data.draw(st.integers(0, len(stream) - 1))
    back = decode(stream, cut)
    assert isinstance(back[-1], Failed)
    assert not any(isinstance(event, Stop) for event in back)


@given(answers())
def test_the_tap_counts_what_the_decoder_counts(events: list[Event]) -> None:
    stream = write(events)
    tap = Tap(marks(FORMAT.tap))
    tap.feed(stream)
    usage = fold(decode(stream)).usage
    assert msgspec.structs.replace(tap.usage(), raw=None) == msgspec.structs.replace(usage, raw=None)
    assert tap.finished


def spoilt(value: Any, data: st.DataObject) -> Any:
    """The value with something in it replaced by anything."""
    if data.draw(st.integers(0, 5)) == 0 or not isinstance(value, dict | list) or not value:
        return data.draw(_anything)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    copy = value.copy()
    key = data.draw(st.sampled_from(keys))
    copy[key] = spoilt(value[key], data)
    return copy


@given(answers(), st.data())
def test_whatever_comes_only_a_fault_is_raised_and_nothing_follows_the_end(
    events: list[Event], data: st.DataObject
) -> None:
    payloads = [orjson.loads(payload) for payload in EventReader(1 << 24).feed(write(events))]
    for _ in range(3):
        at = data.draw(st.integers(0, len(payloads) - 1))
        payloads[at] = spoilt(payloads[at], data)
    decoder = FORMAT.decoder()
    back = [event for payload in payloads for event in decoder.decode(orjson.dumps(payload))] + decoder.close()
    assert sum(isinstance(event, Stop | Failed) for event in back) == 1
    assert isinstance(back[-1], Stop | Failed)
    assert sum(isinstance(event, Start) for event in back) <= 1
    opened = dict.fromkeys(event.block for event in back if isinstance(event, Text | Reasoning | ToolStart))
    assert list(opened) == list(range(len(opened)))


@given(answers(), st.data())
def test_a_spoilt_body_is_a_response_or_a_fault(events: list[Event], data: st.DataObject) -> None:
    body = spoilt(told(FORMAT.encode_whole(fold(events))), data)
    with suppress(Fault):
        assert isinstance(FORMAT.decode_whole(orjson.dumps(body)), Response)


@given(responses(), st.data())
def test_a_response_cut_after_any_event_ends_in_an_error_and_never_looks_finished(
    events: list[Event], data: st.DataObject
) -> None:
    kept = data.draw(st.integers(0, len(events) - 1))
    stream = write(events[:kept])
    assert read(stream)[0] == "error"
    assert b"message_stop" not in stream
    assert b"message_delta" not in stream


@given(answers())
def test_every_event_is_written_whole_so_that_a_keepalive_may_follow_any_of_them(events: list[Event]) -> None:
    encoder = FORMAT.encoder(EncoderOptions())
    pieces = [encoder.encode(event) for event in events]
    assert all(piece.endswith(b"\n\n") for piece in pieces if piece)
    assert read(FORMAT.keepalive.join(filter(None, pieces)))[0] == "finished"


@settings(max_examples=30, deadline=None)
@given(answers())
def test_the_official_sdk_reads_stream_and_body_alike_and_complains_of_neither(events: list[Event]) -> None:
    stream, body = write(events), FORMAT.encode_whole(fold(events))
    if LONE_SURROGATE in body:  # the SDK's own JSON parser refuses these
        return
    streamed, whole = anthropic_stream(stream).to_dict(), anthropic_body(body).to_dict()
    assert streamed["content"] == whole["content"]
    assert streamed["usage"]["output_tokens"] == whole["usage"]["output_tokens"]
    assert streamed["stop_reason"] == whole["stop_reason"]


@pytest.mark.parametrize("name", streams("anthropic", made_wrong=MADE_WRONG))
def test_the_grammar_accepts_what_anthropic_really_sends(name: str) -> None:
    assert read(recordings.load(name).answer)[0] == "finished"


@pytest.mark.parametrize("name", streams("anthropic"))
def test_a_recorded_stream_written_again_is_read_strictly_and_says_the_same(name: str) -> None:
    events = decode(recordings.load(name).answer)
    again = write(events)
    ending, message = read(again)
    assert ending == "finished"
    assert message == told(FORMAT.encode_whole(fold(events)))
    assert fold(decode(again)).stop == fold(events).stop
    for one, other in zip(fold(decode(again)).blocks, fold(events).blocks, strict=True):
        if not isinstance(one, OpaqueBlock):
            assert getattr(one, "text", None) == getattr(other, "text", None)
            assert getattr(one, "arguments", None) == getattr(other, "arguments", None)
    if not any(isinstance(block, OpaqueBlock) for block in fold(events).blocks):  # the SDK knows not all of them
        assert anthropic_stream(again).to_dict()["stop_reason"] == message["stop_reason"]


@pytest.mark.parametrize("name", streams("anthropic", made_wrong=MADE_WRONG))
def test_a_recorded_stream_cut_at_any_event_is_never_finished(name: str) -> None:
    answer = recordings.load(name).answer
    pieces = answer.split(b"\n\n")
    for kept in range(0, len(pieces) - 2, 7):
        assert isinstance(decode(b"\n\n".join(pieces[:kept]) + b"\n\n", cut=None)[-1], Failed)
