"""The system's words for models that take them at the front only, or not at all."""

import msgspec
import orjson
import pytest

from fastproxy.formats import BY_NAME
from fastproxy.formats.base import FormatName
from fastproxy.ir.request import (
    Cache,
    Inline,
    MediaPart,
    Message,
    Part,
    Request,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from fastproxy.translate.system import as_user, in_front, placed

USER, ANSWER = Message("user", (TextPart("Hi."),)), Message("assistant", (TextPart("Yes?"),))
BRIEF, KIND = Message("system", (TextPart("Be brief."),)), Message("developer", (TextPart("Be kind."),))
IMAGE = MediaPart("image", "image/png", Inline("AA=="))
CALL = Message("assistant", (ToolCallPart("a", "f", "{}"),))
RESULT = Message("tool", (ToolResultPart("a", (TextPart("r"),)),))


def asked(*messages: Message) -> Request:
    return Request("openai-responses", "m", messages)


def marked(text: str) -> Message:
    return Message("user", (TextPart(f"<system>\n{text}\n</system>"),))


@pytest.mark.parametrize("messages", [(), (USER, ANSWER, USER), (BRIEF, USER), (KIND, USER, CALL, RESULT)])
def test_a_request_with_nothing_but_one_system_in_front_is_itself(messages: tuple[Message, ...]) -> None:
    request = asked(*messages)
    assert in_front(request) is request


@pytest.mark.parametrize("messages", [(), (USER, ANSWER, USER), (USER, CALL, RESULT)])
def test_a_request_without_a_system_is_itself(messages: tuple[Message, ...]) -> None:
    request = asked(*messages)
    assert as_user(request) is request


def test_what_the_system_says_first_is_one_message_and_all_that_it_says_later_the_users() -> None:
    request = asked(BRIEF, KIND, USER, BRIEF, ANSWER, KIND)
    both = Message("system", (TextPart("Be brief.\n\nBe kind."),))
    assert in_front(request).messages == (both, USER, marked("Be brief."), ANSWER, marked("Be kind."))


def test_a_first_message_that_stands_alone_stays_as_it_is() -> None:
    hinted = Message("developer", (TextPart("a"), TextPart("b", Cache())))
    assert in_front(asked(hinted, USER, BRIEF)).messages == (hinted, USER, marked("Be brief."))
    assert in_front(asked(USER, BRIEF)).messages == (USER, marked("Be brief."))


@pytest.mark.parametrize("other", [TextPart("a", Cache("1h")), IMAGE])
def test_parts_that_are_no_plain_text_stay_parts_in_their_order(other: Part) -> None:
    told = in_front(asked(BRIEF, Message("system", (other,)), KIND, USER))
    assert told.messages == (Message("system", (*BRIEF.parts, other, *KIND.parts)), USER)


def test_what_the_system_shows_in_the_middle_keeps_its_place_and_its_hint() -> None:
    later = Message("system", (TextPart("See:", Cache()), IMAGE))
    (_, told) = in_front(asked(USER, later)).messages
    assert told == Message("user", (TextPart("<system>\nSee:\n</system>", Cache()), IMAGE))


def test_a_model_without_a_system_hears_its_words_from_the_user() -> None:
    told = as_user(asked(BRIEF, KIND, USER, ANSWER, BRIEF))
    assert told.messages == (
        Message("user", (*BRIEF.parts, *KIND.parts, *USER.parts)),
        ANSWER,
        marked("Be brief."),
    )


@pytest.mark.parametrize("rest", [(), (ANSWER, USER), (CALL, RESULT)])
def test_words_that_no_turn_of_the_user_follows_are_one_of_their_own(rest: tuple[Message, ...]) -> None:
    assert as_user(asked(BRIEF, *rest)).messages == (Message("user", BRIEF.parts), *rest)


def test_later_words_alone_are_marked_where_they_stand() -> None:
    assert as_user(asked(USER, BRIEF)).messages == (USER, marked("Be brief."))


def test_a_system_that_says_nothing_is_no_turn_of_the_user() -> None:
    assert as_user(asked(Message("system", ()), ANSWER)).messages == (ANSWER,)


def test_nothing_but_the_messages_changes() -> None:
    request = Request("anthropic", "m", (BRIEF, KIND, USER), stream=True, cache_key="k", extras={"x": 1})
    for told in (in_front(request), as_user(request)):
        assert Request("anthropic", "m", (), stream=True, cache_key="k", extras={"x": 1}) == msgspec.structs.replace(
            told, messages=()
        )


def roles(format_: FormatName, request: Request) -> list[tuple[str, object]]:
    body = orjson.loads(BY_NAME[format_].encode_request(request).body)
    return [(message["role"], message["content"]) for message in body["messages"]]


@pytest.mark.parametrize("first", ["system", "developer"])
def test_chat_writes_one_string_at_the_front_and_no_other_system(first: Role) -> None:
    """What the templates refuse is any system but the first; what some take is strings alone."""
    request = asked(Message(first, BRIEF.parts), KIND, USER, CALL, RESULT, BRIEF)
    assert roles("openai-chat", in_front(request)) == [
        ("system", "Be brief.\n\nBe kind."),
        ("user", "Hi."),
        ("assistant", None),
        ("tool", "r"),
        ("user", "<system>\nBe brief.\n</system>"),
    ]


def test_the_mark_is_the_one_that_anthropics_format_writes() -> None:
    (*_, (role, content)) = roles("anthropic", asked(USER, ANSWER, BRIEF))
    assert (role, content) == ("user", [{"type": "text", "text": "<system>\nBe brief.\n</system>"}])


def test_only_chat_templates_want_it_in_front_and_a_model_that_takes_none_takes_it_nowhere() -> None:
    request = asked(BRIEF, USER, KIND)
    for target in BY_NAME:
        assert placed(request, "anywhere", target) is request
        assert (placed(request, "in_front", target) is request) is (target != "openai-chat")
        assert placed(request, "nowhere", target) == as_user(request)


def test_words_of_the_systems_alone_are_the_users_where_a_template_wants_one() -> None:
    assert in_front(asked(BRIEF)) == as_user(asked(BRIEF))
    assert in_front(asked(BRIEF)).messages[0].role == "user"
