"""A call's argument text as a JSON object: the same bytes, or nothing."""

import orjson
import pytest
from hypothesis import given

from fastproxy.formats.arguments import arguments_object
from laws.event_lists import arguments


@given(arguments)
def test_any_object_keeps_its_tokens_and_fits_on_one_line(text: str) -> None:
    raw = arguments_object(text)
    assert raw is not None
    assert b"\n" not in raw
    assert raw.replace(b" ", b"") == (text.strip().encode() or b"{}").replace(b"\n", b"").replace(b" ", b"")


@pytest.mark.parametrize(
    "text",
    ['{"n":1.0}', '{"n":123456789012345678901234567890}', '{"a":1,"a":2}', '{"s":"\\ud83d"}', '{ "e":"\\u00e9" }'],
)
def test_what_a_parser_would_change_stays_byte_for_byte(text: str) -> None:
    assert arguments_object(text) == text.encode()


@pytest.mark.parametrize("text", ["", " ", "\n", "null", " null\n"])
def test_no_arguments_are_an_empty_object(text: str) -> None:
    assert arguments_object(text) == b"{}"


@pytest.mark.parametrize("text", ['{"cut": "of', "[1]", '"text"', "nul", '{"a":NaN}', "{} {}", '{"a":' * 9999])
def test_anything_else_is_nothing(text: str) -> None:
    assert arguments_object(text) is None


def test_line_ends_between_tokens_become_spaces_and_escaped_ones_stay() -> None:
    raw = arguments_object('{\r\n"a":"x\\ny"\n}')
    assert raw == b'{  "a":"x\\ny" }'
    assert orjson.loads(raw) == {"a": "x\ny"}
