"""What an Anthropic request says: the look that routing takes, and the whole of it."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.decode_request import SESSION_BYTES, decode, peek
from fastproxy.formats.base import Peek
from fastproxy.ir.request import Message, OpaquePart, TextPart, Tool, ToolCallPart, ToolResultPart

FIXTURE = Path(__file__).parents[2] / "fixtures" / "anthropic" / "request-agent.json"
BODY = FIXTURE.read_bytes()


def with_fields(**fields: Any) -> bytes:
    return orjson.dumps({"model": "m", "messages": [], **fields})


def test_peek_tells_model_stream_and_session() -> None:
    assert peek(BODY, {}) == Peek("claude-lab-1", stream=True, session="5f1c-own")


def test_peek_reads_no_message() -> None:
    assert peek(b'{"messages":[{"role":["nonsense"]}],"model":"m"}', {}) == Peek("m", stream=False)


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"model":""}', b'{"model":null}', b'{"model":7}', b'{"model":["m"]}', b'{"model":"a","model":"b"}'],
)
def test_a_request_without_a_model_is_refused_by_name_of_the_field(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        peek(body, {})
    assert (raised.value.kind, raised.value.param) == ("bad_request", "model")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"model":"m","stream":"yes"}', b'{"model":"\xff"}'])
def test_a_body_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        peek(body, {})
    assert raised.value.kind == "bad_request"


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        [],
        {"user_id": None},
        {"user_id": "user_abc_session_5f1c"},
        {"user_id": '{"session_id":7}'},
        {"user_id": '{"session_id":""}'},
        {"user_id": '{"session_id":"s"}', "padding": "x" * SESSION_BYTES},
    ],
)
def test_odd_metadata_means_no_session_and_is_never_refused(metadata: Any) -> None:
    assert peek(with_fields(metadata=metadata), {}).session is None


def test_half_a_surrogate_pair_in_metadata_hides_no_session() -> None:
    body = b'{"model":"m","metadata":{"user_id":"{\\"session_id\\":\\"s\\"}","odd":"\\ud83d"}}'
    assert peek(body, {}) == Peek("m", stream=False, session="s")


def test_decode_tells_the_whole_request() -> None:
    request = decode(BODY, {})
    assert (request.format, request.model, request.stream) == ("anthropic", "claude-lab-1", True)
    assert request.messages == (
        Message("system", (TextPart("You keep a lighthouse."), TextPart("Be brief."))),
        Message("user", (TextPart("How is lamp 7?"),)),
        Message(
            "assistant",
            (
                OpaquePart("anthropic", {"type": "thinking", "thinking": "Ask the lamp.", "signature": "c2ln"}),
                TextPart("I will look."),
                ToolCallPart("toolu_1", "read_lamp", '{"id": 1234567890123456789012, "w": 1.0}'),
            ),
        ),
        Message("tool", (ToolResultPart("toolu_1", "lit!"), ToolResultPart("toolu_0", "no lamp", is_error=True))),
        Message(
            "user",
            (
                TextPart("And now?"),
                OpaquePart(
                    "anthropic",
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                ),
            ),
        ),
        Message("system", (TextPart("The keeper has changed."),)),
    )


def test_decode_keeps_tools_and_what_it_has_no_word_for() -> None:
    request = decode(BODY, {})
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
    assert request.tools == (Tool("read_lamp", "State of the lamp", schema),)
    assert request.tool_choice == "required"
    assert request.reasoning
    assert set(request.extras) == {"max_tokens", "metadata", "context_management", "thinking", "tools"}
    assert request.extras["tools"] == [{"type": "web_search_20250305", "name": "web_search"}]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, "auto"),
        ({"type": "auto"}, "auto"),
        ({"type": "none"}, "none"),
        ({"type": "any", "disable_parallel_tool_use": True}, "required"),
        ({"type": "tool", "name": "f"}, "f"),
    ],
)
def test_tool_choice(choice: Any, expected: str) -> None:
    assert decode(with_fields(tool_choice=choice), {}).tool_choice == expected


@pytest.mark.parametrize(
    ("thinking", "expected"),
    [
        (None, False),
        ({"type": "disabled"}, False),
        ({"type": "enabled", "budget_tokens": 2048}, True),
        ({"type": "adaptive"}, True),
        ({"type": "adaptive", "display": "omitted"}, False),
    ],
)
def test_whether_thinking_is_asked_for(thinking: Any, expected: bool) -> None:
    assert decode(with_fields(thinking=thinking), {}).reasoning is expected


def test_a_tool_result_with_more_than_text_stays_as_it_is() -> None:
    block = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {}}]}
    request = decode(with_fields(messages=[{"role": "user", "content": [block]}]), {})
    assert request.messages == (Message("user", (OpaquePart("anthropic", block),)),)


def test_half_a_surrogate_pair_does_not_stop_a_request() -> None:
    request = decode(b'{"model":"m","messages":[{"role":"user","content":"a\\ud83db"}]}', {})
    assert request.messages == (Message("user", (TextPart("a\ufffdb"),)),)


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "robot", "content": ""}]},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [{"role": "user", "content": [{"no": "type"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": 7}]}]},
        {"messages": "hi"},
        {"model": 7},
        {"tools": [{"input_schema": {}}]},
        {"tool_choice": {"type": "some"}},
    ],
)
def test_what_can_not_be_understood_is_a_bad_request(fields: dict[str, Any]) -> None:
    with pytest.raises(Fault) as raised:
        decode(with_fields(**fields), {})
    assert raised.value.kind == "bad_request"
