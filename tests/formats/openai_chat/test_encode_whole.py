"""Single cases of the Chat body; that it says what the stream says is a law in tests/laws."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.encode_whole import arguments_of, encode_whole
from fastproxy.ir.events import Citation, Failed, Start, Stop, Usage
from fastproxy.ir.fold import OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall
from support.openai_sdk import chat_body

START = Start("chatcmpl-1", "lab-1", 1_760_000_000)


def test_a_body_with_everything_in_it() -> None:
    blocks = (
        ReasoningBlock("Hm.", "c2ln"),
        TextBlock("One "),
        ToolCall("a", "clock", '{"zone": 1.0}'),
        TextBlock("moment."),
        OpaqueBlock("openai-chat", "images", b"[1]"),
        OpaqueBlock("openai-chat", "images", b"[2]"),
        OpaqueBlock("gemini", "part", b"{}"),
    )
    body = encode_whole(Response(START, blocks, Stop("tools"), Usage(9, 1, None, 5)))
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
                    "reasoning_details": [
                        {
                            "type": "reasoning.encrypted",
                            "index": 0,
                            "format": "fastproxy-1",
                            "data": "c2ln",
                            "characters": 3,
                        }
                    ],
                    "tool_calls": [
                        {"id": "a", "type": "function", "function": {"name": "clock", "arguments": '{"zone": 1.0}'}}
                    ],
                    "images": [1, 2],
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
    calling = chat_body(encode_whole(Response(START, (ToolCall("a", "now", ""),), Stop("tools"))))
    assert calling.choices[0].message.content is None
    silent = chat_body(encode_whole(Response(START, (), Stop("end"))))
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
        encode_whole(response)


@pytest.mark.parametrize(("told", "written"), [("", "{}"), ("\n", "\n{}"), ('{"a": 1.0}', '{"a": 1.0}')])
def test_arguments_are_json_even_when_there_are_none(told: str, written: str) -> None:
    assert arguments_of(ToolCall("a", "f", told)) == written


def test_a_custom_call_without_input_stays_empty() -> None:
    assert arguments_of(ToolCall("a", "shell", "", custom=True)) == ""


def test_a_refusal_stands_in_its_own_field() -> None:
    body = encode_whole(Response(START, (RefusalBlock("I can't."),), Stop("refusal")))
    (choice,) = chat_body(body).choices
    assert (choice.message.refusal, choice.message.content, choice.finish_reason) == ("I can't.", None, "stop")


def test_citations_are_annotations_numbered_as_a_streams_accumulator_has_them() -> None:
    blocks = (TextBlock("One. "), TextBlock("Two.", (Citation(1, "https://b", "B", 0, 3),)))
    (choice,) = chat_body(encode_whole(Response(START, blocks, Stop("end")))).choices
    assert [annotation.to_dict() for annotation in choice.message.annotations or ()] == [
        {
            "index": 0,
            "type": "url_citation",
            "url_citation": {"url": "https://b", "title": "B", "start_index": 5, "end_index": 8},
        }
    ]
