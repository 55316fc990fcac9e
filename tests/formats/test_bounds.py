"""JSON that is too deep or too wide to be walked is told by its brackets, and only by those outside of texts."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.formats.bounds import MAX_DEPTH, MAX_VALUES, SHORT_BYTES, is_walkable

values = st.recursive(
    st.none() | st.integers(0, 9) | st.text(max_size=20) | st.sampled_from(['[{"', "]}", '\\"', ",,,", "\\"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
PADDING = b" " * SHORT_BYTES


@given(values)
def test_what_is_neither_deep_nor_wide_is_walkable_whatever_its_texts_say(value: object) -> None:
    texts = orjson.dumps(['[{"' * 300, "{" * 500, "," * MAX_VALUES, value])
    assert is_walkable(texts)


@given(values, st.booleans())
def test_depth_counts_whatever_stands_beside(value: object, objects: bool) -> None:
    opening, closing = (b'{"a":', b"}") if objects else (b"[1,", b"]")
    inner = b"[" + orjson.dumps(value) + b"]"
    assert is_walkable(opening * (MAX_DEPTH - 30) + inner + closing * (MAX_DEPTH - 30) + PADDING)
    assert not is_walkable(opening * MAX_DEPTH + inner + closing * MAX_DEPTH + PADDING)


@pytest.mark.parametrize(
    "wide",
    [
        b"[" + b"1," * 2 * MAX_VALUES + b"1]",
        b"[" + b"[]," * MAX_VALUES + b"1]",
        b"[" + b"[{}]," * MAX_VALUES + b"1]",
        b'["' + b'","' * 3 * MAX_VALUES + b'"]',
        b'{"":' + b'"",":"' * 3 * MAX_VALUES,
    ],
)
def test_too_many_values_are_not_walkable(wide: bytes) -> None:
    assert not is_walkable(wide)


@pytest.mark.parametrize("text", [b'"' + b'\\"' * 1_000_000, b'{"a":"' + b"x[" * 1_000_000, b'"\\' * 1_000_000])
def test_broken_json_takes_no_longer_and_is_left_to_the_decoder(text: bytes) -> None:
    assert is_walkable(text)
