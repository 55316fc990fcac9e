"""Single cases of the Chat body; that it says what the stream says is a law in tests/laws."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.encode_whole import arguments_of, completion_id, whole
from fastproxy.ir.events import Failed, Start, Stop, Usage
from fastproxy.ir.fold import OpaqueBlock, ReasoningBlock, Response, TextBlock, ToolCall
from support.openai_sdk import chat_body

START = Start("chatcmpl-1", "lab-1", 1_760_000_000)


def test_a_body_with_everything_in_it() -> None:
    blocks = (
        ReasoningBlock("Hm.", "c2ln"),
        TextBlock("One "),
        ToolCall("a", "clock", '{"zone": 1.0}'),
        TextBlock("moment."),
        OpaqueBlock("openai-chat", "annotations", b"[]"),
        OpaqueBlock("gemini", "part", b"{}"),
    )
    body = whole(Response(START, blocks, Stop("tools"), Usage(9, 1, None, 5)))
    assert orjson.loads(body) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "lab-1",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "One moment.",
                    "refusal": None,
                    "reasoning_content": "Hm.",
                    "tool_calls": [
                        {"id": "a", "type": "function", "function": {"name": "clock", "arguments": '{"zone": 1.0}'}}
                    ],
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {
            "prompt_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
            "completion_tokens": 5,
            "completion_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 15,
        },
        "system_fingerprint": None,
    }


def test_a_body_without_text_says_null_beside_calls_and_an_empty_text_alone() -> None:
    calling = chat_body(whole(Response(START, (ToolCall("a", "now", ""),), Stop("tools"))))
    assert calling.choices[0].message.content is None
    silent = chat_body(whole(Response(START, (), Stop("end"))))
    assert silent.choices[0].message.content == ""


@pytest.mark.parametrize(
    "response",
    [
        Response(START, (TextBlock("half"),)),
        Response(START, (), Stop("error")),
        Response(START, (), Stop("end"), failed=Failed("timeout", "too slow")),
    ],
    ids=["no stop", "stopped with an error", "failed"],
)
def test_a_broken_answer_is_no_body_but_a_fault(response: Response) -> None:
    with pytest.raises(Fault):
        whole(response)


@pytest.mark.parametrize(
    ("told", "spelled"), [("chatcmpl-1", "chatcmpl-1"), ("msg_1", "chatcmpl-msg_1"), ("", "chatcmpl-")]
)
def test_ids_have_chats_own_prefix_once(told: str, spelled: str) -> None:
    assert completion_id(Start(told, "m", 0)) == spelled


@pytest.mark.parametrize(("told", "written"), [("", "{}"), ("\n", "\n{}"), ('{"a": 1.0}', '{"a": 1.0}')])
def test_arguments_are_json_even_when_there_are_none(told: str, written: str) -> None:
    assert arguments_of(ToolCall("a", "f", told)) == written
