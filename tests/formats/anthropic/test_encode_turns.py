"""Turns in the order that the API takes."""

from typing import Any

import pytest

from fastproxy.formats.anthropic.encode_parts import PartEncoder
from fastproxy.formats.anthropic.encode_turns import CONTINUED, lacks_thinking, system_blocks, turns
from fastproxy.ir.request import (
    Link,
    MediaPart,
    Message,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)


def said(role: Role, *parts: str | Part) -> Message:
    return Message(role, tuple(TextPart(part) if isinstance(part, str) else part for part in parts))


CALL = said("assistant", ToolCallPart("i", "f", "{}"))
RESULT = said("tool", ToolResultPart("i", (TextPart("lit"),)))


def written(*messages: Message, system_turns: bool = False) -> list[tuple[str, list[Any]]]:
    """Role and, for each block, its text or type."""
    dropped: list[str] = []
    made = turns(messages, PartEncoder("openai-chat", dropped), dropped, system_turns=system_turns)
    return [(turn.role, [block.get("text", block["type"]) for block in turn.content]) for turn in made]


def test_leading_system_messages_are_the_system() -> None:
    messages = (said("system", "a", ""), said("developer", "b"), said("user", "c"), said("system", "d"))
    blocks = system_blocks(messages, PartEncoder("openai-chat", []))
    assert [block["text"] for block in blocks] == ["a", "b"]


def test_turns_of_one_role_are_one() -> None:
    assert written(
        said("user", "a"), said("user", "b"), said("assistant", "c"), said("assistant", "d"), said("user", "e")
    ) == [
        ("user", ["a", "b"]),
        ("assistant", ["c", "d"]),
        ("user", ["e"]),
    ]


def test_results_come_first_in_the_turn_that_follows_the_calls() -> None:
    later = said("tool", ToolResultPart("j", ()))
    assert written(said("user", "a"), CALL, RESULT, said("user", "and"), later) == [
        ("user", ["a"]),
        ("assistant", ["tool_use"]),
        ("user", ["tool_result", "tool_result", "and"]),
    ]


def test_empty_turns_vanish_and_their_neighbours_become_one() -> None:
    assert written(said("user", "a"), said("assistant", " "), said("user", "b")) == [("user", ["a", "b"])]


@pytest.mark.parametrize("messages", [(), (said("system", "s"),), (said("assistant", "hello"),)])
def test_the_user_speaks_first(messages: tuple[Message, ...]) -> None:
    assert written(*messages)[0] == ("user", [CONTINUED])


@pytest.mark.parametrize(
    "messages",
    [
        (said("user", "a"), said("system", "s")),
        (said("user", "a"), said("system", "s"), said("assistant", "b"), said("user", "c")),
        (said("user", "a"), CALL, RESULT, said("developer", "s")),
    ],
)
def test_the_system_keeps_its_turn_where_the_model_and_the_place_allow_it(messages: tuple[Message, ...]) -> None:
    assert ("system", ["s"]) in written(*messages, system_turns=True)
    assert not any(role == "system" for role, _ in written(*messages))


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((said("user", "a"), said("system", "s"), said("user", "b")), [("user", ["a", "<system>\ns\n</system>", "b"])]),
        (
            (said("user", "a"), said("assistant", "b"), said("system", "s")),
            [("user", ["a"]), ("assistant", ["b"]), ("user", ["<system>\ns\n</system>"])],
        ),
        (
            (said("user", "a"), CALL, said("system", "s"), RESULT),
            [("user", ["a"]), ("assistant", ["tool_use"]), ("user", ["tool_result", "<system>\ns\n</system>"])],
        ),
    ],
)
def test_elsewhere_its_words_are_the_users_marked(messages: tuple[Message, ...], expected: Any) -> None:
    assert written(*messages, system_turns=True) == expected


def test_images_of_the_system_stand_with_the_user_or_are_listed() -> None:
    image = MediaPart("image", "", Link("u"))
    assert written(said("user", "a"), said("system", "s", image), system_turns=True) == [
        ("user", ["a", "<system>\ns\n</system>", "image"])
    ]
    dropped: list[str] = []
    assert system_blocks([said("system", image)], PartEncoder("openai-chat", dropped)) == []
    assert dropped == ["system.image"]


def test_two_turns_of_the_system_are_one() -> None:
    messages = (said("user", "a"), said("system", "s"), said("developer", "t"))
    assert written(*messages, system_turns=True) == [("user", ["a"]), ("system", ["s", "t"])]


def test_a_turn_does_not_end_in_thinking() -> None:
    dropped: list[str] = []
    encoder = PartEncoder("anthropic", dropped)
    messages = (said("user", "a"), said("assistant", "b", ReasoningPart("t", "s")), said("user", "c"))
    made = turns(messages, encoder, dropped, system_turns=False)
    assert [block["type"] for block in made[1].content] == ["text"]
    assert dropped == ["reasoning"]


def test_a_prefilled_answer_does_not_end_in_white_space() -> None:
    assert written(said("user", "a"), said("assistant", "The answer is \n"))[1] == ("assistant", ["The answer is"])
    assert written(said("user", "a"), said("assistant", "b "), said("user", "c"))[1] == ("assistant", ["b "])


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((said("user", "a"), CALL, RESULT), True),
        ((said("user", "a"), said("assistant", ReasoningPart("", "s"), *CALL.parts), RESULT), False),
        ((said("user", "a"), said("assistant", ReasoningPart("t"), *CALL.parts), RESULT), True),
        ((said("user", "a"), said("assistant", "b"), said("user", "c")), False),
        ((said("user", "a"),), False),
    ],
)
def test_a_running_loop_without_proof_of_thinking(messages: tuple[Message, ...], expected: bool) -> None:
    made = turns(messages, PartEncoder("anthropic", []), [], system_turns=False)
    assert lacks_thinking(made) is expected
