"""Which result answers which call."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini import fields
from fastproxy.formats.gemini.decode_parts import Conversation
from fastproxy.ir.request import Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart


def messages(contents: bytes) -> list[Message]:
    top = fields.opened(b'{"contents":%b}' % contents, "x")
    return list(Conversation(fields.AsSent(contents, contents)).messages(fields.each(top, "contents")))


def test_one_function_called_twice_has_two_ids_and_its_results_find_them_in_order() -> None:
    call = b'{"functionCall":{"name":"f","args":{}}}'
    result = b'{"functionResponse":{"name":"f","response":{"output":"%b"}}}'
    turns = b'[{"role":"model","parts":[%b,%b]},{"role":"user","parts":[%b,%b]}]' % (
        call,
        call,
        result % b"1",
        result % b"2",
    )
    calls, results = messages(turns)
    assert [part.id for part in calls.parts if isinstance(part, ToolCallPart)] == ["call_1", "call_2"]
    assert [(part.id, part.text) for part in results.parts if isinstance(part, ToolResultPart)] == [
        ("call_1", "1"),
        ("call_2", "2"),
    ]


@pytest.mark.parametrize(
    ("response", "text", "is_error"),
    [
        (b'{"output":"a"}', "a", False),
        (b'{"result":[1, 2.0]}', "[1, 2.0]", False),
        (b'{"error":"a"}', "a", True),
        (b'{"error":"a","output":"b"}', '{"error":"a","output":"b"}', False),
        (b'{"my_key":null}', '{"my_key":null}', False),
        (b"{}", "", False),
    ],
)
def test_the_text_of_an_answer(response: bytes, text: str, is_error: bool) -> None:
    (message,) = messages(b'[{"parts":[{"function_response":{"name":"f","response":%b}}]}]' % response)
    (result,) = message.parts
    assert isinstance(result, ToolResultPart)
    assert (result.text, result.is_error, result.name) == (text, is_error, "f")


def test_what_a_user_says_beside_results_is_a_turn_of_its_own() -> None:
    result = b'{"functionResponse":{"name":"f"}}'
    roles = [
        message.role for message in messages(b'[{"role":"function","parts":[%b,{"text":"a"},%b]}]' % (result, result))
    ]
    assert roles == ["tool", "user", "tool"]


def test_roles_of_other_formats_are_understood_and_unknown_ones_refused() -> None:
    assert messages(b'[{"role":"assistant","parts":[{"text":"a"}]}]') == [Message("assistant", (TextPart("a"),))]
    with pytest.raises(Fault) as raised:
        messages(b'[{"role":"robot"}]')
    assert raised.value.param == "contents"


def test_a_turn_with_a_call_is_the_models_also_without_a_role() -> None:
    (turn,) = messages(b'[{"parts":[{"text":"I look."},{"functionCall":{"name":"f","args":{}}}]}]')
    assert turn.role == "assistant"


def test_results_in_any_order_find_their_calls_and_the_rest_goes_to_those_that_still_wait() -> None:
    calls = b",".join(b'{"functionCall":{"name":"f","id":"%b","args":{}}}' % id_ for id_ in (b"a", b"b", b"b", b"c"))
    ids = (b'"id":"b",', b"", b"", b"", b"")
    results = b",".join(b'{"functionResponse":{%b"name":"f","response":{}}}' % id_ for id_ in ids)
    _, told = messages(b'[{"role":"model","parts":[%b]},{"parts":[%b]}]' % (calls, results))
    assert [part.id for part in told.parts if isinstance(part, ToolResultPart)][:4] == ["b", "a", "c", "b"]


@pytest.mark.parametrize(("signature", "kept"), [(b"c2ln", True), (fields.PLACEHOLDER.encode(), False), (b"", False)])
def test_googles_placeholder_is_no_proof_so_that_the_true_one_can_be_looked_up(signature: bytes, kept: bool) -> None:
    part = b'{"functionCall":{"name":"f","args":{}},"thoughtSignature":"%b"}' % signature
    (turn,) = messages(b'[{"role":"model","parts":[%b]}]' % part)
    assert any(isinstance(part, ReasoningPart) for part in turn.parts) == kept
