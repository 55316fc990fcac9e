"""Turns of the hub as input items."""

from typing import Any

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.decode_input import take_input
from fastproxy.formats.openai_responses.encode_input import InputWriter
from fastproxy.ir.request import (
    Cache,
    Inline,
    MediaPart,
    Message,
    OpaquePart,
    ReasoningPart,
    RefusalPart,
    Request,
    Stored,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

ASK = Message("user", (TextPart("?"),))
ASKED = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "?"}]}
PNG = MediaPart("image", "image/png", Inline("AA=="))


def write(
    *messages: Message, format_: str = "anthropic", model: str = "m"
) -> tuple[str | None, list[Any], tuple[str, ...]]:
    writer = InputWriter(Request(format_, model, messages))
    instructions, items = writer.write()
    return instructions, items, tuple(writer.dropped)


def items(*messages: Message, format_: str = "anthropic") -> list[Any]:
    instructions, told, dropped = write(*messages, format_=format_)
    assert (instructions, dropped) == (None, ())
    return told


def test_system_text_at_the_beginning_is_instructions_and_later_a_message() -> None:
    system = Message("system", (TextPart("a"), TextPart("b")))
    instructions, told, _ = write(system, Message("system", (TextPart("c"),)), ASK, system)
    assert instructions == "a\n\nb\n\nc"
    assert told == [
        ASKED,
        {
            "type": "message",
            "role": "system",
            "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
        },
    ]


def test_developers_words_stay_a_message_and_system_words_alone_are_the_input() -> None:
    for role in ("developer", "system"):
        instructions, (told,), _ = write(Message(role, (TextPart("a"),)))
        assert (instructions, told["role"]) == (None, role)


def test_the_assistants_words_are_output_and_everybody_elses_input() -> None:
    said = Message("assistant", (TextPart("a"), TextPart(""), RefusalPart("no")))
    assert items(ASK, said)[1] == {
        "type": "message",
        "role": "assistant",
        "content": [
            {"type": "output_text", "text": "a", "annotations": []},
            {"type": "refusal", "refusal": "no"},
        ],
    }


def test_what_the_model_did_becomes_an_item_each_in_order() -> None:
    turn = Message(
        "assistant",
        (
            ReasoningPart("Hm", "c2ln"),
            ReasoningPart("", "cg==", "redacted"),
            TextPart("One moment."),
            ToolCallPart("c", "clock", '{"zone": 1.0}'),
            ToolCallPart("d", "now", " "),
            ToolCallPart("e", "patch", "", custom=True),
        ),
    )
    assert items(ASK, turn)[1:] == [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}], "encrypted_content": "c2ln"},
        {"type": "reasoning", "summary": [], "encrypted_content": "cg=="},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "One moment.", "annotations": []}],
        },
        {"type": "function_call", "call_id": "c", "name": "clock", "arguments": '{"zone": 1.0}'},
        {"type": "function_call", "call_id": "d", "name": "now", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "e", "name": "patch", "input": ""},
    ]


def test_thinking_without_a_proof_is_dropped_and_reported() -> None:
    assert write(ASK, Message("assistant", (ReasoningPart("Hm"), TextPart("a"))))[2] == ("thinking",)
    assert write(ASK, Message("assistant", (ReasoningPart(""),))) == (None, [ASKED], ())


@pytest.mark.parametrize(
    ("result", "output"),
    [
        (ToolResultPart("c", (TextPart("12:"), TextPart("00"))), "12:00"),
        (ToolResultPart("c", ()), ""),
        (ToolResultPart("c", (TextPart("no"),), is_error=True), "Error: no"),
        (ToolResultPart("c", (TextPart("Error 5"),), is_error=True), "Error 5"),
        (
            ToolResultPart("c", (PNG,), is_error=True),
            [
                {"type": "input_text", "text": "Error: "},
                {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,AA=="},
            ],
        ),
    ],
)
def test_a_result_is_text_or_a_list_where_there_is_more(result: ToolResultPart, output: Any) -> None:
    (told,) = items(Message("tool", (result,)))
    assert told == {"type": "function_call_output", "call_id": "c", "output": output}


def test_a_result_of_a_custom_call_is_one_also_where_its_format_does_not_tell() -> None:
    call = Message("assistant", (ToolCallPart("c", "patch", "x", custom=True),))
    told = items(ASK, call, Message("tool", (ToolResultPart("c", (TextPart("ok"),)),)), format_="openai-chat")
    assert told[-1] == {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"}


@pytest.mark.parametrize("model", ["gpt-5.6", "gpt-6-astra", "openai/gpt-5.6-sol", "openai.gpt-5.6-luna"])
@pytest.mark.parametrize(("ttl", "lifetime"), [("30m", {"ttl": "30m"}), ("1h", {}), (None, {})])
def test_cache_hints_are_written_for_models_that_know_the_word(model: str, ttl: str | None, lifetime: Any) -> None:
    turn = Message("user", (TextPart("a", Cache(ttl)),))
    _, (told,), dropped = write(turn, model=model)
    assert told["content"][0]["prompt_cache_breakpoint"] == {"mode": "explicit"} | lifetime
    assert dropped == (("cache.ttl",) if ttl and not lifetime else ())
    lead = Message("system", (TextPart("a", Cache()),))
    assert write(lead, ASK, model=model)[0] is None


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-4.1", "lab-gpt-7b", "grok-4.5"])
def test_cache_hints_are_reported_for_models_that_would_refuse_them(model: str) -> None:
    _, (told,), dropped = write(Message("user", (TextPart("a", Cache("30m")),)), model=model, format_="openai-chat")
    assert "prompt_cache_breakpoint" not in told["content"][0]
    assert dropped == ("cache",)
    assert write(Message("system", (TextPart("a", Cache()),)), ASK, model=model)[0] == "a"


@pytest.mark.parametrize(
    "part",
    [ToolCallPart("c", "n", "{}", cache=Cache()), ToolResultPart("c", (TextPart("a"),), cache=Cache())],
)
def test_a_cache_hint_without_a_place_is_reported(part: Any) -> None:
    assert write(Message("assistant", (part,)), model="gpt-6")[2] == ("cache",)


@pytest.mark.parametrize(
    "part",
    [MediaPart("video", "video/mp4", Inline("AA==")), MediaPart("image", "", Stored("file_1"))],
    ids=["film", "file of another vendor"],
)
def test_a_picture_that_cannot_be_sent_is_refused_and_not_left_out(part: MediaPart) -> None:
    for message in (Message("user", (part,)), Message("tool", (ToolResultPart("c", (part,)),))):
        with pytest.raises(Fault) as raised:
            write(message)
        assert raised.value.kind == "bad_request"


def test_a_file_of_this_vendor_is_named() -> None:
    (told,) = items(Message("user", (MediaPart("image", "", Stored("file_1")),)), format_="openai-chat")
    assert told["content"] == [{"type": "input_image", "detail": "auto", "file_id": "file_1"}]


def test_pictures_that_the_model_made_are_reported() -> None:
    assert write(ASK, Message("assistant", (PNG,))) == (None, [ASKED], ("image",))


@pytest.mark.parametrize(
    ("data", "name"),
    [({"type": "server_tool_use", "id": "x"}, "server_tool_use"), ({"executableCode": {}}, "executableCode")],
)
def test_parts_of_other_formats_are_reported_by_their_name(data: dict[str, Any], name: str) -> None:
    part = OpaquePart("anthropic", data)
    assert write(ASK, Message("assistant", (part,))) == (None, [ASKED], (name,))
    assert write(Message("tool", (ToolResultPart("c", (part,)),)))[2] == (name,)


def test_a_conversation_of_this_format_comes_back_item_by_item() -> None:
    told = [
        ASKED,
        {"type": "reasoning", "summary": [], "encrypted_content": "c2ln"},
        {"type": "web_search_call", "id": "ws"},
        {"type": "function_call", "call_id": "c", "name": "n", "arguments": '{"a": 1.0}'},
        {
            "type": "function_call_output",
            "call_id": "c",
            "output": [{"type": "input_text", "text": "x"}, {"type": "input_file", "file_id": "f"}],
        },
        {"type": "computer_call_output", "call_id": "d"},
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_of_tomorrow"}, {"type": "input_text", "text": "a"}],
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "b", "annotations": []}]},
    ]
    assert items(*take_input(told, {}), format_="openai-responses") == told


def test_hints_that_an_older_model_or_a_text_of_the_models_can_not_carry_are_listed() -> None:
    hinted = TextPart("a", Cache("1h"))
    lead, turn = Message("system", (hinted,)), Message("user", (TextPart("b"),))
    assert write(lead, turn, model="gpt-4.1")[2] == ("cache",)
    result = Message("tool", (ToolResultPart("c", (hinted,)),))
    assert write(turn, Message("assistant", (ToolCallPart("c", "f", "{}"),)), result, model="gpt-4.1")[2] == ("cache",)
    assert write(turn, Message("assistant", (hinted,)), model="gpt-5.6")[2] == ("cache",)
