"""Reading a piece by its shape tells what reading it in full tells, of every format and whatever a host makes of it."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME, shapes
from fastproxy.framing.sse import payloads
from fastproxy.ir.events import BlockEnd, Event, Start, Stop, Text, Texts, Usage
from fastproxy.ir.fold import fold
from support import fixtures, recordings
from support.cells import written
from support.exchange import Exchange, Format

TOKENS = {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}


def chat(**delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice], "usage": None}


def gemini(text: str) -> dict[str, Any]:
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    return {"candidates": [candidate], "usageMetadata": TOKENS, "modelVersion": "m", "responseId": "r"}


def said(text: str) -> dict[str, Any]:
    place = {"item_id": "i", "output_index": 0, "content_index": 0}
    return {"type": "response.output_text.delta", **place, "delta": text}


def grown(text: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}


STARTED = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
MESSAGE_STARTED = {"type": "message_start", "message": {"id": "m", "model": "m", "usage": {"input_tokens": 7}}}
ITEM = {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "i"}}

# What opens a text in each format, and a piece of it. The first piece is read in full.
OPENINGS: dict[Format, list[dict[str, Any]]] = {
    "openai-chat": [chat(role="assistant", content=""), chat(content="a")],
    "openai-responses": [ITEM, said("a")],
    "anthropic": [MESSAGE_STARTED, STARTED, grown("a")],
    "gemini": [gemini("a")],
}
PIECES: dict[Format, dict[str, Any]] = {
    "openai-chat": chat(content="b"),
    "openai-responses": said("b"),
    "anthropic": grown("b"),
    "gemini": gemini("b"),
}
FORMATS = pytest.mark.parametrize("format_", list(PIECES))

KEYS = (
    "error", "usage", "message", "choices", "role", "refusal", "reasoning", "reasoning_content", "reasoning_text",
    "reasoning_details", "tool_calls", "function_call", "annotations", "images", "audio", "extra_content",
    "finish_reason", "stop_reason", "index", "content", "type", "text", "thinking", "citations", "delta", "item_id",
    "output_index", "content_index", "finishReason", "groundingMetadata", "citationMetadata", "promptFeedback",
    "usageMetadata", "usage_metadata", "thought", "thoughtSignature", "functionCall", "promptTokenCount",
    "thoughtsTokenCount", "response", "candidates",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, [], {}, "", "x", 0, -1, 1, 2.5, True, False, [None], [{}], [[]], {"a": None}, "STOP", "stop",
    "thinking_delta",
    {"message": "no"}, [{"text": "t"}], [{"url_citation": {"url": "u"}}], {"google": {"thought_signature": "s"}},
    {"name": "f", "arguments": "{}"}, {"name": "f", "args": {}}, [{"index": 0, "function": {"name": "f"}}],
    {"promptTokenCount": 9}, {"blockReason": "SAFETY"}, {"citations": [{"uri": "u", "title": "t"}]},
    {"groundingChunks": [{"web": {"uri": "u", "title": "t"}}]}, [{"type": "reasoning.text", "text": "t"}],
)  # fmt: skip


def replacements(value: Any) -> Iterator[Any]:
    """`value` with each of VALUES in every place in it, and with one more member in every object of it."""
    yield from VALUES
    if isinstance(value, dict):
        yield from (value | {key: odd} for key in KEYS for odd in VALUES)
        yield from (value | {key: inner} for key, told in value.items() for inner in replacements(told))
    if isinstance(value, list):
        yield from ([*value, more] for more in (*value, *VALUES))
        yield from (
            [*value[:at], inner, *value[at + 1 :]] for at in range(len(value)) for inner in replacements(value[at])
        )


def read(format_: Format, events: list[bytes]) -> list[list[Event] | str]:
    """What each event tells, and the end; of a stream that breaks, up to there."""
    decoder = BY_NAME[format_].decoder()
    told: list[list[Event] | str] = []
    try:
        for event in events:
            quick: list[Event] = []
            told.append(quick if decoder.read_texts([event], 0, quick) else decoder.decode(event))
        told.append(decoder.close())
    except Fault as fault:
        told.append(fault.message)
    return told


def read_in_full(format_: Format, events: list[bytes]) -> list[list[Event] | str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "TRIES", 0)
        return read(format_, events)


def opened(format_: Format, *after: Any) -> list[bytes]:
    return [orjson.dumps(each) for each in (*OPENINGS[format_], *after)]


@FORMATS
def test_whatever_else_an_event_says_and_wherever_is_told_as_in_full(format_: Format) -> None:
    piece = orjson.dumps(PIECES[format_])
    before = opened(format_)
    events = [[*before, orjson.dumps(odd), piece] for odd in replacements(PIECES[format_])]
    told = [read(format_, each) for each in events]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "TRIES", 0)
        different = [each[-2] for each, way in zip(events, told, strict=True) if read(format_, each) != way]
    assert different == []


@FORMATS
@pytest.mark.parametrize("text", ["", "\\", '"', "\u2028", "\U0001f600", "\x00", "\\u0022", "data: \n\n"])
def test_any_text_is_told_as_it_came(format_: Format, text: str) -> None:
    piece = orjson.dumps(PIECES[format_]).replace(b'"b"', orjson.dumps(text))
    *_, told, _ = read(format_, [*opened(format_), piece])
    assert told == ([Text(0, text)] if text else [])


@FORMATS
def test_pieces_that_come_together_are_told_together_up_to_what_is_none(format_: Format) -> None:
    piece = orjson.dumps(PIECES[format_])
    run = [piece.replace(b'"b"', orjson.dumps(text)) for text in ("b", "", "c", "d")]
    decoder, told = BY_NAME[format_].decoder(), list[Event]()
    before = opened(format_)
    for event in before:
        decoder.decode(event)
    data = [*before, *run, b"{}", *run]
    assert decoder.read_texts(data, len(before), told) == len(before) + len(run)
    assert told == [Texts(0, ["b", "c", "d"])]
    assert decoder.decode(b"{}") == []


@FORMATS
@pytest.mark.parametrize("array", [False, True])
def test_pieces_told_together_are_written_as_one_by_one(format_: Format, array: bool) -> None:
    pieces = ["b", "\u2028", '"', "%d"]
    start, end = Start("i", "m", 1), [BlockEnd(0), Stop("end")]
    alone = [Text(0, piece) for piece in pieces]
    one_by_one = written(format_, [start, *alone, *alone, *end], array=array)
    assert written(format_, [start, Texts(0, pieces), Texts(0, pieces), *end], array=array) == one_by_one
    assert fold([start, Texts(0, pieces), *end]) == fold([start, *alone, *end])


@FORMATS
def test_half_of_a_surrogate_pair_is_mended_as_in_full(format_: Format) -> None:
    piece = orjson.dumps(PIECES[format_]).replace(b'"b"', b'"b\\ud83d"')
    events = [*opened(format_), piece, orjson.dumps(PIECES[format_])]
    assert read(format_, events) == read_in_full(format_, events)


@FORMATS
@pytest.mark.parametrize("text", [b'"\xff"', b'"\x80b"', b'"b', b'"\n"', b"[" * 100_000])
def test_a_piece_that_is_no_json_is_refused_as_in_full(format_: Format, text: bytes) -> None:
    piece = orjson.dumps(PIECES[format_])
    events = [*opened(format_), piece.replace(b'"b"', text)]
    assert read(format_, events) == read_in_full(format_, events)
    assert isinstance(read(format_, events)[-1], str)


@FORMATS
def test_a_piece_that_is_cut_or_torn_anywhere_is_told_as_in_full(format_: Format) -> None:
    piece, before = orjson.dumps(PIECES[format_]), opened(format_)
    torn = [piece[:at] + between + piece[at:] for at in range(len(piece)) for between in (b"{", b"]", b",", b"\x00")]
    for each in [*(piece[:at] for at in range(len(piece))), *torn]:
        assert read(format_, [*before, each]) == read_in_full(format_, [*before, each])


@FORMATS
@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"null", b"{}{}", b"[DONE]", b'{"a":01}', b'"\xff"'])
def test_what_is_no_piece_at_all_is_told_as_in_full(format_: Format, broken: bytes) -> None:
    events = [*opened(format_), broken, orjson.dumps(PIECES[format_])]
    assert read(format_, events) == read_in_full(format_, events)


@pytest.mark.parametrize("name", fixtures.names())
def test_every_fixture_is_told_as_in_full(name: str) -> None:
    assert_told_as_in_full(fixtures.load(name))


@pytest.mark.parametrize("name", recordings.parameters())
def test_every_recording_is_told_as_in_full(name: str) -> None:
    assert_told_as_in_full(recordings.load(name))


def assert_told_as_in_full(exchange: Exchange) -> None:
    events = payloads(exchange.answer) if exchange.streamed else []
    assert read(exchange.format, events) == read_in_full(exchange.format, events)


def test_the_last_tokens_that_a_gemini_piece_told_are_those_that_count() -> None:
    later = gemini("b") | {"usageMetadata": TOKENS | {"candidatesTokenCount": 5}}
    uncounted = gemini("c") | {"usageMetadata": {"trafficType": "ON_DEMAND"}}
    told = read("gemini", opened("gemini", later, uncounted))
    assert [event.output_tokens for event in told[-1] if isinstance(event, Usage)] == [5]
    assert told == read_in_full("gemini", opened("gemini", later, uncounted))
    unprompted = opened("gemini", later, gemini("c") | {"usageMetadata": {"candidatesTokenCount": 9}})
    assert read("gemini", unprompted) == read_in_full("gemini", unprompted)


@FORMATS
def test_a_host_whose_pieces_never_fit_is_soon_read_in_full_at_once(
    format_: Format,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shapes, "TRIES", 3)
    decoder = BY_NAME[format_].decoder()
    for event in opened(format_):
        decoder.decode(event)
    odd = {
        "openai-chat": PIECES["openai-chat"] | {"usage": {"prompt_tokens": 1}},
        "openai-responses": said("b") | {"output_index": None, "item_id": "other"},
        "anthropic": grown("b") | {"index": None},
        "gemini": gemini("b") | {"usageMetadata": None},
    }[format_]
    for _ in range(5):
        assert decoder.read_texts([orjson.dumps(odd)], 0, []) == 0
        assert decoder.decode(orjson.dumps(odd))[-1:] == [Text(1 if format_ == "openai-responses" else 0, "b")]
    if format_ != "openai-responses":  # which tries only behind a piece that fits
        assert decoder._tries == 0  # type: ignore[attr-defined]  # nothing but time shows it
