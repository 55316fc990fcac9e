"""One item as it is told: its deltas as they come, then what only the finished item says."""

from typing import Any

import pytest

from fastproxy.formats.openai_responses.decode_items import (
    Blocks,
    CallItem,
    MessageItem,
    ReasoningItem,
    remainder,
    thoughts,
)
from fastproxy.ir.events import BlockEnd, Citation, Reasoning, Refusal, Text, ToolArgs, ToolStart


def text(words: str, *annotations: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": words, "annotations": [*annotations]}


def url(address: str, **fields: Any) -> dict[str, Any]:
    return {"type": "url_citation", "url": address, "title": "T", "start_index": 0, "end_index": 2} | fields


def test_blocks_are_numbered_in_order_of_opening_and_their_kinds_are_known() -> None:
    blocks = Blocks()
    assert [blocks.open(Text), blocks.open(ToolStart), blocks.open(Text)] == [0, 1, 2]
    assert blocks.kinds == {Text, ToolStart}


def test_a_message_passes_its_deltas_on_and_ends_with_its_item() -> None:
    item = MessageItem(Blocks())
    assert item.say({"delta": "a", "content_index": 0}, Text) == [Text(0, "a")]
    assert item.say({"delta": "b"}, Text) == [Text(0, "b")]  # a host without content indexes
    assert item.say({"delta": ""}, Text) == item.say({"delta": None}, Text) == []
    assert item.finish({"content": [text("ab")]}) == [BlockEnd(0)]


def test_a_message_that_comes_whole_is_told_whole() -> None:
    content = [text("a"), {"type": "refusal", "refusal": "b"}, {"type": "of tomorrow"}, 7, text("")]
    assert MessageItem(Blocks()).finish({"content": content}) == [
        Text(0, "a"),
        BlockEnd(0),
        Refusal(1, "b"),
        BlockEnd(1),
    ]
    assert MessageItem(Blocks()).finish({"content": "a"}) == [Text(0, "a"), BlockEnd(0)]
    assert MessageItem(Blocks()).finish({}) == []


def test_what_the_deltas_lacked_is_told_at_the_end() -> None:
    item = MessageItem(Blocks())
    item.say({"delta": "It is"}, Text)
    assert item.finish({"content": [text("It is late.")]}) == [Text(0, " late."), BlockEnd(0)]


def test_what_was_told_is_never_told_again() -> None:
    item = MessageItem(Blocks())
    item.say({"delta": " It is "}, Text)
    assert item.finish_part(0, text("It is")) == [BlockEnd(0)]
    assert item.finish_part(0, text("It is")) == item.finish({"content": [text("It is")]}) == []


def test_each_part_is_a_block_and_the_next_one_ends_the_one_before() -> None:
    item = MessageItem(Blocks())
    item.say({"delta": "a", "content_index": 0}, Text)
    assert item.say({"delta": "b", "content_index": 1}, Refusal) == [BlockEnd(0), Refusal(1, "b")]
    assert item.finish({"content": [text("a"), {"type": "refusal", "refusal": "bc"}]}) == [Refusal(1, "c"), BlockEnd(1)]


def test_citations_are_told_once_whether_on_the_way_or_at_the_end() -> None:
    item = MessageItem(Blocks())
    item.say({"delta": "ab"}, Text)
    assert item.cite(url("https://a.example")) == [Citation(0, "https://a.example", "T", 0, 2)]
    assert item.cite({"type": "file_citation", "file_id": "f"}) == []
    whole = text("ab", url("https://a.example"), {"type": "file_citation"}, url("https://b.example", start_index=None))
    assert item.finish_part(0, whole) == [Citation(0, "https://b.example", "T", None, 2), BlockEnd(0)]
    assert MessageItem(Blocks()).cite(url("https://a.example")) == []


def test_paragraphs_of_thinking_are_told_apart() -> None:
    item = ReasoningItem(Blocks())
    events = [*item.grow(0, "a"), *item.grow(0, "b"), *item.grow(1, "c")]
    assert events == [Reasoning(0, "a"), Reasoning(0, "b"), Reasoning(0, "\n\nc")]
    whole = {"summary": [{"text": "ab"}, {"text": "c"}], "encrypted_content": "c2ln"}
    assert item.finish(whole) == [Reasoning(0, "", "c2ln"), BlockEnd(0)]


@pytest.mark.parametrize(
    ("whole", "events"),
    [
        ({"summary": []}, []),
        ({"summary": None, "content": None, "encrypted_content": None}, []),
        ({"summary": [], "encrypted_content": "s"}, [Reasoning(0, "", "s"), BlockEnd(0)]),
        ({"summary": [{"type": "summary_text", "text": "a"}]}, [Reasoning(0, "a"), BlockEnd(0)]),
        ({"content": [{"type": "reasoning_text", "text": "a"}]}, [Reasoning(0, "a"), BlockEnd(0)]),
    ],
)
def test_thinking_that_comes_whole_is_told_if_there_is_any(whole: dict[str, Any], events: list[Any]) -> None:
    assert ReasoningItem(Blocks()).finish(whole) == events


def test_thinking_that_ended_early_keeps_its_proof() -> None:
    blocks = Blocks()
    item = ReasoningItem(blocks)
    item.grow(0, "a")
    assert item.end() == [BlockEnd(0)]
    assert item.end() == item.grow(0, "late") == []
    blocks.open(Text)
    assert item.finish({"summary": [{"text": "a"}], "encrypted_content": "s"}) == [Reasoning(2, "", "s"), BlockEnd(2)]


def test_a_call_opens_with_its_name_and_passes_its_arguments_on() -> None:
    item = CallItem({"type": "function_call", "call_id": "c", "name": "clock"}, Blocks())
    assert item.open() == [ToolStart(0, "c", "clock")]
    assert item.grow('{"a": 1') == [ToolArgs(0, '{"a": 1')]
    assert item.finish_arguments('{"a": 1.0}') == [ToolArgs(0, ".0}")]
    assert item.finish({"arguments": '{"a": 1.0}'}) == [BlockEnd(0)]


def test_a_call_without_a_name_waits_for_its_item() -> None:
    item = CallItem({"type": "function_call"}, Blocks())
    assert item.open() == item.grow('{"a"') == item.finish_arguments('{"a":1}') == []
    whole = {"type": "function_call", "id": "fc_1", "name": "clock", "arguments": '{"a":1}'}
    assert item.finish(whole) == [
        ToolStart(0, "fc_1", "clock"),
        ToolArgs(0, '{"a"'),
        ToolArgs(0, ":1}"),
        BlockEnd(0),
    ]


@pytest.mark.parametrize(
    ("whole", "told"),
    [
        ({"arguments": ""}, []),
        ({"arguments": None}, []),
        ({}, []),
        ({"arguments": {"a": 1}}, [ToolArgs(0, '{"a":1}')]),
        ({"arguments": '{"half":"\\ud83d'}, [ToolArgs(0, '{"half":"\\ud83d')]),
        ({"type": "custom_tool_call", "input": "x", "arguments": "y"}, [ToolArgs(0, "x")]),
    ],
)
def test_arguments_are_the_text_that_came(whole: dict[str, Any], told: list[Any]) -> None:
    item = {"type": "function_call", "call_id": "c", "name": "n"} | whole
    custom = item["type"] == "custom_tool_call"
    assert CallItem(item, Blocks()).finish(item) == [ToolStart(0, "c", "n", custom), *told, BlockEnd(0)]


def test_a_reasoning_items_text_is_its_summary_and_then_its_content() -> None:
    item = {"summary": [{"text": "a"}, {"text": ""}, {"text": "b"}], "content": [{"text": "c"}, None]}
    assert thoughts(item) == "a\n\nb\n\nc"


@pytest.mark.parametrize(
    ("pieces", "whole", "rest"),
    [([], "ab", "ab"), (["a"], "ab", "b"), (["a", "b"], "ab", ""), (["ab"], "", ""), (["x"], "ab", "")],
)
def test_the_remainder_is_what_nothing_has_told(pieces: list[str], whole: str, rest: str) -> None:
    assert remainder(pieces, whole) == rest


def test_the_whole_arguments_are_looked_at_once_and_the_items_own_at_its_end() -> None:
    item = CallItem({"type": "function_call", "call_id": "c", "name": "f"}, Blocks())
    item.open()
    assert item.grow("{") == [ToolArgs(0, "{")]
    assert item.finish_arguments("{}") == [ToolArgs(0, "}")]
    assert item.finish_arguments("{} ") == []
    assert item.finish({"arguments": "{} "}) == [ToolArgs(0, " "), BlockEnd(0)]
