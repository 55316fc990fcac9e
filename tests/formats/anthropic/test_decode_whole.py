"""Whole Anthropic messages in the hub's words."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.decode_whole import decode_whole
from fastproxy.ir.events import Citation, Start, Stop, Usage
from fastproxy.ir.fold import OpaqueBlock, ReasoningBlock, TextBlock, ToolCall


def body(*content: Any, **fields: Any) -> bytes:
    return orjson.dumps({"id": "msg_1", "model": "m-1", "content": content, "stop_reason": "end_turn", **fields})


def test_every_kind_of_block_in_order() -> None:
    server = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}
    cited = {"type": "web_search_result_location", "url": "u", "title": None, "cited_text": "c"}
    response = decode_whole(
        body(
            {"type": "thinking", "thinking": "so", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "x"},
            server,
            {"type": "text", "text": "Yes.", "citations": [cited, {"type": "page_location"}]},
            {"type": "tool_use", "id": "a", "name": "f", "input": {}},
            usage={"input_tokens": 3, "output_tokens": 4},
        )
    )
    assert response.start == Start("msg_1", "m-1", 0)
    assert response.blocks == (
        ReasoningBlock("so", "c2ln"),
        ReasoningBlock("", "x", "redacted"),
        OpaqueBlock("anthropic", "content_block", orjson.dumps(server)),
        TextBlock("Yes.", (Citation(2, "u", cited="c"),)),
        ToolCall("a", "f", "{}"),
    )
    assert response.stop == Stop("tools", "end_turn")
    assert response.usage == Usage(3, output_tokens=4, raw={"input_tokens": 3, "output_tokens": 4})


def test_input_is_cut_out_of_the_body_byte_for_byte() -> None:
    arguments = b'{ "n" : 1.0, "big":123456789012345678901234567890, "e":"\\u00e9", "half":"\\ud83d" }'
    response = decode_whole(
        b'{"content":[{"type":"tool_use","id":"a","name":"f","input":%b},{"type":"text","text":"\\ud83d"}]}' % arguments
    )
    assert response.blocks == (ToolCall("a", "f", arguments.decode()), TextBlock("\ufffd"))


def test_a_server_tools_input_is_kept_too() -> None:
    block = b'{"type":"server_tool_use","id":"s","name":"n","input":{"big":123456789012345678901234567890}}'
    assert decode_whole(b'{"content":[%b]}' % block).blocks == (OpaqueBlock("anthropic", "content_block", block),)


@pytest.mark.parametrize(
    ("fields", "stop"),
    [
        ({"stop_reason": None}, Stop("end")),
        ({"stop_reason": "stop_sequence", "stop_sequence": "END"}, Stop("stop_sequence", "stop_sequence", "END")),
        ({"stop_reason": "max_tokens", "usage": None}, Stop("length", "max_tokens")),
    ],
)
def test_stops(fields: dict[str, Any], stop: Stop) -> None:
    assert decode_whole(body(**fields)).stop == stop


def test_content_that_is_only_text_is_taken() -> None:
    assert decode_whole(b'{"id":null,"model":null,"content":"Hi"}').blocks == (TextBlock("Hi"),)


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b"{", b'{"content":7}', b'{"content":["a"]}', b'{"id":"\xff"}'])
def test_what_is_no_message_is_garbage(answer: bytes) -> None:
    with pytest.raises(Fault) as raised:
        decode_whole(answer)
    assert raised.value.kind == "upstream_garbage"


def test_an_error_answered_with_200_is_that_error() -> None:
    with pytest.raises(Fault, match="no room") as raised:
        decode_whole(b'{"type":"error","error":{"type":"overloaded_error","message":"no room"}}')
    assert raised.value.kind == "overloaded"


def test_an_input_that_no_decoder_takes_stays_the_text_it_is() -> None:
    call = b'{"type":"tool_use","id":"a","name":"f","input":{"n": 1e400}}'
    (block,) = decode_whole(b'{"content":[%b]}' % call).blocks
    assert block == ToolCall("a", "f", '{"n": 1e400}')


def test_a_number_that_no_decoder_takes_is_garbage_elsewhere() -> None:
    with pytest.raises(Fault) as caught:
        decode_whole(b'{"content":[{"type":"text","text":"a","n":1e400}]}')
    assert caught.value.kind == "upstream_garbage"
