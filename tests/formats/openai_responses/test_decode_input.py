"""Input items as turns of the hub."""

from typing import Any

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.decode_input import take_input
from fastproxy.ir.request import (
    Cache,
    Inline,
    MediaPart,
    Message,
    OpaquePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

OWN = "openai-responses"


def turns(*items: Any) -> list[Message]:
    return list(take_input(list(items), {}))


def test_a_text_is_one_turn_of_the_user_and_nothing_is_none() -> None:
    assert list(take_input("hello", {})) == [Message("user", (TextPart("hello"),))]
    assert list(take_input(None, {})) == []


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_a_message_keeps_its_role_with_or_without_a_type(role: Any) -> None:
    assert turns({"role": role, "content": "a"}) == [Message(role, (TextPart("a"),))]
    assert turns({"type": "message", "role": role, "content": [{"type": "input_text", "text": "a"}]}) == [
        Message(role, (TextPart("a"),))
    ]


@pytest.mark.parametrize("item", [{"type": "message", "content": "x"}, {"role": "judge"}, {"role": ["user"]}])
def test_a_message_without_a_known_role_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises(Fault) as raised:
        turns(item)
    assert (raised.value.kind, raised.value.param) == ("bad_request", "input")


def test_every_kind_of_content_has_its_part() -> None:
    content = [
        {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
        {"type": "output_text", "text": "b", "annotations": []},
        {"type": "refusal", "refusal": "no"},
        {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "of tomorrow", "x": 1},
        {"type": "input_image"},
        "bare",
    ]
    assert turns({"role": "user", "content": content}) == [
        Message(
            "user",
            (
                TextPart("a", Cache("30m")),
                TextPart("b"),
                RefusalPart("no"),
                MediaPart("image", "image/png", Inline("AA=="), detail="low"),
                MediaPart("document", "application/pdf", Inline("AA=="), "a.pdf"),
                MediaPart("audio", "audio/wav", Inline("AA==")),
                OpaquePart(OWN, {"type": "of tomorrow", "x": 1}),
                OpaquePart(OWN, {"type": "input_image"}),
                TextPart("bare"),
            ),
        )
    ]


def test_every_item_is_a_turn_in_order() -> None:
    assert turns(
        {"role": "user", "content": "?"},
        {"type": "reasoning", "summary": [{"text": "a"}, {"text": "b"}], "encrypted_content": "s"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "One moment."}]},
        {"type": "function_call", "call_id": "c", "name": "clock", "arguments": '{"zone": 1.0}'},
        {"type": "custom_tool_call", "call_id": "d", "name": "patch", "input": "***"},
        {"type": "function_call_output", "call_id": "c", "output": "12:00"},
        {"type": "custom_tool_call_output", "call_id": "d", "output": [{"type": "input_text", "text": "ok"}]},
        {"role": "assistant", "content": "Noon."},
    ) == [
        Message("user", (TextPart("?"),)),
        Message("assistant", (ReasoningPart("a\n\nb", "s"),)),
        Message("assistant", (TextPart("One moment."),)),
        Message("assistant", (ToolCallPart("c", "clock", '{"zone": 1.0}'),)),
        Message("assistant", (ToolCallPart("d", "patch", "***", custom=True),)),
        Message("tool", (ToolResultPart("c", (TextPart("12:00"),)),)),
        Message("tool", (ToolResultPart("d", (TextPart("ok"),), custom=True),)),
        Message("assistant", (TextPart("Noon."),)),
    ]


def test_a_result_may_hold_pictures_and_what_has_no_word_here() -> None:
    output = [
        {"type": "input_text", "text": "12:"},
        {"type": "input_image", "image_url": "https://a.example"},
        {"type": "computer_screenshot"},
        {"type": "refusal", "refusal": "no"},
    ]
    ((result,),) = (
        message.parts for message in turns({"type": "function_call_output", "call_id": "c", "output": output})
    )
    assert isinstance(result, ToolResultPart)
    assert [type(part) for part in result.content] == [TextPart, MediaPart, OpaquePart, TextPart]
    assert result.text == "12:no"


@pytest.mark.parametrize(("told", "text"), [(None, ""), ({"a": 1}, '{"a":1}'), ("", "")])
def test_arguments_and_results_that_are_no_text_become_it(told: Any, text: str) -> None:
    ((call,),) = (m.parts for m in turns({"type": "function_call", "id": "fc", "name": "n", "arguments": told}))
    assert call == ToolCallPart("fc", "n", text)
    ((result,),) = (m.parts for m in turns({"type": "function_call_output", "call_id": "c", "output": told}))
    assert isinstance(result, ToolResultPart)
    assert result.text == text


@pytest.mark.parametrize(
    ("item", "role"),
    [
        ({"type": "item_reference", "id": "msg_1"}, "assistant"),
        ({"type": "web_search_call", "id": "ws"}, "assistant"),
        ({"type": "compaction", "encrypted_content": "x"}, "assistant"),
        ({"type": "computer_call_output", "call_id": "c"}, "tool"),
    ],
)
def test_items_without_a_word_here_stay_whole(item: dict[str, Any], role: Any) -> None:
    assert turns(item) == [Message(role, (OpaquePart(OWN, item),))]


def test_a_reference_to_an_item_is_one_without_its_type_too() -> None:
    assert turns({"id": "msg_1"}) == turns({"type": "item_reference", "id": "msg_1"})
