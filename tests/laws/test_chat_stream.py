"""Laws of the Chat codec: for every legal order of events, cut anywhere, read back, and fed with nonsense."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats.base import EncoderOptions
from fastproxy.formats.openai_chat import FORMAT
from fastproxy.formats.tap import Tap, marks
from fastproxy.framing.sse import EventReader
from fastproxy.ir.events import (
    BlockEnd,
    Citation,
    Event,
    Failed,
    Reasoning,
    Refusal,
    Start,
    Stop,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from fastproxy.ir.fold import ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall, fold
from laws.event_lists import responses
from laws.grammar_openai import read_chat
from laws.recorded import streams
from support import recordings
from support.openai_sdk import chat_body, chat_chunks, chat_stream


@st.composite
def spoken(draw: st.DrawFn) -> list[Event]:
    """Responses with everything a model can say: refusals, citations, custom calls, every kind of signature."""
    events = draw(responses())
    texts = sorted({event.block for event in events if isinstance(event, Text)})
    refusals = {block for block in texts if draw(st.integers(0, 3)) == 0}
    customs = {event.block for event in events if isinstance(event, ToolStart) and draw(st.integers(0, 3)) == 0}
    told: list[Event] = []
    for event in events:
        match event:
            case Text(block=block, text=text):
                told.append(Refusal(block, text) if block in refusals else event)
                if block not in refusals and draw(st.integers(0, 3)) == 0:
                    told.append(Citation(block, "https://h", "t", *draw(st.sampled_from([(None, None), (0, 3)]))))
            case Reasoning(block=block, text=text, signature=str() as signature):
                told.append(Reasoning(block, text, signature, draw(st.sampled_from(["thinking", "redacted", "text"]))))
            case ToolStart(block=block, id=id_, name=name):
                told.append(ToolStart(block, id_ and f"{id_}{block}", name, block in customs))
            case _:
                told.append(event)
    return told


def write(events: list[Event], *, include_usage: bool = True) -> bytes:
    encoder = FORMAT.encoder(EncoderOptions(include_usage=include_usage))
    return b"".join([*map(encoder.encode, events), encoder.close()])


def read(stream: bytes, piece: int = 1 << 20) -> list[Event]:
    decoder, reader = FORMAT.decoder(), EventReader(1 << 24)
    events: list[Event] = []
    for at in range(0, len(stream), piece):
        events += [event for data in reader.feed(stream[at : at + piece]) for event in decoder.decode(data)]
    return events + [event for data in reader.close() for event in decoder.decode(data)] + decoder.close()


def tapped(answer: bytes, piece: int = 1 << 20) -> Tap:
    tap = Tap(marks(FORMAT.tap))
    for at in range(0, len(answer), piece):
        tap.feed(answer[at : at + piece])
    return tap


def text_of(response: Response, kind: type[TextBlock | RefusalBlock | ReasoningBlock]) -> str:
    return "".join(block.text for block in response.blocks if isinstance(block, kind))


def calls_of(response: Response) -> list[tuple[str, str, bool]]:
    calls = (block for block in response.blocks if isinstance(block, ToolCall))
    return [(c.name, c.arguments if c.custom or c.arguments.strip() else c.arguments + "{}", c.custom) for c in calls]


def fault_kind(act: Callable[[], object]) -> str:
    """The kind of the Fault that `act` raises, "" for none."""
    try:
        act()
    except Fault as fault:
        return fault.kind
    return ""


def total(usage: Usage) -> int:
    classes = usage.input_tokens, usage.cached_tokens, usage.cache_written_tokens, usage.output_tokens
    return sum(count or 0 for count in classes)


@given(spoken())
def test_a_stream_obeys_the_grammar_and_says_what_the_whole_body_says(events: list[Event]) -> None:
    end, told = read_chat(write(events))
    whole = orjson.loads(FORMAT.encode_whole(fold(events)))
    (choice,) = whole["choices"]
    assert end == "finished"
    # A body with calls and no text says null where a stream, which can't know yet, has begun with "".
    told.message["content"] = told.message["content"] or choice["message"]["content"]
    assert told.message == choice["message"]
    assert told.finish_reason == choice["finish_reason"]
    assert told.usage == whole["usage"]
    assert told.constant == (whole["id"], "chat.completion.chunk", whole["created"], whole["model"])


@given(spoken(), st.integers(1, 200))
def test_what_was_written_is_read_again_however_it_is_split(events: list[Event], piece: int) -> None:
    stream, told = write(events), fold(events)
    again = fold(read(stream, piece))
    for kind in (TextBlock, RefusalBlock, ReasoningBlock):
        assert text_of(again, kind) == text_of(told, kind)
    assert calls_of(again) == calls_of(told)
    signatures = [
        [b.signature for b in r.blocks if isinstance(b, ReasoningBlock) and b.signature] for r in (told, again)
    ]
    assert signatures[0] == signatures[1]
    assert total(again.usage) == total(told.usage)
    assert again.stop is not None
    assert again.failed is None


@given(spoken())
def test_a_stream_and_its_whole_body_are_read_alike(events: list[Event]) -> None:
    stream, body = fold(read(write(events))), FORMAT.decode_whole(FORMAT.encode_whole(fold(events)))
    assert stream.stop == body.stop
    assert stream.usage == body.usage
    for kind in (TextBlock, RefusalBlock, ReasoningBlock):
        assert text_of(stream, kind) == text_of(body, kind)
    assert calls_of(stream) == calls_of(body)


@given(spoken())
def test_what_a_decoder_tells_is_a_legal_order_of_events(events: list[Event]) -> None:
    told = read(write(events))
    kinds = [type(event) for event in told]
    assert kinds.count(Start) == kinds.count(Stop) == 1
    assert (kinds[0], kinds[-1]) == (Start, Stop)
    opened = list(
        dict.fromkeys(e.block for e in told if isinstance(e, Text | Refusal | Citation | Reasoning | ToolStart))
    )
    assert opened == list(range(len(opened)))
    ends = [event.block for event in told if isinstance(event, BlockEnd)]
    assert sorted(ends) == opened
    for event in told:
        if isinstance(event, Text | Refusal | Citation | Reasoning | ToolArgs):
            assert told.index(BlockEnd(event.block)) > told.index(event)


@given(spoken(), st.data())
def test_a_stream_cut_at_any_byte_before_its_end_is_a_failure(events: list[Event], data: st.DataObject) -> None:
    stream = write(events)
    finish = stream.rindex(b'"delta":{}')
    cut = stream[: data.draw(st.integers(0, finish))]
    told: list[Event] = []
    if fault_kind(lambda: told.extend(read(cut))) == "upstream_garbage":
        return
    assert isinstance(told[-1], Failed)
    assert not any(isinstance(event, Stop) for event in told)


@given(spoken(), st.data())
def test_a_response_cut_after_any_event_ends_in_an_error_and_never_looks_finished(
    events: list[Event], data: st.DataObject
) -> None:
    stream = write(events[: data.draw(st.integers(0, len(events) - 1))])
    assert read_chat(stream)[0] == "error"
    tap = tapped(stream)
    assert tap.failed
    assert not tap.finished
    assert b"data: [DONE]" not in stream
    assert isinstance(read(stream)[-1], Failed)


@given(spoken())
def test_every_event_is_written_whole_so_that_a_keepalive_may_follow_any_of_them(events: list[Event]) -> None:
    encoder = FORMAT.encoder(EncoderOptions())
    pieces = [*map(encoder.encode, events), encoder.close()]
    assert all(piece.endswith(b"\n\n") for piece in pieces if piece)
    assert read_chat(FORMAT.keepalive.join(filter(None, pieces)))[0] == "finished"


@given(spoken())
def test_a_client_that_did_not_ask_for_usage_sees_no_trace_of_it(events: list[Event]) -> None:
    end, told = read_chat(stream := write(events, include_usage=False))
    assert end == "finished"
    assert told.usage is None
    assert b'"usage":' not in stream.replace(rb"\"usage", b"")


@given(spoken(), st.integers(1, 400))
def test_the_tap_reads_what_the_encoder_wrote_however_it_is_split(events: list[Event], piece: int) -> None:
    response = fold(events)
    tap = tapped(write(events), piece)
    assert tap.finished
    assert tap.model == response.start.model
    assert total(tap.usage()) == total(response.usage)
    assert total(tapped(FORMAT.encode_whole(response), piece).usage()) == total(response.usage)


@settings(max_examples=40, deadline=None)
@given(responses())
def test_the_official_sdk_reads_stream_and_body_alike_and_complains_of_neither(events: list[Event]) -> None:
    stream, body = write(events), FORMAT.encode_whole(fold(events))
    finish_reason = chat_chunks(stream)[-2 if b'"choices":[]' in stream else -1].choices[0].finish_reason
    if finish_reason in {"length", "content_filter"}:  # the SDK's accumulator raises for these by design
        assert chat_body(body).choices[0].finish_reason == finish_reason
        return
    streamed, whole = plain(chat_stream(stream)), plain(chat_body(body))
    for completion in (streamed, whole):
        message = completion["choices"][0]["message"]
        message["content"] = message.get("content") or ""
        for call in message.get("tool_calls") or ():
            call.pop("index", None)
            call["function"].pop("parsed_arguments", None)
    keys = "content", "refusal", "tool_calls", "reasoning_content", "reasoning_details"
    left, right = ({key: c["choices"][0]["message"].get(key) for key in keys} for c in (streamed, whole))
    assert left == right
    assert streamed["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert streamed.get("usage") == whole.get("usage")


def plain(model: Any) -> dict[str, Any]:
    value: dict[str, Any] = model.to_dict(mode="json")
    return value


@given(spoken())
def test_a_stop_ends_what_was_left_open(events: list[Event]) -> None:
    """Not legal, but some sources do it; the client must get a whole stream all the same."""
    left_open = [event for event in events if not isinstance(event, BlockEnd)]
    assert read_chat(write(left_open))[0] == "finished"


_KEYS = st.sampled_from(
    """
    choices delta message content tool_calls function name arguments id index finish_reason usage error type text
    reasoning reasoning_details reasoning_content thinking refusal annotations url_citation audio custom input
    extra_content google thought_signature role messages model tools tool_choice stop response_format json_schema
    image_url url file file_data stream stream_options reasoning_effort metadata function_call functions
    """.split()  # noqa: SIM905 - a list of 44 quoted words can't be read
)
_WORDS = _KEYS | st.sampled_from(["user", "assistant", "tool", "reasoning.text", "thinking", "text", "function", "m"])
_NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-9, 9) | st.text(max_size=4) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(st.lists(_NONSENSE, max_size=4))
def test_nonsense_within_a_choice_never_raises_anything_but_a_fault(deltas: list[Any]) -> None:
    decoder = FORMAT.decoder()
    for delta in deltas:
        decoder.decode(orjson.dumps({"choices": [{"delta": delta}]}))
        decoder.decode(orjson.dumps({"choices": [delta]}))
    events = decoder.close()
    fold(events)
    encoder = FORMAT.encoder(EncoderOptions())
    b"".join(map(encoder.encode, events))


@given(_NONSENSE)
def test_nonsense_never_raises_anything_but_a_fault(value: Any) -> None:
    data = orjson.dumps(value)
    FORMAT.decode_fault(400, data)
    FORMAT.decoder().decode(data)
    message = {"model": "m", "messages": [{"role": "assistant"} | value] if isinstance(value, dict) else value}
    fields = value if isinstance(value, dict) else {}
    for body in (data, orjson.dumps(message), orjson.dumps(fields | {"model": "m", "messages": []})):
        kind = fault_kind(lambda body=body: FORMAT.encode_request(FORMAT.decode_request(body, {})))
        assert kind in {"", "bad_request"}
    assert fault_kind(lambda: FORMAT.decode_whole(data)) in {"", "upstream_garbage"}


# Hosts with ways of their own: no names or numbers, numbers left out, null arguments, usage beside a choice, ids that
# change, several choices.
_WAYS = ("copilot", "llm-", "azure", "choices", "groq", "mistral", "openrouter", "zai", "moonshot", "xai")


@pytest.mark.parametrize("name", streams("openai-chat", made_wrong=_WAYS))
def test_the_grammar_accepts_what_openai_really_sends(name: str) -> None:
    assert read_chat(recordings.load(name).answer)[0] == "finished"


@pytest.mark.parametrize("name", streams("openai-chat"))
def test_tap_and_decoder_agree_on_every_recorded_stream(name: str) -> None:
    answer = recordings.load(name).answer
    broke = "tool-use-failed" in name
    told = fold(read(answer))
    for piece in (1, 97, 1 << 20):
        tap = tapped(answer, piece)
        assert (tap.finished, tap.failed) == (not broke, broke)
        assert total(tap.usage()) == total(told.usage)
        assert fold(read(answer, piece)) == told
    assert (told.stop is None, told.failed is None) == (broke, not broke)


@pytest.mark.parametrize("name", streams("openai-chat"))
def test_every_recorded_stream_is_written_again_in_our_grammar(name: str) -> None:
    events = read(recordings.load(name).answer)
    end, told = read_chat(write(events))
    response = fold(events)
    assert end == ("error" if response.failed else "finished")
    assert told.message["content"] == text_of(response, TextBlock)
    assert told.message.get("reasoning_content", "") == text_of(response, ReasoningBlock)
