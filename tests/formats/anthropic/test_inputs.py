"""Inputs of calls: what is whole byte for byte, what is half as the official SDK reads it, what is broken never."""

import jiter
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.anthropic.inputs import begins_object, broken_call, input_json

_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('ab"\\{[]},: \né😀')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_objects = st.dictionaries(st.text(max_size=3), _values, max_size=4)


@given(_objects, st.sampled_from([0, orjson.OPT_INDENT_2]), st.data())
def test_half_an_object_is_read_as_the_official_sdk_reads_it(
    told: dict[str, object], style: int, data: st.DataObject
) -> None:
    text = orjson.dumps(told, option=style).decode()
    cut = text[: data.draw(st.integers(1, len(text)))]
    half = input_json(cut, cut=True)
    assert half is not None
    assert jiter.from_json(half) == jiter.from_json(cut.encode(), partial_mode=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            ' {"n": 1.0, "big":123456789012345678901234567890, "s": "h',
            b'{"n": 1.0, "big":123456789012345678901234567890}',
        ),
        ('{"a":1}{"b":2}', b'{"a":1}'),
        ('{"a":"x {[,', b"{}"),
        ('{"a":-', b"{}"),
        ('{"e":"\\u00', b"{}"),
    ],
)
def test_what_half_an_object_tells_is_byte_for_byte(text: str, told: bytes) -> None:
    assert input_json(text, cut=True) == told


@pytest.mark.parametrize("text", ['{"a":1,}', '{"a":01', "{'a': 1", '{"a":1]', '{"a": x', '{"a":"raw\nline'])
def test_what_is_not_the_beginning_of_an_object_is_broken_even_when_cut(text: str) -> None:
    assert input_json(text, cut=True) is None


@pytest.mark.parametrize("text", ['{"cut": "o', '{"a":1} x', '{"a":1}{"b":2}'])
def test_half_an_object_of_an_answer_that_was_not_cut_is_broken(text: str) -> None:
    assert input_json(text, cut=False) is None


@pytest.mark.parametrize("text", ["not json", "[1,2]", '"{}"', "5", "nul", "x{"])
@pytest.mark.parametrize("cut", [True, False])
def test_what_is_no_object_is_kept_as_the_text_that_it_is(text: str, cut: bool) -> None:
    assert orjson.loads(input_json(text, cut=cut) or b"") == {"_invalid_json": text}
    assert not begins_object(text)


@pytest.mark.parametrize("text", ["", " ", "null", "{}"])
def test_no_arguments_are_an_empty_object(text: str) -> None:
    assert input_json(text, cut=False) == b"{}"


def test_the_failure_names_the_tool() -> None:
    assert "'f'" in broken_call("f").message
