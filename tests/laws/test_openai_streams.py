"""Laws of the two OpenAI encoders: for every legal order of events, and cut anywhere."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.formats.base import EncoderOptions, Format
from fastproxy.formats.openai_chat import FORMAT as CHAT
from fastproxy.formats.openai_responses import FORMAT as RESPONSES
from fastproxy.formats.tap import Tap, marks
from fastproxy.ir.events import BlockEnd, Event, Reasoning, Start, Text, ToolStart, Usage
from fastproxy.ir.fold import fold
from laws.event_lists import responses
from laws.grammar_openai import Ending, read_chat, read_responses
from laws.recorded import streams
from support import recordings
from support.openai_sdk import chat_body, chat_chunks, chat_stream, responses_body, responses_events, responses_stream

FORMATS = [pytest.param(CHAT, id="chat"), pytest.param(RESPONSES, id="responses")]


def write(format_: Format, events: list[Event], *, include_usage: bool = True) -> bytes:
    encoder = format_.encoder(EncoderOptions(include_usage=include_usage))
    return b"".join([*map(encoder.encode, events), encoder.close()])


def ending(format_: Format, stream: bytes) -> Ending:
    return (read_chat if format_ is CHAT else read_responses)(stream)[0]


def tapped(format_: Format, answer: bytes, piece: int) -> Tap:
    tap = Tap(marks(format_.tap))
    for at in range(0, len(answer), piece):
        tap.feed(answer[at : at + piece])
    return tap


def unique_calls(events: list[Event]) -> list[Event]:
    """The same events, every call with an id of its own: the SDK takes two items with one call id for a mistake."""
    return [ToolStart(e.block, e.id and f"{e.id}{e.block}", e.name) if isinstance(e, ToolStart) else e for e in events]


@given(responses())
def test_a_chat_stream_obeys_the_grammar_and_says_what_the_whole_body_says(events: list[Event]) -> None:
    end, told = read_chat(write(CHAT, events))
    whole = orjson.loads(CHAT.encode_whole(fold(events)))
    (choice,) = whole["choices"]
    assert end == "finished"
    # A body with calls and no text says null where a stream, which can't know yet, has begun with "".
    assert told.message | {"content": told.message["content"] or choice["message"]["content"]} == choice["message"]
    assert told.finish_reason == choice["finish_reason"]
    assert told.usage == whole["usage"]
    assert told.constant == (whole["id"], "chat.completion.chunk", whole["created"], whole["model"])


@given(responses())
def test_a_responses_stream_obeys_the_grammar_and_says_what_the_whole_body_says(events: list[Event]) -> None:
    end, told = read_responses(write(RESPONSES, events))
    assert end == "finished"
    assert told.response == orjson.loads(RESPONSES.encode_whole(fold(events)))


@pytest.mark.parametrize("format_", FORMATS)
@given(responses(), st.data())
def test_a_response_cut_after_any_event_ends_in_an_error_and_never_looks_finished(
    format_: Format, events: list[Event], data: st.DataObject
) -> None:
    kept = data.draw(st.integers(0, len(events) - 1))
    stream = write(format_, events[:kept])
    assert ending(format_, stream) == "error"
    tap = tapped(format_, stream, 1 << 20)
    assert not tap.finished
    assert tap.failed
    assert b"data: [DONE]" not in stream


@pytest.mark.parametrize("format_", FORMATS)
@given(responses())
def test_every_event_is_written_whole_so_that_a_keepalive_may_follow_any_of_them(
    format_: Format, events: list[Event]
) -> None:
    encoder = format_.encoder(EncoderOptions())
    pieces = [*map(encoder.encode, events), encoder.close()]
    assert all(piece.endswith(b"\n\n") for piece in pieces if piece)
    assert ending(format_, format_.keepalive.join(filter(None, pieces))) == "finished"


@given(responses())
def test_a_client_that_did_not_ask_for_usage_sees_no_trace_of_it(events: list[Event]) -> None:
    end, told = read_chat(stream := write(CHAT, events, include_usage=False))
    assert end == "finished"
    assert told.usage is None
    assert b'"usage":' not in stream.replace(rb"\"usage", b"")


@given(responses(), st.integers(1, 400))
def test_the_tap_reads_what_the_encoders_wrote_however_it_is_split(events: list[Event], piece: int) -> None:
    start = next(event for event in events if isinstance(event, Start))
    response = fold(events)
    for format_ in (CHAT, RESPONSES):
        tap = tapped(format_, write(format_, events), piece)
        assert tap.finished
        assert tap.model == start.model
        assert total(tap.usage()) == total(response.usage)
        assert total(tapped(format_, format_.encode_whole(response), piece).usage()) == total(response.usage)


def total(usage: Usage) -> int:
    classes = usage.input_tokens, usage.cached_tokens, usage.cache_written_tokens, usage.output_tokens
    return sum(count or 0 for count in classes)


@settings(max_examples=40, deadline=None)
@given(responses())
def test_the_official_sdk_reads_chat_stream_and_body_alike_and_complains_of_neither(events: list[Event]) -> None:
    stream, body = write(CHAT, events), CHAT.encode_whole(fold(events))
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
    keys = "content", "refusal", "tool_calls", "reasoning_content"
    left, right = ({key: c["choices"][0]["message"].get(key) for key in keys} for c in (streamed, whole))
    assert left == right
    assert streamed["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert streamed.get("usage") == whole.get("usage")


@settings(max_examples=40, deadline=None)
@given(responses().map(unique_calls))
def test_the_official_sdk_reads_responses_stream_and_body_alike_and_complains_of_neither(events: list[Event]) -> None:
    stream, body = write(RESPONSES, events), RESPONSES.encode_whole(fold(events))
    whole = responses_body(body)
    assert plain(responses_events(stream)[-1])["response"] == plain(whole)
    if whole.status == "completed":
        assert responses_stream(stream).output_text == whole.output_text


def plain(model: Any) -> dict[str, Any]:
    value: dict[str, Any] = model.to_dict(mode="json")
    return value


@given(responses())
def test_blocks_keep_their_order_and_nothing_is_said_twice(events: list[Event]) -> None:
    """The items of a Responses stream are the blocks in the order in which they opened, interleaved or not."""
    opened = list(dict.fromkeys(e.block for e in events if isinstance(e, Text | Reasoning | ToolStart)))
    kinds = {e.block: {Text: "message", Reasoning: "reasoning", ToolStart: "function_call"}[type(e)]
             for e in events if isinstance(e, Text | Reasoning | ToolStart)}  # fmt: skip
    _, told = read_responses(write(RESPONSES, events))
    assert [item["type"] for item in told.output] == [kinds[block] for block in opened]


@pytest.mark.parametrize("format_", FORMATS)
@given(responses())
def test_a_stop_ends_what_was_left_open(format_: Format, events: list[Event]) -> None:
    """Not legal, but some sources do it; the client must get a whole stream all the same."""
    left_open = [event for event in events if not isinstance(event, BlockEnd)]
    assert ending(format_, write(format_, left_open)) == "finished"


# Hosts with ways of their own: no names or numbers, numbers left out, null arguments, usage beside a choice, ids that
# change, several choices. And of OpenAI: streams resumed or spliced, queued first, with an item of a built-in tool, or
# with a fresh encryption of the same reasoning in the terminal event.
_CHAT_WAYS = ("copilot", "llm-", "azure", "choices", "groq", "mistral", "openrouter", "zai", "moonshot", "xai")
_RESPONSES_WAYS = ("openrouter", "lmstudio", "background", "encrypted", "error-1", "search", "codex", "-usage")


@pytest.mark.parametrize("name", streams("openai-chat", made_wrong=_CHAT_WAYS))
def test_the_chat_grammar_accepts_what_openai_really_sends(name: str) -> None:
    assert read_chat(recordings.load(name).answer)[0] == "finished"


@pytest.mark.parametrize("name", streams("openai-responses", made_wrong=_RESPONSES_WAYS))
def test_the_responses_grammar_accepts_what_openai_really_sends(name: str) -> None:
    assert read_responses(recordings.load(name).answer)[0] == "finished"


@pytest.mark.parametrize("name", streams("openai-chat"))
def test_the_tap_knows_how_every_recorded_chat_stream_ended(name: str) -> None:
    knows_the_ending(CHAT, name, broke="tool-use-failed" in name)


@pytest.mark.parametrize("name", streams("openai-responses"))
def test_the_tap_knows_how_every_recorded_responses_stream_ended(name: str) -> None:
    knows_the_ending(RESPONSES, name, broke="openai-error" in name)


def knows_the_ending(format_: Format, name: str, *, broke: bool) -> None:
    answer = recordings.load(name).answer
    for piece in (1, 97, 1 << 20):
        tap = tapped(format_, answer, piece)
        assert (tap.finished, tap.failed) == (not broke, broke)
