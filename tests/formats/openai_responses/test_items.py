"""The frames of each kind of output item, in order, and that their pieces are their whole."""

import orjson
import pytest

from fastproxy.formats.openai_responses.items import (
    CustomItem,
    Frame,
    FunctionItem,
    Item,
    MessageItem,
    ReasoningItem,
    RefusalItem,
    added,
    done,
)
from fastproxy.ir.events import Citation, ToolStart
from support.sse import events


def frames_of(item: Item, *pieces: str) -> list[Frame]:
    """All of an item's frames, its deltas read back from their bytes."""
    frames = item.opened()
    for piece in filter(None, pieces):
        if not item.pieces:
            frames += item.begun()
        item.pieces.append(piece)
        ((name, data),) = events(item.delta % (7, orjson.dumps(piece)))
        told = orjson.loads(data)
        assert (told.pop("type"), told.pop("sequence_number")) == (name, 7)
        frames.append((name, told))
    return [*frames, *item.closed()]


def types(frames: list[Frame]) -> list[str]:
    return [type_.removeprefix("response.") for type_, _ in frames]


def test_a_message_has_one_part() -> None:
    frames = frames_of(MessageItem("msg_1", 3), "a", "", "b")
    assert types(frames) == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    at = {"item_id": "msg_1", "output_index": 3, "content_index": 0}
    assert frames[2][1] == at | {"delta": "a", "logprobs": []}
    assert frames[4][1] == at | {"text": "ab", "logprobs": []}
    assert frames[0][1]["item"]["content"] == []


def test_a_message_without_text_still_has_its_part() -> None:
    assert types(frames_of(MessageItem("msg_1", 0)))[1:4] == [
        "content_part.added",
        "output_text.done",
        "content_part.done",
    ]


def test_thinking_announces_its_part_with_the_first_piece() -> None:
    item = ReasoningItem("rs_1", 0)
    item.signature = "c2ln"
    frames = frames_of(item, "", "a", "b")
    assert types(frames) == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    assert "encrypted_content" not in frames[0][1]["item"]
    assert frames[-1][1]["item"] == item.whole()
    assert item.whole()["encrypted_content"] == "c2ln"


def test_thinking_without_text_has_no_part() -> None:
    assert types(frames_of(ReasoningItem("rs_1", 0))) == ["output_item.added", "output_item.done"]


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [(('{"zone":', " 1.0}"), '{"zone": 1.0}'), ((), "{}"), (("",), "{}"), ((" ",), " {}")],
)
def test_a_calls_pieces_are_its_arguments_and_never_nothing(pieces: tuple[str, ...], arguments: str) -> None:
    frames = frames_of(FunctionItem(("fc_1", "call_1"), ToolStart(0, "call_1", "clock"), 0), *pieces)
    deltas = [fields["delta"] for type_, fields in frames if type_ == "response.function_call_arguments.delta"]
    assert "".join(deltas) == arguments
    assert frames[-2] == (
        "response.function_call_arguments.done",
        {"item_id": "fc_1", "output_index": 0, "name": "clock", "arguments": arguments},
    )
    assert frames[-1][1]["item"]["arguments"] == arguments
    assert frames[0][1]["item"] == {
        "id": "fc_1",
        "type": "function_call",
        "status": "in_progress",
        "call_id": "call_1",
        "name": "clock",
        "arguments": "",
    }


def test_a_custom_tools_input_is_its_text_and_may_be_nothing() -> None:
    item = CustomItem(("ctc_1", "call_1"), ToolStart(0, "call_1", "patch", custom=True), 0)
    frames = frames_of(item, "a%", "b")
    assert types(frames)[1:-1] == ["custom_tool_call_input.delta"] * 2 + ["custom_tool_call_input.done"]
    assert frames[-2][1] == {"item_id": "ctc_1", "output_index": 0, "input": "a%b"}
    assert frames[0][1]["item"]["input"] == ""
    empty = CustomItem(("ctc_1", "call_1"), ToolStart(0, "call_1", "patch", custom=True), 0)
    assert frames_of(empty)[-1][1]["item"]["input"] == ""


def test_a_refusal_has_one_part_of_its_own_kind() -> None:
    frames = frames_of(RefusalItem("msg_1", 0), "No", ".")
    assert types(frames)[1:-1] == [
        "content_part.added",
        "refusal.delta",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
    ]
    assert frames[-1][1]["item"]["content"] == [{"type": "refusal", "refusal": "No."}]


def test_citations_are_numbered_and_stand_in_the_finished_part() -> None:
    item = MessageItem("msg_1", 0)
    item.citations += [Citation(0, "https://a.example"), Citation(0, "https://b.example")]
    frames = frames_of(item, "abc")
    added_ = [fields for type_, fields in frames if type_ == "response.output_text.annotation.added"]
    assert [fields["annotation_index"] for fields in added_] == [0, 1]
    assert frames[-1][1]["item"]["content"][0]["annotations"] == [fields["annotation"] for fields in added_]
    assert types(frames).index("output_text.annotation.added") < types(frames).index("output_text.done")


def test_any_other_item_is_announced_and_ended_whole() -> None:
    item = {"type": "web_search_call"}
    assert added(2, item) == ("response.output_item.added", {"output_index": 2, "item": item})
    assert done(2, item) == ("response.output_item.done", {"output_index": 2, "item": item})
