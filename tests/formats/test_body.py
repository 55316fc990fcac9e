"""One JSON body into typed values; every failure is the caller's 400."""

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.formats.body import parse, values, without_lone_surrogates


class Shape(msgspec.Struct):
    n: int


_SHAPE = msgspec.json.Decoder(Shape)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"n":"one"}',
        b"{}",
        b'{"n":NaN}',
        b'"\xff"',
        b'{"n":1}x',
        b'{"n":' + b"[" * 99999,
        b'{"\xff":1}',
    ],
)
def test_what_does_not_fit_is_a_bad_request_that_says_where(body: bytes) -> None:
    with pytest.raises(Fault, match="the body") as raised:
        parse(_SHAPE.decode, body)
    assert raised.value.kind == "bad_request"


def test_a_message_names_the_field_and_never_quotes_the_body() -> None:
    with pytest.raises(Fault) as raised:
        parse(_SHAPE.decode, b'{"n":"secret"}')
    assert "$.n" in raised.value.message
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\uDE00x"', rb'"\ufffdx"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\\ud83d"', rb'"\\ud83d"'),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (rb'"\u00e9\ud83d\ude00"', rb'"\u00e9\ud83d\ude00"'),
    ],
)
def test_only_lone_surrogates_are_replaced(text: bytes, mended: bytes) -> None:
    assert without_lone_surrogates(text) == mended


def test_a_body_that_is_not_utf8_is_refused_wherever_the_byte_stands() -> None:
    with pytest.raises(Fault, match="not UTF-8: byte 6") as raised:
        without_lone_surrogates(b'{"a":"\xff"}')
    assert raised.value.kind == "bad_request"


@given(st.text())
def test_text_without_lone_surrogates_stays_as_it_is(text: str) -> None:
    body = orjson.dumps({"t": text})
    assert without_lone_surrogates(body) == body


_UNITS = (r"\\ud83d", r"\\uDE00", r"\\u0041", r"\\\\", r"\\n", r"\\\"", "u", "d83d", "ž")


@given(st.lists(st.sampled_from(_UNITS)))
def test_what_is_mended_is_what_utf16_replaces(units: list[str]) -> None:
    """Any mixture of halves, pairs and things that look like them, against Python's own decoder."""
    inside = "".join(units)
    said = inside.encode("utf-8").decode("unicode_escape") if inside.isascii() else None
    mended = orjson.loads(without_lone_surrogates(f'{{"t":["{inside}"]}}'.encode()))["t"][0]
    if said is not None:
        assert mended == said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_values_decodes_what_is_not_known() -> None:
    raws = msgspec.json.decode(b'{"known":1,"other":{"deep":[1.5]}}', type=dict[str, msgspec.Raw])
    assert values(raws, frozenset({"known"})) == {"other": {"deep": [1.5]}}
