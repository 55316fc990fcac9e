"""Turns as Chat messages: results, thoughts and calls where Chat hosts demand them."""

from typing import Any

import orjson
import pytest

from fastproxy.formats.openai_chat.encode_messages import messages_of
from fastproxy.formats.openai_chat.encode_parts import Writing
from fastproxy.ir.request import (
    Cache,
    Inline,
    MediaPart,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    RefusalPart,
    Request,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolResultPart,
)

USER = Message("user", (TextPart("hi"),))
CALL = ToolCallPart("a", "f", '{"x": 1.0}')
CALL_TOLD = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1.0}'}}
IMAGE = MediaPart("image", "image/png", Inline("AA=="))
IMAGE_TOLD = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def written(*messages: Message, model: str = "m", writing: Writing | None = None) -> list[dict[str, Any]]:
    return messages_of(Request("anthropic", model, messages), writing or Writing(model, "anthropic"))


def assistant(*parts: Part) -> Message:
    return Message("assistant", parts)


def result(id_: str, *content: Any, **fields: Any) -> Message:
    return Message("tool", (ToolResultPart(id_, content, **fields),))


def test_one_plain_text_is_a_string_and_several_are_parts() -> None:
    two = Message("system", (TextPart("a"), TextPart("b")))
    assert written(two, Message("developer", (TextPart("c"),))) == [
        {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "system", "content": "c"},
    ]
    assert written(Message("user", ())) == [{"role": "user", "content": ""}]


def test_a_models_texts_are_one_string() -> None:
    assert written(assistant(TextPart("a"), TextPart("b"))) == [{"role": "assistant", "content": "ab"}]


def test_a_turn_of_calls_has_no_content_and_arguments_untouched() -> None:
    assert written(USER, assistant(CALL, ToolCallPart("b", "g", "")))[1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [CALL_TOLD, {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}}],
    }


def test_thoughts_text_and_calls_told_apart_are_one_turn_and_plain_turns_stay_two() -> None:
    turns = (assistant(ReasoningPart("hm")), assistant(TextPart("x")), assistant(CALL))
    (message,) = written(USER, *turns)[1:]
    assert message == {"role": "assistant", "content": "x", "reasoning_content": "hm", "tool_calls": [CALL_TOLD]}
    assert len(written(assistant(TextPart("a")), assistant(TextPart("b")))) == 2


def thoughts(told: list[dict[str, Any]]) -> list[str | None]:
    """What each message of the assistant's says that it thought; None for nothing."""
    return [message.get("reasoning_content") for message in told if message["role"] == "assistant"]


def test_thoughts_go_back_with_calls_wherever_they_stand_and_else_within_a_tool_loop_only() -> None:
    thinking, answering = assistant(ReasoningPart("hm"), CALL), assistant(ReasoningPart("so"), TextPart("x"))
    tool = result("a", TextPart("1"))
    assert thoughts(written(USER, thinking, tool, thinking, tool)) == ["hm", "hm"]
    assert thoughts(written(USER, thinking, tool, answering)) == ["hm", "so"]
    writing = Writing("m", "anthropic")
    over = written(USER, thinking, tool, answering, USER, thinking, tool, USER, writing=writing)
    assert thoughts(over) == ["hm", None, "hm"]
    assert writing.dropped == ["reasoning"]


def demanded(*messages: Message, tools: tuple[Tool, ...] = ()) -> list[dict[str, Any]]:
    request = Request("anthropic", "m", messages, tools=tools, thinking=Thinking(demanded=True))
    return messages_of(request, Writing("m", "anthropic"))


def test_a_host_that_demands_thoughts_gets_every_one_and_an_empty_one_for_what_was_lost() -> None:
    tool = result("a", TextPart("1"))
    told = demanded(USER, assistant(CALL), tool, assistant(TextPart("x")), USER, assistant(ReasoningPart("hm"), CALL))
    assert thoughts(told) == ["", "", "hm"]
    assert [message["content"] for message in told if message["role"] == "assistant"] == [None, "x", None]
    told = demanded(USER, assistant(ReasoningPart("so"), TextPart("x")), USER, assistant(CALL), tool)
    assert thoughts(told) == ["so", ""]


def test_without_tools_no_thought_is_demanded() -> None:
    turns = (USER, assistant(TextPart("x")), USER)
    assert demanded(*turns) == written(*turns)
    assert thoughts(demanded(*turns, tools=(Tool("f"),))) == [""]


def test_no_empty_thought_stands_beside_one_that_a_host_tells_in_fields_of_its_own() -> None:
    kept = {"type": "reasoning.text", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0}
    in_details = assistant(ReasoningPart("hm", orjson.dumps(kept).decode()), CALL)
    opaque = assistant(ReasoningPart("hm", '{"reasoning_opaque":"c2ln"}'), CALL)
    assert thoughts(demanded(USER, in_details, opaque)) == [None]
    assert thoughts(demanded(USER, in_details, result("a"), USER, opaque)) == [None, None]


def test_a_turn_of_which_nothing_is_left_gets_no_empty_thought() -> None:
    foreign = OpaquePart("anthropic", {"type": "server_tool_use"})
    assert thoughts(demanded(USER, assistant(foreign), USER, assistant(CALL))) == [""]


def test_a_hosts_own_signature_goes_back_as_it_came_and_a_foreign_one_is_listed() -> None:
    kept = {"type": "reasoning.text", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0}
    writing = Writing("m", "anthropic")
    (_, message, _) = written(
        USER,
        assistant(ReasoningPart("hm", orjson.dumps(kept).decode()), ReasoningPart("ha", "EqQB"), CALL),
        USER,
        writing=writing,
    )
    assert message["reasoning_details"] == [kept | {"text": "hm"}]
    assert message["reasoning_content"] == "ha"
    assert writing.dropped == ["thinking.signature"]


@pytest.mark.parametrize(("thought", "text"), [("hm", {"reasoning_text": "hm"}), ("", {})])
def test_copilots_signature_goes_back_beside_what_it_is_for(thought: str, text: dict[str, str]) -> None:
    writing = Writing("m", "anthropic")
    (message,) = written(assistant(ReasoningPart(thought, '{"reasoning_opaque":"c2ln"}'), CALL), writing=writing)
    assert message == {
        "role": "assistant", "content": None, "tool_calls": [CALL_TOLD], "reasoning_opaque": "c2ln", **text,
    }  # fmt: skip
    assert writing.dropped == []


def test_googles_signatures_go_back_to_call_and_text() -> None:
    proof = '{"extra_content":{"google":{"thought_signature":"c2ln"}}}'
    (message,) = written(
        assistant(TextPart("x"), ReasoningPart("", proof, "text"), ReasoningPart("", proof, "call"), CALL)
    )
    assert message["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert message["tool_calls"] == [CALL_TOLD | {"extra_content": {"google": {"thought_signature": "c2ln"}}}]


def test_pictures_of_results_follow_in_one_turn_after_all_results() -> None:
    one, two = result("a", TextPart("see "), IMAGE), result("b", IMAGE)
    mark = "[image: see the user message after the tool results]"
    assert written(one, two, USER) == [
        {"role": "tool", "tool_call_id": "a", "content": f"see {mark}"},
        {"role": "tool", "tool_call_id": "b", "content": mark},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "[image from the result of a]"},
                IMAGE_TOLD,
                {"type": "text", "text": "[image from the result of b]"},
                IMAGE_TOLD,
            ],
        },
        {"role": "user", "content": "hi"},
    ]


def test_a_failed_result_says_so_once() -> None:
    assert written(result("a", TextPart("no disk"), is_error=True))[0]["content"] == "Error: no disk"
    assert written(result("a", TextPart("Error: no disk"), is_error=True))[0]["content"] == "Error: no disk"


def test_a_results_cache_hint_needs_a_part() -> None:
    (message,) = written(result("a", TextPart("x"), cache=Cache()), model="gpt-6")
    assert message["content"] == [{"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}]


def test_refusals_custom_calls_and_chats_own_fields_have_their_places() -> None:
    (message,) = written(
        assistant(
            RefusalPart("no"),
            ToolCallPart("c", "shell", "date", custom=True),
            OpaquePart("openai-chat", {"name": "bob"}),
            OpaquePart("openai-chat", {"tool_calls": [{"id": "x", "type": "hologram"}]}),
        )
    )
    assert message == {
        "role": "assistant",
        "content": None,
        "refusal": "no",
        "name": "bob",
        "tool_calls": [
            {"id": "c", "type": "custom", "custom": {"name": "shell", "input": "date"}},
            {"id": "x", "type": "hologram"},
        ],
    }


def test_a_turn_of_which_nothing_is_left_is_left_out_and_listed() -> None:
    writing = Writing("m", "anthropic")
    foreign = OpaquePart("anthropic", {"type": "server_tool_use"})
    assert written(assistant(foreign), Message("user", (foreign,)), Message("tool", (foreign,)), writing=writing) == []
    assert writing.dropped == ["server_tool_use"] * 3


@pytest.mark.parametrize(
    "model", ["mistral-large-latest", "mistralai/Devstral-Small-2", "ministral-8b", "magistral-medium"]
)
def test_mistrals_models_hear_an_assistant_between_results_and_the_user(model: str) -> None:
    turns = (USER, assistant(CALL), result("a", TextPart("r")), USER)
    assert [message["role"] for message in written(*turns, model=model)[2:]] == ["tool", "assistant", "user"]
    assert written(*turns, model=model)[3] == {"role": "assistant", "content": "(continued)"}
    assert [message["role"] for message in written(*turns)[2:]] == ["tool", "user"]
    assert written(*turns[:3], model=model) == written(*turns[:3])


def test_a_thought_that_no_tool_loop_needs_is_listed_and_so_is_what_only_a_model_says() -> None:
    writing = Writing("m", "anthropic")
    told = written(
        USER, assistant(ReasoningPart("hm"), TextPart("a")), Message("user", (CALL, TextPart("b"))), writing=writing
    )
    assert [message["content"] for message in told[-2:]] == ["a", "b"]
    assert writing.dropped == ["reasoning", "message.content"]
