"""Whole Chat bodies, also of hosts that leave things out. That a stream says the same: test_decode_stream."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.decode_whole import decode_whole
from fastproxy.formats.openai_chat.encode_whole import encode_whole
from fastproxy.ir.events import Failed, Stop
from fastproxy.ir.fold import ReasoningBlock, Response, TextBlock, ToolCall
from support import recordings


def body(**message: Any) -> bytes:
    return orjson.dumps({"choices": [{"message": message}]})


def test_a_body_is_whole_without_a_finish_reason() -> None:
    assert decode_whole(body(content="Hi")).stop == Stop("end")
    call = {"function": {"name": "f", "arguments": "{}"}}
    response = decode_whole(body(content=None, tool_calls=[call, call]))
    assert response.blocks == (ToolCall("", "f", "{}"), ToolCall("", "f", "{}"))
    assert response.stop == Stop("tools")


def test_an_empty_answer_is_an_answer() -> None:
    assert decode_whole(body(content="")) == Response(decode_whole(body(content="")).start, (), Stop("end"))


def test_an_error_with_a_good_status_is_a_failure_that_is_never_encoded() -> None:
    response = decode_whole(b'{"error":{"message":"m","code":503}}')
    assert response.failed == Failed("overloaded", "m")
    with pytest.raises(Fault):
        encode_whole(response)


def test_an_answer_that_groq_broke_off_is_a_failure() -> None:
    choice = {"message": {"content": "half"}, "finish_reason": "stop"}
    response = decode_whole(orjson.dumps({"choices": [choice], "x_groq": {"id": "r", "error": "over capacity"}}))
    assert (response.failed, response.stop) == (Failed("upstream_garbage", "over capacity"), None)


def test_a_thought_of_databricks_stands_before_its_text() -> None:
    summary = [{"type": "summary_text", "text": "hm", "signature": "EqQB"}]
    response = decode_whole(body(content=[{"type": "reasoning", "summary": summary}, {"type": "text", "text": "Hi"}]))
    assert response.blocks == (ReasoningBlock("hm"), TextBlock("Hi"))


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"{}", b'{"choices":[]}', b'{"choices":null,"id":"x"}'])
def test_what_is_no_answer_is_garbage(answer: bytes) -> None:
    with pytest.raises(Fault) as raised:
        decode_whole(answer)
    assert raised.value.kind == "upstream_garbage"


def wholes() -> list[Any]:
    return [
        parameter
        for parameter in recordings.parameters()
        if not isinstance(parameter, str) or _is_whole(recordings.load(parameter))
    ]


def _is_whole(recording: Any) -> bool:
    return recording.format == "openai-chat" and not recording.streamed and recording.status == 200


@pytest.mark.parametrize("name", wholes())
def test_every_recorded_body_is_read_whole(name: str) -> None:
    answer = recordings.load(name).answer
    response = decode_whole(answer)
    message = orjson.loads(answer)["choices"][0]["message"]
    calls = [block for block in response.blocks if isinstance(block, ToolCall)]
    assert [call.arguments for call in calls] == [
        call["function"]["arguments"] for call in message.get("tool_calls") or ()
    ]
    if isinstance(message.get("content"), str):
        assert "".join(block.text for block in response.blocks if isinstance(block, TextBlock)) == message["content"]
    assert response.usage.output_tokens
    assert orjson.loads(encode_whole(response))["choices"][0]["message"]["content"] == (
        message["content"] if isinstance(message.get("content"), str) else None if calls or message.get("refusal")
        else response.blocks[-1].text  # type: ignore[union-attr]
    )  # fmt: skip


@pytest.mark.parametrize("arguments", ['"{}"', '{"a":1}'])
def test_two_calls_with_one_id_are_two_calls(arguments: str) -> None:
    call = f'{{"id":"call_1","type":"function","function":{{"name":"f","arguments":{arguments}}}}}'
    body = f'{{"choices":[{{"message":{{"tool_calls":[{call},{call}]}},"finish_reason":"tool_calls"}}]}}'
    blocks = decode_whole(body.encode()).blocks
    assert blocks == (ToolCall("call_1", "f", arguments.strip('"')),) * 2
