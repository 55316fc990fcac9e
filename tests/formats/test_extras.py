"""The names under which lost extras are reported."""

import pytest

from fastproxy.formats import FORMATS
from fastproxy.formats.base import Format
from fastproxy.formats.extras import named
from fastproxy.ir.request import Message, Request, TextPart

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
