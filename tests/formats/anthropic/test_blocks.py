"""Content blocks of an answer, told in deltas or at once, by hosts that keep the rules and hosts that don't."""

from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.blocks import MAX_OPEN, Blocks
from fastproxy.ir.events import BlockEnd, Citation, Event, Opaque, Reasoning, Text, ToolArgs, ToolStart
from support.copied import Copied

TEXT = {"type": "text", "text": ""}
CITED = {"type": "web_search_result_location", "url": "u", "title": "T", "cited_text": "c", "encrypted_index": "e"}


def text(piece: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": piece}


def arguments(piece: str) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": piece}


@pytest.mark.parametrize(
    ("block", "input_", "expected"),
    [
        ({"type": "text", "text": "a"}, "", [Text(0, "a")]),
        ({"type": "text", "text": "a", "citations": [CITED]}, "", [Text(0, "a"), Citation(0, "u", "T", cited="c")]),
        ({"type": "text"}, "", [Text(0, "")]),
        ({"type": "thinking", "thinking": "t", "signature": ""}, "", [Reasoning(0, "t")]),
        ({"type": "thinking", "thinking": "", "signature": "s"}, "", [Reasoning(0, "", "s")]),
        ({"type": "redacted_thinking", "data": "d"}, "", [Reasoning(0, "", "d", "redacted")]),
        ({"type": "tool_use", "id": "i", "name": "n", "input": {}}, "", [ToolStart(0, "i", "n"), ToolArgs(0, "{}")]),
        ({"type": "tool_use", "id": "i", "name": "n"}, '{"n":1.0}', [ToolStart(0, "i", "n"), ToolArgs(0, '{"n":1.0}')]),
    ],
)
def test_a_block_told_at_once(block: Any, input_: str, expected: list[Event]) -> None:
    blocks = Blocks()
    assert blocks.start(0, block, input_) + blocks.end(0) == [*expected, BlockEnd(0)]


def test_deltas_grow_the_block_of_their_index() -> None:
    blocks = Blocks()
    blocks.start(0, {"type": "tool_use", "id": "a", "name": "f"}, "")
    blocks.start(1, {"type": "tool_use", "id": "b", "name": "g"}, "")
    assert blocks.delta(1, arguments('{"y"')) == [ToolArgs(1, '{"y"')]
    assert blocks.delta(0, arguments("{}")) == [ToolArgs(0, "{}")]
    assert blocks.end(0) == [BlockEnd(0)]
    assert blocks.delta(1, arguments(":2}")) == [ToolArgs(1, ":2}")]
    assert blocks.end_all() == [BlockEnd(1)]
    assert blocks.calls == 2


def test_deltas_replace_the_input_that_a_start_had() -> None:
    blocks = Blocks()
    blocks.start(0, {"type": "tool_use", "id": "a", "name": "f"}, '{"x":1}')
    assert blocks.delta(0, arguments('{"x":2}')) == [ToolArgs(0, '{"x":2}')]
    assert blocks.end(0) == [BlockEnd(0)]


def test_a_delta_without_a_start_opens_its_block() -> None:
    blocks = Blocks()
    assert blocks.delta(3, text("a")) == [Text(0, ""), Text(0, "a")]
    assert blocks.delta(None, text("b")) == [Text(0, "b")]


def test_a_delta_of_another_kind_opens_a_block_of_its_own() -> None:
    blocks = Blocks()
    blocks.start(0, TEXT, "")
    events = blocks.delta(0, {"type": "thinking_delta", "thinking": "t"})
    assert events == [BlockEnd(0), Reasoning(1, ""), Reasoning(1, "t")]


def test_an_index_used_again_ends_the_block_that_had_it() -> None:
    blocks = Blocks()
    blocks.start(0, TEXT, "")
    assert blocks.start(0, TEXT, "") == [BlockEnd(0), Text(1, "")]


def test_a_signature_and_a_citation_belong_to_their_block() -> None:
    blocks = Blocks()
    blocks.start(0, {"type": "thinking", "thinking": ""}, "")
    assert blocks.delta(0, {"type": "signature_delta", "signature": "s"}) == [Reasoning(0, "", "s")]
    blocks.start(1, TEXT, "")
    assert blocks.delta(1, {"type": "citations_delta", "citation": CITED}) == [Citation(1, "u", "T", cited="c")]
    assert blocks.delta(1, {"type": "citations_delta", "citation": {"type": "page_location"}}) == []


def test_thinking_ends_when_the_model_goes_on_though_its_block_ends_later() -> None:
    blocks = Blocks()
    blocks.start(0, {"type": "thinking", "thinking": ""}, "")
    assert blocks.start(1, TEXT, "") == [BlockEnd(0), Text(1, "")]
    assert blocks.delta(1, text("Hi")) == [Text(1, "Hi")]
    assert blocks.delta(0, {"type": "signature_delta", "signature": ""}) == []
    assert blocks.end(0) == []
    assert blocks.end(1) == [BlockEnd(1)]


def test_a_block_of_this_format_alone_comes_whole_at_its_end_with_its_input_as_it_came() -> None:
    blocks = Blocks()
    assert blocks.start(0, {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, "") == []
    assert blocks.delta(0, arguments('{"n":')) == []
    assert blocks.delta(0, arguments(" 1.0}")) == []
    (opaque,) = blocks.end(0)
    assert opaque == Opaque(
        "anthropic",
        "content_block",
        b'{"type":"server_tool_use","id":"s","name":"web_search","input":{"n": 1.0}}',
    )
    assert blocks.start(1, TEXT, "") == [Text(0, "")]


def test_blocks_of_tomorrow_grow_by_deltas_of_tomorrow() -> None:
    blocks = Blocks()
    blocks.start(0, {"type": "compaction", "content": None}, "")
    blocks.delta(0, {"type": "compaction_delta", "content": "a"})
    blocks.delta(0, {"type": "compaction_delta", "content": "b"})
    (opaque,) = blocks.end_all()
    assert isinstance(opaque, Opaque)
    assert orjson.loads(opaque.data) == {"type": "compaction", "content": "ab"}


@pytest.mark.parametrize("delta", [{}, {"type": None}, {"type": "text_delta"}, {"type": "text_delta", "text": None}])
def test_empty_deltas_say_nothing(delta: Any) -> None:
    blocks = Blocks()
    blocks.start(0, TEXT, "")
    assert blocks.delta(0, delta) == []


@pytest.mark.parametrize("type_", ["text", "thinking", "tool_use", "tomorrow"])
def test_very_many_blocks_one_after_the_other_are_no_trouble(type_: str) -> None:
    blocks = Blocks()
    for index in range(3 * MAX_OPEN):
        assert [*blocks.start(index, {"type": type_}, ""), *blocks.end(index)]


@pytest.mark.parametrize("type_", ["text", "tool_use", "tomorrow"])
def test_blocks_that_are_never_ended_are_not_kept_without_bound(type_: str) -> None:
    blocks = Blocks()
    for index in range(MAX_OPEN):
        blocks.start(index, {"type": type_}, "")
    blocks.start(0, {"type": type_}, "")  # which takes the place of another
    with pytest.raises(Fault, match="unfinished") as caught:
        blocks.start(MAX_OPEN, {"type": type_}, "")
    assert caught.value.kind == "upstream_garbage"


def test_a_thought_that_has_ended_already_ends_nothing_else() -> None:
    blocks = Blocks()
    blocks.start(0, {"type": "thinking"}, "")
    assert blocks.end(0) == [BlockEnd(0)]
    blocks.start(0, TEXT, "")
    assert blocks.start(1, {"type": "thinking"}, "") == [Reasoning(2, "")]
    assert blocks.start(2, {"type": "thinking"}, "") == [BlockEnd(2), Reasoning(3, "")]
    assert blocks.end_all() == [BlockEnd(1), BlockEnd(3)]


def test_a_block_of_tomorrow_is_not_copied_for_each_of_its_deltas() -> None:
    blocks = Blocks()
    blocks.start(0, {"type": "compaction", "content": "<", "n": 1}, "")
    Copied.forget()
    for _ in range(500):
        blocks.delta(0, {"type": "compaction_delta", "content": Copied("x" * 20), "n": "a"})
    assert Copied.characters == 0
    (opaque,) = blocks.end(0)
    assert isinstance(opaque, Opaque)
    assert orjson.loads(opaque.data) == {"type": "compaction", "content": "<" + "x" * 10_000, "n": "a" * 500}
