"""Whole answers say what their streams say."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini.decode_whole import decode_whole
from fastproxy.ir.events import Start, Stop
from fastproxy.ir.fold import ReasoningBlock, Response, TextBlock, ToolCall

PARTS = [
    {"text": "Hm", "thought": True},
    {"text": "So"},
    {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}, "thoughtSignature": "c2ln"},
]
BLOCKS = (ReasoningBlock("Hm"), TextBlock("So"), ReasoningBlock("", "c2ln", "call"), ToolCall("a", "f", '{"x":1}'))


def test_a_whole_answer_is_the_fold_of_its_chunks() -> None:
    head = {"modelVersion": "lab-1", "responseId": "r1"}
    candidate = {"content": {"parts": PARTS}, "finishReason": "STOP"}
    chunks = [{"candidates": [{"content": {"parts": [part]}}], **head} for part in PARTS]
    chunks.append({"candidates": [{"finishReason": "STOP"}], **head})
    told = Response(Start("r1", "lab-1", 0), BLOCKS, Stop("tools", raw="STOP"))
    assert decode_whole(orjson.dumps({"candidates": [candidate], **head})) == told
    assert decode_whole(orjson.dumps(chunks)) == told


def test_lone_surrogates_survive_in_the_arguments_of_an_array() -> None:
    call = rb'{"functionCall":{"name":"f","args":{"x":"\ud83d"}}}'
    body = b'[{"candidates":[{"content":{"parts":[%b]}}],"responseId":""}]' % call
    (block,) = decode_whole(body).blocks
    assert isinstance(block, ToolCall)
    assert block.arguments == r'{"x":"\ud83d"}'


def test_an_answer_without_a_reason_to_stop_has_failed() -> None:
    told = decode_whole(b'{"candidates":[{"content":{"parts":[{"text":"half"}]}}]}')
    assert told.stop is None
    assert told.failed is not None


def test_what_is_not_json_is_garbage() -> None:
    with pytest.raises(Fault) as raised:
        decode_whole(b"<html>")
    assert raised.value.kind == "upstream_garbage"
