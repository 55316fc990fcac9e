"""Conversations with gaps, repaired: every call answered at once, nothing a client said lost."""

from hypothesis import given
from hypothesis import strategies as st

from fastproxy.ir.request import (
    Link,
    MediaPart,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    Request,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from fastproxy.translate.turns import EMPTY, MISSING, MOVED, ORPHAN, PREFILL, ended_by_user, kinds_of, repaired


def call(id_: str) -> ToolCallPart:
    return ToolCallPart(id_, f"tool {id_}", "{}")


def result(id_: str, text: str = "ok") -> ToolResultPart:
    return ToolResultPart(id_, (TextPart(text),))


def says(role: Role, *parts: Part) -> Message:
    return Message(role, parts)


def told(*messages: Message) -> tuple[list[Message], tuple[str, ...]]:
    request, repairs = repaired(Request("openai-chat", "m", messages))
    return list(request.messages), repairs


def named(id_: str, text: str = "ok") -> ToolResultPart:
    return ToolResultPart(id_, (TextPart(text),), name=f"tool {id_}")


HELLO = says("user", TextPart("hello"))


def test_a_conversation_in_order_stays_and_results_get_their_calls_name() -> None:
    messages, repairs = told(HELLO, says("assistant", call("a")), says("tool", result("a")), HELLO)
    assert messages == [HELLO, says("assistant", call("a")), says("tool", named("a")), HELLO]
    assert repairs == ()


def test_words_in_order_are_not_even_copied() -> None:
    request = Request("openai-chat", "m", (HELLO, says("assistant", TextPart("ho")), HELLO))
    assert repaired(request)[0] is request


def test_every_kind_of_part_is_known_once() -> None:
    assert kinds_of((HELLO, says("assistant", TextPart("ho"), call("a")))) == {TextPart, ToolCallPart}
    assert kinds_of(()) == set()


def test_calls_told_one_by_one_are_one_turn_and_so_are_their_results() -> None:
    messages, repairs = told(
        HELLO,
        says("assistant", ReasoningPart("so", "sig")),
        says("assistant", call("a")),
        says("assistant", call("b")),
        says("tool", result("b")),
        says("tool", result("a")),
    )
    assert messages[1:] == [
        says("assistant", ReasoningPart("so", "sig"), call("a"), call("b")),
        says("tool", named("a"), named("b")),
    ]
    assert repairs == ()


def test_a_result_that_comes_late_is_moved_to_its_call() -> None:
    messages, repairs = told(says("assistant", call("a")), HELLO, says("tool", result("a")))
    assert messages == [says("assistant", call("a")), says("tool", named("a")), HELLO]
    assert repairs == (MOVED,)


def test_a_call_without_a_result_gets_an_error() -> None:
    messages, repairs = told(says("assistant", call("a"), call("b")), says("tool", result("b")), HELLO)
    (missing, given_) = messages[1].parts
    assert isinstance(missing, ToolResultPart)
    assert (missing.id, missing.name, missing.is_error, bool(missing.text)) == ("a", "tool a", True, True)
    assert given_ == named("b")
    assert repairs == (MISSING,)


def test_a_result_without_a_call_becomes_what_the_user_says_with_its_pictures() -> None:
    picture = MediaPart("image", "image/png", Link("https://example.org/x.png"))
    orphan = ToolResultPart("z", (TextPart("42"), picture), name="look")
    messages, repairs = told(HELLO, says("tool", orphan), says("tool", result("y")))
    assert messages[1] == says("user", TextPart("Result of the tool look:\n"), TextPart("42"), picture)
    assert messages[2] == says("user", TextPart("Result of the tool y:\n"), TextPart("ok"))
    assert repairs == (ORPHAN,)


def test_a_second_result_for_one_call_is_an_orphan() -> None:
    messages, repairs = told(says("assistant", call("a")), says("tool", result("a", "1"), result("a", "2")))
    assert messages[1] == says("tool", named("a", "1"))
    assert messages[2].role == "user"
    assert repairs == (ORPHAN,)


def test_a_result_before_its_call_is_not_its_result() -> None:
    _, repairs = told(says("tool", result("a")), says("assistant", call("a")))
    assert repairs == (ORPHAN, MISSING)


def test_turns_that_reuse_an_id_each_have_their_own_result() -> None:
    turns = [says("assistant", call("a")), says("tool", result("a", "1"))]
    messages, repairs = told(*turns, HELLO, says("assistant", call("a")), says("tool", result("a", "2")))
    assert [messages[1], messages[4]] == [says("tool", named("a", "1")), says("tool", named("a", "2"))]
    assert repairs == ()


def test_a_reused_id_never_takes_the_result_of_the_later_turn() -> None:
    messages, repairs = told(
        says("assistant", call("a")), HELLO, says("assistant", call("a")), says("tool", result("a"))
    )
    assert messages[-1] == says("tool", named("a"))
    assert repairs == (MISSING,)


def test_what_stands_beside_results_stays_in_its_place() -> None:
    opaque = OpaquePart("openai-responses", {"type": "computer_call_output"})
    messages, _ = told(says("assistant", call("a")), says("tool", result("a"), opaque))
    assert messages[2] == says("tool", opaque)


def test_messages_that_say_nothing_go_and_words_that_are_none_too() -> None:
    messages, repairs = told(
        says("user", TextPart("")),
        says("assistant", TextPart(""), ReasoningPart(""), ReasoningPart("", "sig"), call("a")),
        says("tool", ToolResultPart("a", ())),
        HELLO,
    )
    assert messages[0] == says("assistant", ReasoningPart("", "sig"), call("a"))
    assert messages[1] == says("tool", ToolResultPart("a", (), name="tool a"))
    assert repairs == (EMPTY,)


_ids = st.sampled_from("abc")
_parts = st.one_of(
    st.builds(lambda: TextPart("x")),
    _ids.map(call),
    st.tuples(_ids, st.text("xyz", max_size=2)).map(lambda t: result(*t)),
)


@st.composite
def _messages(draw: st.DrawFn) -> list[Message]:
    told_: list[Message] = []
    for part in draw(st.lists(_parts, max_size=12)):
        role: Role = (
            "assistant" if isinstance(part, ToolCallPart) else "tool" if isinstance(part, ToolResultPart) else "user"
        )
        told_.append(Message(role, (part,)))
    return told_


@given(_messages())
def test_whatever_came_in_every_call_is_answered_once_and_at_once(messages: list[Message]) -> None:
    ordered, _ = told(*messages)
    for number, message in enumerate(ordered):
        asked = [part.id for part in message.parts if isinstance(part, ToolCallPart)]
        answers = [part.id for part in message.parts if isinstance(part, ToolResultPart)]
        if asked:
            assert [part.id for part in ordered[number + 1].parts if isinstance(part, ToolResultPart)] == asked
        if answers:
            assert any(isinstance(part, ToolCallPart) for part in ordered[number - 1].parts)


@given(_messages())
def test_a_second_repair_finds_nothing_to_do(messages: list[Message]) -> None:
    ordered, _ = told(*messages)
    assert told(*ordered) == (ordered, ())


def test_a_turn_told_in_very_many_messages_is_joined_once() -> None:
    pieces = [says("assistant", TextPart("x"))] * 200_000
    messages, _ = told(HELLO, *pieces, HELLO)  # tried against a copy for each: half an hour
    assert [len(message.parts) for message in messages] == [1, 200_000, 1]


def test_a_conversation_that_ends_with_the_assistant_gets_a_turn_of_the_users_and_says_so() -> None:
    asked = Request("openai-chat", "m", (HELLO, says("assistant", TextPart("Once"))))
    ended, repairs = ended_by_user(asked)
    assert ended.messages[:-1] == asked.messages
    assert ended.messages[-1].role == "user"
    assert all(isinstance(part, TextPart) and part.text.strip() for part in ended.messages[-1].parts)
    assert repairs == (PREFILL,)


def test_a_conversation_that_ends_with_anybody_else_stays() -> None:
    for messages in ((), (HELLO,), (HELLO, says("assistant", call("a")), says("tool", result("a")))):
        asked = Request("openai-chat", "m", messages)
        assert ended_by_user(asked) == (asked, ())
