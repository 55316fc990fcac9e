"""The echo model: legal events for every request, the same every time, in every format."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats import FORMATS
from fastproxy.formats.base import EncoderOptions, Format
from fastproxy.formats.openai_chat.decode_request import decode_request
from fastproxy.ir.events import BlockEnd, Event, Reasoning, Start, Stop, Text, ToolArgs, ToolStart, Usage
from fastproxy.ir.fold import ReasoningBlock, TextBlock, ToolCall, fold
from fastproxy.ir.request import (
    Message,
    OpaquePart,
    Request,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from fastproxy.providers.echo import MAX_PIECES, PROVIDER, answer
from laws.grammar_openai import read_chat, read_responses

CLOCK = Tool(
    "clock", "Tells the time.", {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}
)
DATE = Tool("date")


def ask(
    *messages: Message, tools: tuple[Tool, ...] = (), tool_choice: str = "auto", reasoning: bool = False
) -> list[Event]:
    modes = {"auto": ToolChoice(), "none": ToolChoice("none"), "required": ToolChoice("required")}
    request = Request(
        "openai-chat",
        "fastproxy/echo",
        messages,
        tools=tools,
        tool_choice=modes.get(tool_choice, ToolChoice("required", (tool_choice,))),
        thinking=Thinking(visible=reasoning),
    )
    return answer(request, id="req_1", created_at=1_760_000_000)


def user(text: str) -> Message:
    return Message("user", (TextPart(text),))


def said(events: list[Event]) -> str:
    return "".join(block.text for block in fold(events).blocks if isinstance(block, TextBlock))


def calls(events: list[Event]) -> list[ToolCall]:
    return [block for block in fold(events).blocks if isinstance(block, ToolCall)]


def test_it_is_addressed_by_its_name_in_all_four_formats() -> None:
    assert PROVIDER.models == ("fastproxy/echo",)
    assert dict(PROVIDER.formats) == {format_.name: "echo:" for format_ in FORMATS}
    assert (PROVIDER.auth, PROVIDER.discover, PROVIDER.key_variables) == ("none", False, ())


def test_it_says_back_what_the_user_said_last_in_pieces_that_join_to_it() -> None:
    events = ask(user("first"), Message("assistant", (TextPart("echo: first"),)), user(" two  words\nand more "))
    pieces = [event.text for event in events if isinstance(event, Text)]
    assert "".join(pieces) == "echo:  two  words\nand more "
    assert len(pieces) > 1
    assert events[0] == Start("req_1", "fastproxy/echo", 1_760_000_000)
    assert events[-1] == Stop("end")


def test_a_request_that_says_nothing_is_answered_all_the_same() -> None:
    assert said(ask()) == "echo: "
    assert said(ask(Message("user", (OpaquePart("openai-chat", {"type": "image_url"}),)))) == "echo: "


def test_thinking_comes_first_and_only_when_asked_for() -> None:
    blocks = fold(ask(user("hello"), reasoning=True)).blocks
    assert isinstance(blocks[0], ReasoningBlock)
    assert blocks[1] == TextBlock("echo: hello")
    assert not any(isinstance(event, Reasoning) for event in ask(user("hello")))


@pytest.mark.parametrize(
    ("text", "choice", "called"),
    [
        ("what does the clock say?", "auto", "clock"),
        ("hello", "auto", None),
        ("tell me about clockwork", "auto", None),
        ("call date, not time", "auto", "date"),
        ("hello", "required", "clock"),
        ("the date please", "required", "date"),
        ("the clock please", "date", "date"),
        ("the clock please", "none", None),
        ("the clock please", "undeclared", None),
    ],
)
def test_a_tool_is_called_on_request(text: str, choice: str, called: str | None) -> None:
    events = ask(user(text), tools=(CLOCK, DATE), tool_choice=choice)
    assert [call.name for call in calls(events)] == ([called] if called else [])
    assert events[-1] == Stop("tools" if called else "end")


def test_a_call_has_arguments_that_fit_and_an_id_that_every_format_allows() -> None:
    request = Request("anthropic", "fastproxy/echo", (user("clock"),), tools=(CLOCK,))
    (call,) = calls(answer(request, id="req:1.2", created_at=0))
    assert orjson.loads(call.arguments) == {"zone": "echo"}
    assert call.id == "call_req-1-2"


def test_a_schema_with_an_enormous_integer_can_be_answered() -> None:
    tool = Tool("pick", schema={"properties": {"a": {"enum": [10**30]}}, "required": ["a"]})
    (call,) = calls(ask(user("pick"), tools=(tool,)))
    assert call.arguments == f'{{"a":{10**30}}}'


def test_thousands_of_tools_and_a_long_prompt_are_looked_through_once() -> None:
    tools = tuple(Tool(f"t{number}") for number in range(5000))
    (call,) = calls(ask(user("t " * 100_000 + "....... lab.t, then t4999."), tools=tools))
    assert call.name == "t4999"


def test_nothing_is_called_without_a_declared_tool() -> None:
    assert calls(ask(user("clock"), tool_choice="required")) == []


def test_the_results_of_tools_are_said_back_even_when_a_tool_is_demanded() -> None:
    events = ask(
        user("the clock and the date"),
        Message("assistant", (ToolCallPart("a", "clock", "{}"), ToolCallPart("b", "date", "{}"))),
        Message("tool", (ToolResultPart("a", (TextPart("noon"),)),)),
        Message("tool", (ToolResultPart("b", (TextPart("Saturday"),)),)),
        tools=(CLOCK, DATE),
        tool_choice="required",
    )
    assert said(events) == "echo: noon\nSaturday"
    assert calls(events) == []


def test_after_a_result_the_user_may_speak_again() -> None:
    assert said(ask(Message("tool", (ToolResultPart("a", (TextPart("noon"),)),)), user("thanks"))) == "echo: thanks"


def test_usage_counts_words() -> None:
    usage = fold(ask(Message("system", (TextPart("be kind"),)), user("one two three"), reasoning=True)).usage
    assert (usage.input_tokens, usage.cached_tokens, usage.cache_written_tokens) == (5, 0, 0)
    assert usage.reasoning_tokens == 9
    assert usage.output_tokens == 9 + 4


def test_a_prompt_of_megabytes_does_not_become_as_many_events() -> None:
    text = "word " * 500_000
    events = ask(user(text))
    assert said(events) == f"echo: {text}"
    assert len(events) <= MAX_PIECES + 4


_texts = st.text(max_size=20) | st.sampled_from(["clock", "the date, please", "\u2028", "\ufffd"])
_parts = st.one_of(
    st.builds(TextPart, _texts),
    st.builds(ToolCallPart, _texts, _texts, st.just("{}")),
    st.builds(ToolResultPart, _texts, st.tuples(st.builds(TextPart, _texts))),
    st.just(OpaquePart("openai-chat", {})),
)
_messages = st.builds(
    Message,
    st.sampled_from(["system", "developer", "user", "assistant", "tool"]),
    st.lists(_parts, max_size=3).map(tuple),
)
_requests = st.builds(
    Request,
    format=st.just("openai-chat"),
    model=st.just("fastproxy/echo"),
    messages=st.lists(_messages, max_size=4).map(tuple),
    tools=st.sampled_from([(), (CLOCK,), (CLOCK, DATE)]),
    tool_choice=st.builds(
        ToolChoice,
        st.sampled_from(["auto", "none", "required"]),
        st.sampled_from([(), ("clock",), ("date",), ("undeclared",)]),
    ),
    thinking=st.builds(Thinking, visible=st.booleans()),
)


@given(_requests)
def test_every_answer_is_legal_and_the_same_every_time(request_: Request) -> None:
    events = answer(request_, id="req_1", created_at=1)
    assert events == answer(request_, id="req_1", created_at=1)
    assert isinstance(events[0], Start)
    assert isinstance(events[-2], Usage)
    assert isinstance(events[-1], Stop)
    opened: list[int] = []
    for event in events[1:-2]:
        assert isinstance(event, Text | Reasoning | ToolStart | ToolArgs | BlockEnd)
        if not opened or event.block != opened[-1]:
            assert event.block == len(opened)
            opened.append(event.block)
    assert sum(isinstance(event, BlockEnd) for event in events) == len(opened)


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
@given(request_=_requests)
def test_every_answer_can_be_written_streamed_and_whole(format_: Format, request_: Request) -> None:
    events = answer(request_, id="req_1", created_at=1)
    encoder = format_.encoder(EncoderOptions())
    stream = b"".join([*map(encoder.encode, events), encoder.close()])
    assert format_.tap.finished.search(stream)
    assert orjson.loads(format_.encode_whole(fold(events)))
    if format_.name in {"openai-chat", "openai-responses"}:
        read = read_chat if format_.name == "openai-chat" else read_responses
        assert read(stream)[0] == "finished"


def test_a_body_off_the_wire_is_answered() -> None:
    request = decode_request(b'{"model":"fastproxy/echo","messages":[{"role":"user","content":"hello"}]}', {})
    assert said(answer(request, id="req_1", created_at=0)) == "echo: hello"
