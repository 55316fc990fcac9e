"""What a stream has told is never told again, however the host names and lists it at the end."""

from typing import Any

import pytest

from fastproxy.formats.openai_responses.untold import name_of, untold

Item = dict[str, Any]


def call(id_: str, **more: Any) -> Item:
    return {"type": "function_call", "call_id": id_, **more}


def message(id_: str) -> Item:
    return {"type": "message", "id": id_}


@pytest.mark.parametrize(
    ("told", "output", "new"),
    [
        ([], [message("m"), call("a"), call("a")], [message("m"), call("a"), call("a")]),
        ([message("m")], [message("m"), call("a")], [call("a")]),
        ([call("b")], [call("a"), call("b")], [call("a")]),
        ([message("m"), call("a")], [call("a")], []),
        ([message("m")], [message("another"), message("new")], [message("new")]),
        ([call("")], [call("a")], []),
        ([call("a", id="one")], [call("a", id="two")], []),
        ([message("m")], [], []),
    ],
    ids=["nothing told", "a call", "the first", "left out", "renamed", "without an id", "ids of items", "empty list"],
)
def test_which_items_are_new(told: list[Item], output: list[Item], new: list[Item]) -> None:
    assert untold(map(name_of, told), output) == new
