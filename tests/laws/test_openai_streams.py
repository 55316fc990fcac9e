"""Laws of the Responses codec: for every legal order of events, cut anywhere, and for what hosts really sent."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_responses import FORMAT
from fastproxy.formats.tap import Tap, marks
from fastproxy.framing.sse import EventReader, payloads
from fastproxy.ir.events import (
    BlockEnd,
    Citation,
    Event,
    Failed,
    Opaque,
    Reasoning,
    Refusal,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from fastproxy.ir.fold import (
    Block,
    OpaqueBlock,
    ReasoningBlock,
    RefusalBlock,
    Response,
    TextBlock,
    ToolCall,
    fold,
)
from laws.event_lists import responses
from laws.grammar_openai import Ending, read_responses
from laws.recorded import streams
from support import recordings
from support.openai_sdk import responses_body, responses_events, responses_stream

T = TypeVar("T")
SEARCH = Opaque("openai-responses", "web_search_call", b'{"type":"web_search_call","id":"ws_1","status":"completed"}')


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Responses with everything that this format has a word for: refusals, citations, free text, bound signatures."""
    events = draw(responses())
    ways = {
        event.block: draw(st.sampled_from(["plain", "refusal", "cited", "custom", "call", "redacted"]))
        for event in events
        if isinstance(event, Text | Reasoning | ToolStart)
    }
    return [varied for event in events for varied in _varied(event, ways.get(getattr(event, "block", -1), "plain"))]


def _varied(event: Event, way: str) -> list[Event]:
    match event, way:
        case Text(block=block, text=text), "refusal":
            return [Refusal(block, text)]
        case Text(block=block), "cited":
            return [event, Citation(block, "https://a.example", "A"), Citation(block, "https://b.example", "", 0, 1)]
        case ToolStart(block=block, id=id_, name=name), "custom":
            return [ToolStart(block, id_, name, custom=True)]
        case Reasoning(block=block, signature=signature), ("call" | "redacted") as bound:
            return [Reasoning(block, "", signature, bound)]
        case Opaque(name="annotations"), _:
            return [SEARCH]
    return [event]


def write(events: list[Event]) -> bytes:
    encoder = FORMAT.encoder(EncoderOptions())
    return b"".join([*map(encoder.encode, events), encoder.close()])


def read(stream: bytes) -> list[Event]:
    decoder = FORMAT.decoder()
    return [event for data in payloads(stream) for event in decoder.decode(data)] + decoder.close()


def ending(stream: bytes) -> Ending:
    return read_responses(stream)[0]


def tapped(answer: bytes, piece: int) -> Tap:
    tap = Tap(marks(FORMAT.tap))
    for at in range(0, len(answer), piece):
        tap.feed(answer[at : at + piece])
    return tap


def unique_calls(events: list[Event]) -> list[Event]:
    """The same events, every call with an id of its own: the SDK takes two items with one call id for a mistake.

    Without opaque items: they are made up here, and not the SDK's to judge.
    """
    return [
        msgspec.structs.replace(event, id=event.id and f"{event.id}{event.block}")
        if isinstance(event, ToolStart)
        else event
        for event in events
        if not isinstance(event, Opaque)
    ]


@given(answers())
def test_a_stream_obeys_the_grammar_and_says_what_the_whole_body_says(events: list[Event]) -> None:
    end, told = read_responses(write(events))
    assert end == "finished"
    assert told.response == orjson.loads(FORMAT.encode_whole(fold(events)))


@given(answers(), st.data())
def test_a_response_cut_after_any_event_ends_in_an_error_and_never_looks_finished(
    events: list[Event], data: st.DataObject
) -> None:
    stream = write(events[: data.draw(st.integers(0, len(events) - 1))])
    assert ending(stream) == "error"
    tap = tapped(stream, 1 << 20)
    assert not tap.finished
    assert tap.failed


@given(answers())
def test_every_event_is_written_whole_so_that_a_keepalive_may_follow_any_of_them(events: list[Event]) -> None:
    encoder = FORMAT.encoder(EncoderOptions())
    pieces = [*map(encoder.encode, events), encoder.close()]
    assert all(piece.endswith(b"\n\n") for piece in pieces if piece)
    assert ending(FORMAT.keepalive.join(filter(None, pieces))) == "finished"


@given(answers(), st.integers(1, 400))
def test_the_tap_reads_what_the_encoder_wrote_however_it_is_split(events: list[Event], piece: int) -> None:
    start = next(event for event in events if isinstance(event, Start))
    response = fold(events)
    tap = tapped(write(events), piece)
    assert tap.finished
    assert tap.model == start.model
    assert total(tap.usage()) == total(response.usage)
    assert total(tapped(FORMAT.encode_whole(response), piece).usage()) == total(response.usage)


def total(usage: Usage) -> int:
    classes = usage.input_tokens, usage.cached_tokens, usage.cache_written_tokens, usage.output_tokens
    return sum(count or 0 for count in classes)


@settings(max_examples=40, deadline=None)
@given(answers().map(unique_calls))
def test_the_official_sdk_reads_stream_and_body_alike_and_complains_of_neither(events: list[Event]) -> None:
    stream, body = write(events), FORMAT.encode_whole(fold(events))
    whole = responses_body(body)
    assert plain(responses_events(stream)[-1])["response"] == plain(whole)
    if whole.status == "completed":
        assert responses_stream(stream).output_text == whole.output_text


def plain(model: Any) -> dict[str, Any]:
    value: dict[str, Any] = model.to_dict(mode="json")
    return value


@given(answers())
def test_blocks_keep_their_order_and_nothing_is_said_twice(events: list[Event]) -> None:
    """The items are the blocks in the order in which they opened, interleaved or not."""
    opened = [type(block) for block in fold(events).blocks if not _is_foreign(block)]
    _, told = read_responses(write(events))
    words = {"message": (TextBlock, RefusalBlock), "reasoning": (ReasoningBlock,), "web_search_call": (OpaqueBlock,)}
    assert len(told.output) == len(opened)
    for item, kind in zip(told.output, opened, strict=True):
        assert kind in words.get(item["type"], (ToolCall,))


@given(answers())
def test_a_stop_ends_what_was_left_open(events: list[Event]) -> None:
    """Not legal, but some sources do it; the client must get a whole stream all the same."""
    assert ending(write([event for event in events if not isinstance(event, BlockEnd)])) == "finished"


@given(answers())
def test_what_was_written_is_read_back_and_stream_and_body_tell_the_same(events: list[Event]) -> None:
    response = fold(events)
    streamed = fold(read(write(events)))
    assert streamed == FORMAT.decode_whole(FORMAT.encode_whole(response))
    assert streamed.blocks == tuple(said(response))
    assert total(streamed.usage) == total(response.usage)
    assert streamed.stop is not None
    assert streamed.stop.reason == expected_stop(response)


def said(response: Response) -> list[Block]:
    """The blocks as this format can say them: none that is empty, ids for all calls, a place for every citation."""
    blocks: list[Block] = []
    spoken = [block for block in response.blocks if not _is_foreign(block)]
    for index, block in enumerate(spoken):
        match block:
            case TextBlock(text="") | RefusalBlock(text="") | ReasoningBlock(text="", signature=None):
                continue
            case TextBlock(text=text, citations=citations):
                number = sum(not isinstance(told, OpaqueBlock) for told in blocks)
                cited = (_placed(citation, number, len(text)) for citation in citations)
                blocks.append(TextBlock(text, tuple(cited)))
            case ReasoningBlock(text=text, signature=signature):
                blocks.append(ReasoningBlock(text, signature))
            case ToolCall(id=id_, arguments=arguments, custom=custom):
                made = f"call_{response.start.id.removeprefix('resp_')}_{index}"
                whole = arguments if custom or arguments.strip() else arguments + "{}"
                blocks.append(ToolCall(id_ or made, block.name, whole, custom))
            case _:
                blocks.append(block)
    return blocks


def _placed(citation: Citation, block: int, characters: int) -> Citation:
    end = characters if citation.end is None else citation.end
    return Citation(block, citation.url, citation.title, citation.start or 0, end)


def _is_foreign(block: Block) -> bool:
    return isinstance(block, OpaqueBlock) and block.format != "openai-responses"


def expected_stop(response: Response) -> str:
    assert response.stop is not None
    kinds = {type(block) for block in said(response)}
    refused = any(isinstance(block, RefusalBlock) for block in response.blocks)
    if response.stop.reason == "length" or (response.stop.reason == "refusal" and not refused):
        return response.stop.reason
    return "tools" if ToolCall in kinds else "refusal" if RefusalBlock in kinds else "end"


@settings(max_examples=60)
@given(answers(), st.data())
def test_a_stream_cut_at_any_byte_has_failed_and_told_nothing_else(events: list[Event], data: st.DataObject) -> None:
    stream = write(events)
    end = data.draw(st.integers(0, stream.rindex(b"event: response.")))
    reader, decoder = EventReader(1 << 24), FORMAT.decoder()
    told = [event for data_ in reader.feed(stream[:end]) for event in decoder.decode(data_)]
    assert not decoder.finished
    (failed,) = decoder.close()
    assert isinstance(failed, Failed)
    assert told == read(stream)[: len(told)]
    assert not any(isinstance(event, Stop) for event in told)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_KEYS = ("type", "name", "call_id", "id", "arguments", "input", "summary", "content", "text", "refusal", "annotations",
         "encrypted_content", "url", "status", "output", "usage", "error", "code", "message", "created_at")  # fmt: skip
_KINDS = ("message", "reasoning", "function_call", "custom_tool_call", "web_search_call", "output_text", "refusal",
          "url_citation")  # fmt: skip
_things = st.dictionaries(st.sampled_from(_KEYS), _json | st.sampled_from(_KINDS), max_size=6)
_parts = _things | st.dictionaries(st.sampled_from(_KEYS), st.lists(_things, max_size=3), max_size=3)
_events = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(type(FORMAT.decoder())._BY_TYPE))},
    optional={
        "delta": st.text(max_size=3) | _json,
        "output_index": st.integers(0, 2) | _json,
        "content_index": st.integers(0, 2) | _json,
        "summary_index": st.integers(0, 2) | _json,
        "item_id": _json,
        "item": _parts,
        "part": _things,
        "annotation": _things,
        "arguments": _json,
        "response": _parts,
        "error": _parts | _json,
    },
)


@given(st.lists(_events, max_size=8))
def test_whatever_a_host_sends_is_told_in_a_legal_order(told: list[dict[str, Any]]) -> None:
    decoder = FORMAT.decoder()
    events = [event for one in told for event in decoder.decode(orjson.dumps(one))] + decoder.close()
    is_legal(events)
    assert ending(write(events)) == ("finished" if isinstance(events[-1], Stop) else "error")


def is_legal(events: list[Event]) -> None:
    """Start first, blocks dense and of one kind, each ended once, nothing after the end."""
    assert sum(isinstance(event, Stop | Failed) for event in events) == 1
    assert isinstance(events[-1], Stop | Failed)
    assert all(isinstance(event, Start) == (place == 0) for place, event in enumerate(events[:-1]))
    opened: dict[int, type] = {}
    ended: set[int] = set()
    for event in events:
        if isinstance(event, Text | Refusal | Citation | Reasoning | ToolStart | ToolArgs | BlockEnd):
            kind = {Citation: Text, ToolArgs: ToolStart}.get(type(event), type(event))
            assert event.block not in ended
            if isinstance(event, BlockEnd):
                ended.add(event.block)
            elif event.block not in opened:
                assert event.block == len(opened)
                assert not isinstance(event, ToolArgs | Citation)
                opened[event.block] = kind
            else:
                assert opened[event.block] is kind
                assert not isinstance(event, ToolStart)
    if isinstance(events[-1], Stop):
        assert ended == set(opened)


@given(_parts)
def test_a_whole_body_of_any_shape_is_an_answer_or_a_fault(told: dict[str, Any]) -> None:
    answer = taken(lambda: FORMAT.decode_whole(orjson.dumps(told)))
    if isinstance(answer, Fault):
        assert answer.kind == "upstream_garbage"
    else:
        assert (answer.stop is None) != (answer.failed is None)


@given(st.lists(_parts | _json, max_size=4))
def test_a_request_of_any_shape_is_taken_or_refused_politely(items: list[Any]) -> None:
    body = orjson.dumps({"model": "m", "input": items, "tools": items})
    request = taken(lambda: FORMAT.decode_request(body, {}))
    if isinstance(request, Fault):
        assert request.kind == "bad_request"
    else:
        assert isinstance(orjson.loads(FORMAT.encode_request(request).body)["input"], list)


def taken(take: Callable[[], T]) -> T | Fault:
    """What `take` makes, or the Fault that it raises; nothing else may come out of it."""
    try:
        return take()
    except Fault as fault:
        return fault


# Hosts with ways of their own, and streams of OpenAI that are resumed or spliced, queued first, with an item of a
# built-in tool, or with a fresh encryption of the same reasoning in the terminal event.
_WAYS = ("openrouter", "lmstudio", "background", "encrypted", "error-1", "search", "codex", "-usage")


@pytest.mark.parametrize("name", streams("openai-responses", made_wrong=_WAYS))
def test_the_grammar_accepts_what_openai_really_sends(name: str) -> None:
    assert ending(recordings.load(name).answer) == "finished"


@pytest.mark.parametrize("name", streams("openai-responses"))
def test_the_tap_knows_how_every_recorded_stream_ended(name: str) -> None:
    answer, broke = recordings.load(name).answer, "openai-error" in name
    for piece in (1, 97, 1 << 20):
        tap = tapped(answer, piece)
        assert (tap.finished, tap.failed) == (not broke, broke)


@pytest.mark.parametrize("name", streams("openai-responses"))
def test_every_recorded_stream_is_read_legally_and_written_for_the_sdk(name: str) -> None:
    events = read(recordings.load(name).answer)
    is_legal(events)
    stream = write(events)
    if "openai-error" in name:
        assert ending(stream) == "error"
        return
    assert ending(stream) == "finished"
    whole = responses_body(FORMAT.encode_whole(fold(events)))
    assert plain(responses_events(stream)[-1])["response"] == plain(whole)
    assert responses_stream(stream).output_text == whole.output_text


@pytest.mark.parametrize("name", streams("openai-responses", made_wrong=("error-1",)))
def test_every_recorded_stream_tells_what_its_own_last_event_tells(name: str) -> None:
    answer = recordings.load(name).answer
    last = next(told for told in map(orjson.loads, payloads(answer)) if told["type"] == "response.completed")
    streamed, whole = fold(read(answer)), FORMAT.decode_whole(orjson.dumps(last["response"]))
    assert _unsigned(streamed) == _unsigned(whole)


def _unsigned(response: Response) -> Response:
    """OpenAI encrypts its reasoning afresh for the last event."""
    blocks = (
        ReasoningBlock(block.text, "signed" if block.signature else None)
        if isinstance(block, ReasoningBlock)
        else block
        for block in response.blocks
    )
    return msgspec.structs.replace(response, blocks=tuple(blocks))
