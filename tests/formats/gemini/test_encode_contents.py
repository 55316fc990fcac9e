"""The hub's messages as contents, one rule per test."""

from typing import Any

import msgspec
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini.encode_contents import Contents
from fastproxy.formats.gemini.fields import PLACEHOLDER
from fastproxy.ir.request import (
    Cache,
    Inline,
    Link,
    MediaPart,
    Message,
    OpaquePart,
    Part,
    ReasoningPart,
    RefusalPart,
    Request,
    Stored,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

HI = Message("user", (TextPart("Hi"),))
PICTURE = MediaPart("image", "image/png", Inline("AAAA"))
BLOB = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}


def contents(*messages: Message, model: str = "gemini-2.5-flash", format_: str = "anthropic") -> Contents:
    return Contents(Request(format_, model, messages))


def told(*messages: Message, model: str = "gemini-2.5-flash") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(contents(*messages, model=model).contents))
    return found


def parts(*given: Part, model: str = "gemini-2.5-flash") -> list[dict[str, Any]]:
    _, content = told(HI, Message("assistant", given), model=model)
    found: list[dict[str, Any]] = content["parts"]
    return found


def call(call_id: str = "a", arguments: str = "{}") -> ToolCallPart:
    return ToolCallPart(call_id, "f", arguments)


def result(call_id: str = "a", *content: TextPart | MediaPart | OpaquePart, is_error: bool = False) -> Message:
    return Message("tool", (ToolResultPart(call_id, content, is_error),))


def test_leading_instructions_are_the_system_instruction_and_later_ones_the_users_words() -> None:
    system, developer = Message("system", (TextPart("A"), TextPart(""))), Message("developer", (TextPart("B"),))
    found = contents(system, developer, HI, Message("system", (TextPart("C"),)))
    assert found.instruction == [{"text": "A"}, {"text": "B"}]
    assert found.contents == [{"role": "user", "parts": [{"text": "Hi"}, {"text": "C"}]}]


def test_a_conversation_that_begins_with_a_call_is_begun_by_the_user() -> None:
    first, second, _ = told(Message("assistant", (call(),)), result())
    assert first == {"role": "user", "parts": [{"text": "(continued)"}]}
    assert second["role"] == "model"
    assert told(Message("assistant", (TextPart("Hi"),)), HI)[0]["role"] == "model"


def test_nothing_but_instructions_is_said_by_the_user() -> None:
    found = contents(Message("system", (TextPart("A"),)))
    assert (found.instruction, found.contents) == ([], [{"role": "user", "parts": [{"text": "A"}]}])


def test_turns_of_one_role_are_one_content_and_empty_texts_are_left_out() -> None:
    answer = Message("assistant", (TextPart(""), RefusalPart("No.")))
    assert told(HI, HI, answer, answer, HI) == [
        {"role": "user", "parts": [{"text": "Hi"}, {"text": "Hi"}]},
        {"role": "model", "parts": [{"text": "No."}, {"text": "No."}]},
        {"role": "user", "parts": [{"text": "Hi"}]},
    ]


def test_every_kind_of_signature_stands_where_gemini_looks_for_it() -> None:
    assert parts(
        ReasoningPart("Hm", "dGg="),
        ReasoningPart("plain"),
        ReasoningPart("", "cmVk", "redacted"),
        TextPart("So"),
        ReasoningPart("", "dGV4dA==", "text"),
        ReasoningPart("", "Y2FsbA==", "call"),
        call(),
        ReasoningPart(""),
    ) == [
        {"text": "Hm", "thought": True, "thoughtSignature": "dGg="},
        {"text": "plain", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "cmVk"},
        {"text": "So"},
        {"text": "", "thoughtSignature": "dGV4dA=="},
        {"functionCall": {"id": "a", "name": "f", "args": {}}, "thoughtSignature": "Y2FsbA=="},
    ]


def test_arguments_are_spliced_in_byte_for_byte() -> None:
    text = '{"n": 1.0, "big":123456789012345678901234567890, "s":"\\ud83d"}'
    assert text.encode() in msgspec.json.encode(contents(HI, Message("assistant", (call("a", text),))).contents)


def test_arguments_that_are_no_object_are_told_as_what_they_are() -> None:
    (part,) = parts(call("a", '{"cut": "o'))
    assert part["functionCall"]["args"] == {"_invalid_json": '{"cut": "o'}


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (result("a", TextPart("lit")), {"output": "lit"}),
        (result("a"), {"output": ""}),
        (result("a", TextPart(' {"n": 1}')), {"n": 1}),
        (result("a", TextPart('{"n": ')), {"output": '{"n": '}),
        (result("a", TextPart("[1]")), {"output": "[1]"}),
        (result("a", TextPart('{"n": 1}'), is_error=True), {"error": '{"n": 1}'}),
    ],
)
def test_an_answer_is_an_object_and_has_the_name_of_its_call(answer: Message, response: dict[str, Any]) -> None:
    *_, content = told(HI, Message("assistant", (call(),)), answer)
    assert content == {"role": "user", "parts": [{"functionResponse": {"id": "a", "name": "f", "response": response}}]}


def test_an_answer_to_no_call_is_named_by_itself_or_its_id() -> None:
    named = Message("tool", (ToolResultPart("x", (), name="g"), ToolResultPart("y", ())))
    (content,) = told(named)
    assert [part["functionResponse"]["name"] for part in content["parts"]] == ["g", "y"]


def test_media_of_answers_stand_behind_all_answers_of_the_turn_before_generation_3() -> None:
    calls = Message("assistant", (call("a"), call("b")))
    (*_, content) = told(HI, calls, result("a", TextPart("see"), PICTURE), result("b"), HI)
    assert [set(part) for part in content["parts"]] == [
        {"functionResponse"},
        {"functionResponse"},
        {"inlineData"},
        {"text"},
    ]


def test_media_of_answers_stand_within_them_from_generation_3_on() -> None:
    (*_, content) = told(HI, Message("assistant", (call(),)), result("a", PICTURE), model="gemini-3-pro-preview")
    (part,) = content["parts"]
    assert part["functionResponse"]["parts"] == [BLOB]


def test_only_the_first_call_of_each_step_of_the_current_turn_gets_the_placeholder() -> None:
    step = Message("assistant", (TextPart("ok"), call("a"), call("b")))
    signed = Message("assistant", (ReasoningPart("", "c2ln", "call"), call("c"), call("d")))
    answered = Message("assistant", (TextPart("done"),))
    history = (HI, step, result("a"), result("b"), answered, HI, step, result("a"), result("b"), signed, result("c"))
    found = told(*history, model="models/gemini-3.1-flash")
    signatures = [
        [part.get("thoughtSignature") for part in content["parts"] if "functionCall" in part]
        for content in found
        if content["role"] == "model"
    ]
    assert signatures == [[None, None], [], [PLACEHOLDER, None], ["c2ln", None]]


def test_a_reminder_behind_results_begins_no_new_turn() -> None:
    found = told(HI, Message("assistant", (call(),)), result("a"), HI, model="gemini-3-flash")
    assert found[1]["parts"][0]["thoughtSignature"] == PLACEHOLDER


def test_generations_before_3_need_no_placeholder() -> None:
    (part,) = told(HI, Message("assistant", (call(),)))[1]["parts"]
    assert "thoughtSignature" not in part


def test_what_has_no_word_is_listed_once() -> None:
    odd = OpaquePart("anthropic", {"type": "server_tool_use"})
    picture = MediaPart("image", "", Link("https://a.test/a.png"), name="a", detail="high", cache=Cache())
    found = contents(Message("user", (TextPart("Hi", Cache()), odd, odd, picture)), result("a", odd))
    assert list(found.dropped) == ["cache", "server_tool_use", "name", "detail"]


def test_a_part_of_geminis_own_is_written_as_it_came() -> None:
    assert parts(OpaquePart("gemini", {"executableCode": {"code": "1"}})) == [{"executableCode": {"code": "1"}}]


def test_a_file_that_only_another_upstream_has_is_refused() -> None:
    with pytest.raises(Fault) as raised:
        contents(Message("user", (MediaPart("document", "application/pdf", Stored("f")),)), format_="openai-responses")
    assert raised.value.kind == "bad_request"
