"""Careful looks into a chunk of a Chat stream: whatever a host made of it, nothing raises but garbage."""

from typing import Any

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat import chunks
from fastproxy.ir.events import Start


@pytest.mark.parametrize("data", [b"{", b'{"a":"\xff"}', b'{"a":NaN}'])
def test_what_is_no_json_is_garbage(data: bytes) -> None:
    with pytest.raises(Fault, match="not JSON") as raised:
        chunks.mended(data)
    assert raised.value.kind == "upstream_garbage"


def test_half_a_pair_is_mended() -> None:
    assert chunks.mended(rb'{"a":"\ud83d"}') == {"a": "�"}


@pytest.mark.parametrize("choices", [None, {}, "x", [], [None], [{"index": 1}]])
def test_a_chunk_without_a_first_choice_has_none(choices: Any) -> None:
    assert chunks.first(choices) is None


@pytest.mark.parametrize("choice", [{"index": 0}, {"index": None}, {"delta": {}}])
def test_the_first_choice_is_the_one_without_a_number_or_with_none(choice: Any) -> None:
    assert chunks.first([{"index": 1}, choice]) == choice


@pytest.mark.parametrize(
    ("chunk", "start"),
    [
        ({}, Start("", "", 0)),
        ({"id": 1, "model": None, "created": "x"}, Start("", "", 0)),
        ({"id": "a", "model": "m", "created": 7.9}, Start("a", "m", 7)),
        ({"created": 1 << 41}, Start("", "", 0)),
        ({"created": -1}, Start("", "", 0)),
    ],
)
def test_a_start_is_made_of_what_was_told(chunk: dict[str, Any], start: Start) -> None:
    assert chunks.start(chunk) == start


def test_an_error_may_lack_its_envelope() -> None:
    for bare in ({"object": "error"}, {"message": "m"}):
        assert chunks.error(bare) == bare
        assert not chunks.error(bare | {"choices": []})
    assert not chunks.error({"object": "chat.completion.chunk", "message": {}})


@pytest.mark.parametrize("choices", [{}, {"choices": []}, {"choices": [{"delta": {}}]}])
def test_an_error_is_found_beside_the_choices_and_in_groqs_own_place(choices: dict[str, Any]) -> None:
    assert chunks.error(choices | {"error": {"code": 1}, "x_groq": {"error": "b"}}) == {"code": 1}
    assert chunks.error(choices | {"error": None, "x_groq": {"id": "r", "error": "b"}}) == "b"
    for groq in ({"id": "r"}, {"error": None}, {"error": ""}, None, 7, "x"):
        assert not chunks.error(choices | {"error": None, "x_groq": groq})


def test_arguments_that_are_an_object_are_seen_and_read_exactly() -> None:
    data = b'{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":{"n":123456789012345678901234567890}}}]}}]}'
    (call,) = chunks.exact_calls(data) or []
    assert chunks.has_object(call)
    assert call["function"]["arguments"] == {"n": 123456789012345678901234567890}
    assert chunks.exact_calls(b"{") is None
    assert not chunks.has_object({"function": {"arguments": "{}"}})
    assert not chunks.has_object(None)


def test_the_calls_of_a_whole_message_are_numbered() -> None:
    message = {"tool_calls": [{"id": "a"}, None, {"id": "a"}]}
    assert chunks.numbered(message) == {"tool_calls": [{"id": "a", "index": 0}, None, {"id": "a", "index": 2}]}
    assert chunks.numbered({"content": "a"}) == {"content": "a"}
    assert chunks.numbered("x") == "x"


def test_only_objects_of_a_list_count() -> None:
    assert chunks.objects([1, {"a": 1}, None]) == [{"a": 1}]
    assert chunks.objects({"a": 1}) == []
