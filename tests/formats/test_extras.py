"""What is kept of what the hub has no word for, and the names under which it is reported."""

from typing import Any

import pytest

from fastproxy.formats import FORMATS
from fastproxy.formats.base import Format
from fastproxy.formats.extras import keep, named, part_names, uncallable
from fastproxy.ir.request import Message, OpaquePart, Request, TextPart, ToolChoice

SEARCH = {"type": "web_search_20250305", "name": "web_search"}


@pytest.mark.parametrize(
    ("name", "value", "names"),
    [
        ("store", True, ("store",)),
        ("tools", [SEARCH, {"googleSearch": {}}, SEARCH], ("tools.web_search_20250305", "tools.googleSearch")),
        ("tools", [{}, "odd", None, {"type": 7}], ("tools.unknown", "tools.7")),
        ("tools", [], ()),
        ("tools", "odd", ("tools",)),
    ],
)
def test_an_extra_goes_by_its_name_and_server_tools_by_their_kinds(name: str, value: object, names: tuple[str, ...]):
    assert named(name, value) == names


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_every_encoder_names_the_server_tools_that_it_can_not_offer(format_: Format):
    asked = Request("another", "claude-opus-5", (Message("user", (TextPart("hi"),)),), extras={"tools": [SEARCH]})
    assert format_.encode_request(asked).dropped == ("tools.web_search_20250305",)


def test_what_an_object_says_beyond_its_words_is_kept_by_kind_and_field() -> None:
    extras: dict[str, Any] = {}
    keep(extras, "tools", {"name": "f", "defer_loading": True, "input_examples": [{"a": 0}]}, frozenset({"name"}))
    keep(extras, "tools", {"name": "g", "defer_loading": True}, frozenset({"name"}))
    assert extras == {"tools.defer_loading": True, "tools.input_examples": [{"a": 0}]}


@pytest.mark.parametrize("nothing", [None, False, "", [], {}, ["direct"], {"type": "direct"}])
def test_a_field_that_says_nothing_is_not_kept(nothing: object) -> None:
    extras: dict[str, Any] = {}
    keep(extras, "tool_use", {"caller": nothing}, frozenset())
    assert extras == {}


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ({"type": "compaction", "id": "x"}, ("compaction",)),
        ({"name": "a", "audio": {}}, ("name", "audio")),
        ({}, ("f",)),
    ],
)
def test_a_part_goes_by_its_type_or_by_all_that_it_says(data: dict[str, Any], names: tuple[str, ...]) -> None:
    assert part_names(OpaquePart("f", data)) == names


@pytest.mark.parametrize(
    ("names", "extras", "words"),
    [
        ((), {"tools": [SEARCH, {"googleSearch": {}}]}, "only its own vendor runs web_search_20250305, googleSearch;"),
        (("f", "g"), {"tools": [SEARCH]}, "a call of f, g, which is no function of this request;"),
        ((), {"tool_choice": {"type": "image_generation"}}, "a call of image_generation, which is no function"),
        ((), {}, "the request has no tools;"),
    ],
)
def test_a_demand_that_nothing_can_meet_says_why_and_what_to_do(
    names: tuple[str, ...], extras: dict[str, Any], words: str
) -> None:
    request = Request("openai-responses", "m", (), tool_choice=ToolChoice("required", names), extras=extras)
    fault = uncallable(request)
    assert (fault.kind, fault.param) == ("bad_request", "tool_choice")
    assert words in fault.message
    assert fault.message.endswith("declare a function, or let tool_choice be auto")
