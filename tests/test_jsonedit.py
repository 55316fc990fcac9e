"""Laws of looking at and replacing top-level keys: every other byte stays, and nothing ambiguous is let through."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.jsonedit import MAX_MEMBERS, Fields, edit_elements, elements, prepend, rename_model, require_utf8

_spaces = st.text(" \t\r\n", max_size=3).map(str.encode)
_raw_values = st.sampled_from(
    [
        b"1.0e5",
        b"123456789012345678901234567890",
        b"-0.0",
        b"true",
        b"null",
        rb'"\u00e9\ud83d\ude00"',
        rb'"lone \ud83d and \uDC00"',
        rb'"\"model\":\"decoy\""',
        "\N{LATIN SMALL LETTER E WITH ACUTE}\u2028".encode().join([b'"', b'"']),
        b'{"model":"nested"}',
        b'[{"model" : "nested"},"model"]',
        b'"model"',
        b"{}",
        b'{"a":1,"a":2}',
    ]
)
_KEYS = [b'"a"', b'"models"', b'"Model"', rb'"\u0062"', rb'"\ud83d"', rb'"\"model"', b'"model "', b'""']


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """(what stands before the value of "model", the value, what stands after it) of one object."""
    space = lambda: draw(_spaces)  # noqa: E731 - a name for one draw
    member = lambda: b"".join([space(), keys.pop(), space(), b":", space(), draw(_raw_values), space()])  # noqa: E731
    keys = draw(st.permutations(_KEYS))
    before = [member() for _ in range(draw(st.integers(0, 3)))]
    after = [member() for _ in range(draw(st.integers(0, 3)))]
    key = b"".join([space(), b'"model"', space(), b":", space()])
    value = draw(st.sampled_from([b'"m"', b'"a/b:c"', rb'"m\u00e9"', b'""']))
    head = b"".join([space(), b"{", b"".join(one + b"," for one in before), key])
    tail = b"".join([space(), b"".join(b"," + one for one in after), b"}", space()])
    return head, value, tail


@given(bodies(), st.text(min_size=1, max_size=8))
def test_renaming_keeps_every_byte_but_the_value(body: tuple[bytes, bytes, bytes], model: str) -> None:
    before, value, after = body
    renamed = rename_model(before + value + after, model)
    assert renamed.startswith(before)
    assert renamed.endswith(after)
    assert orjson.loads(renamed[len(before) : len(renamed) - len(after)]) == model


@given(bodies(), st.text(min_size=1, max_size=8))
def test_renaming_back_gives_the_first_bytes_again(body: tuple[bytes, bytes, bytes], model: str) -> None:
    before, _, after = body
    first = before + b'"m"' + after
    assert rename_model(rename_model(first, model), "m") == first


@given(bodies())
def test_the_offset_is_that_of_the_top_level_value(body: tuple[bytes, bytes, bytes]) -> None:
    before, value, after = body
    assert Fields(before + value + after).require_once("model") == len(before)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","model":"b"}',
        b'{"model":"a","x":{"model":"c"},"model":"a"}',
        rb'{"model":"a","mod\u0065l":"b"}',
        rb'{"mod\u0065l":"b","model":"a"}',
        rb'{"\u006dodel":"a","model":"a","x":{"model":"a"}}',
        rb'{"model":1,"x":{"model":"a"},"\u006d\u006f\u0064\u0065\u006c":12}',
        rb'{"model":12,"x":{"model":"a"},"\u006d\u006f\u0064\u0065\u006c":1}',
    ],
)
def test_a_model_given_twice_in_whatever_spelling_is_refused(body: bytes) -> None:
    with pytest.raises(Fault, match="exactly once") as raised:
        rename_model(body, "other")
    assert (raised.value.kind, raised.value.param) == ("bad_request", "model")


@pytest.mark.parametrize(
    ("body", "renamed"),
    [
        (rb'{"mod\u0065l":"b"}', rb'{"mod\u0065l":"c"}'),
        (rb'{"x":{"model":"b"},"\u006dodel":"b"}', rb'{"x":{"model":"b"},"\u006dodel":"c"}'),
        (rb'{"model":"b","s":"\u006d\ud83d"}', rb'{"model":"c","s":"\u006d\ud83d"}'),
    ],
)
def test_a_model_spelt_with_escapes_is_still_the_model(body: bytes, renamed: bytes) -> None:
    assert rename_model(body, "c") == renamed


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"model":"x","a":{"model":"x"}}',
        b'{"a":{"model":"x"},"model":"x","a":1}',
        b'{"a":1,"a":12,"model":"x","b":{"model":"x"}}',
        b'{"a":12,"a":1,"model":"x","b":{"model":"x"}}',
    ],
)
def test_another_key_given_twice_never_moves_the_edit_to_a_wrong_place(body: bytes) -> None:
    try:
        renamed = rename_model(body, "y")
    except Fault as fault:
        assert fault.param == "a"  # noqa: PT017 - refused is as good as right
    else:
        assert renamed == body.replace(b',"model":"x"', b',"model":"y"')


@pytest.mark.parametrize("body", [b"{}", b'{"x":{"model":"nested"}}', b'{"x":1}', b'{"x":["model"]}'])
def test_a_body_without_the_key_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        rename_model(body, "other")
    assert (raised.value.kind, raised.value.param) == ("bad_request", "model")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"model"',
        b"{",
        b'{"a"}',
        b'{"a":1,}',
        b'{"a":1} {}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":01}',
        b'{"a":"\t"}',
        b"{'a':1}",
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b'{"\xff":1}',
        b'{"a":"\xed\xa0\xbd"}',
        rb'{"a":"\ud83"}',
        rb'{"a":"\ud83d" NaN}',
        b'{"a":' + b"[" * 200_000,
        b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"a":' * 200_000,
    ],
)
def test_what_is_not_one_json_object_in_utf8_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        Fields(body)
    assert raised.value.kind == "bad_request"
    assert len(raised.value.message) < 200


@given(st.binary(max_size=40) | st.text('{}[]",:\\ud8dmodel1 ', max_size=40).map(str.encode))
def test_no_bytes_at_all_raise_anything_but_a_fault(body: bytes) -> None:
    try:
        fields = Fields(body)
        fields.flag("d")
        fields.text("model")
        fields.replace("model", "x")
    except Fault as fault:
        assert fault.kind == "bad_request"  # noqa: PT017 - both ways out are right


@pytest.mark.parametrize("lone", [rb"\ud83d", rb"\uDE00", rb"\ud83dx", rb"\ude00\ud83d"])
def test_half_a_surrogate_pair_is_legal_json_and_stays_as_it_came(lone: bytes) -> None:
    body = b'{"s":"%b","model":"a","t":["%b"]}' % (lone, lone)
    assert Fields(body).text("model") == "a"
    assert rename_model(body, "b") == b'{"s":"%b","model":"b","t":["%b"]}' % (lone, lone)


@pytest.mark.parametrize(
    ("body", "text", "flag"),
    [
        (b"{}", None, False),
        (b'{"k":null}', None, False),
        (b'{"k":"x"}', "x", None),
        (b'{"k":true}', None, True),
        (b'{"k":false}', None, False),
    ],
)
def test_absent_and_null_are_the_same_and_a_wrong_type_is_refused(body: bytes, text: Any, flag: Any) -> None:
    fields = Fields(body)
    if flag is None:
        assert fields.text("k") == text
        with pytest.raises(Fault, match="true or false"):
            fields.flag("k")
    else:
        assert fields.flag("k") is flag


@pytest.mark.parametrize("value", [b"1", b"true", b"[]", b"{}"])
def test_a_text_of_another_type_is_refused_by_name(value: bytes) -> None:
    with pytest.raises(Fault, match="k must be a string") as raised:
        Fields(b'{"k":%b}' % value).text("k")
    assert raised.value.param == "k"


def test_fields_know_what_is_there_and_how_large_it_is() -> None:
    fields = Fields(b'{ "a" : [1, 2] , "b":"x"}')
    assert "a" in fields
    assert "c" not in fields
    assert (fields.size_bytes("a"), fields.size_bytes("b"), fields.size_bytes("c")) == (6, 3, 0)
    assert fields.value("a") == [1, 2]
    assert fields.value("c") is None


def test_the_last_of_two_equal_keys_is_the_one_that_is_read_as_every_json_parser_does() -> None:
    assert Fields(b'{"k":"first","k":"last"}').text("k") == "last"


def test_utf8_is_required_and_the_first_wrong_byte_named() -> None:
    require_utf8("\N{GREEK SMALL LETTER ALPHA}".encode())
    with pytest.raises(Fault, match="byte 1"):
        require_utf8(b"a\xff")


@given(bodies())
def test_prepending_adds_one_member_and_keeps_every_other_byte(body: tuple[bytes, bytes, bytes]) -> None:
    first = b"".join(body)
    longer = prepend(first, b'"new":1')
    assert longer.replace(b'"new":1,', b"", 1) == first
    assert Fields(longer).value("new") == 1


@pytest.mark.parametrize("empty", [b"{}", b" {\n } "])
def test_prepending_to_an_empty_object_adds_no_comma(empty: bytes) -> None:
    assert Fields(prepend(empty, b'"new":1')).value("new") == 1


@pytest.mark.parametrize(
    "body", [b"{}", b'{"model":null}', b'{"model":""}', b'{"model":7}', b'{"model":"a","model":"a"}']
)
def test_a_request_must_name_one_model(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        Fields(body).model()
    assert raised.value.param == "model"
    assert Fields(b'{"model":"a/b"}').model() == "a/b"


def test_a_body_of_thousands_of_keys_is_refused_and_a_long_key_is_passed_at_once():
    many = b"{" + b"".join(b'"%d":1,' % number for number in range(MAX_MEMBERS)) + b'"model":"x"}'
    with pytest.raises(Fault, match="more than"):
        Fields(many)
    assert Fields(b'{"' + b"a" * 5_000_000 + b'\\n":1,"model":"x"}').model() == "x"


# Elements of an array.

ARRAY = b'[ {"a": 1.0e5} ,"x", [2],\n{"b":"\\ud800"},{ } ]'


def keep(element: bytes) -> bytes:
    return element


def always(_element: bytes) -> bool:
    return True


def test_elements_are_the_texts_that_stand_there():
    assert elements(ARRAY) == [b'{"a": 1.0e5}', b'"x"', b"[2]", b'{"b":"\\ud800"}', b"{ }"]


@pytest.mark.parametrize("value", [b"[]", b"[ ]", b'"[1]"', b"{}", b"null", b""])
def test_what_is_no_array_or_an_empty_one_has_none(value: bytes):
    assert elements(value) == []
    assert edit_elements(value, keep, always) == value


def test_objects_are_edited_and_the_rest_stays_byte_for_byte():
    assert edit_elements(ARRAY, keep, always) == ARRAY
    edited = edit_elements(ARRAY, lambda _: b"0", lambda element: b"a" in element)
    assert edited == ARRAY.replace(b'{"a": 1.0e5}', b"0")


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        (b'"a"', b'[ "x", [2],\n{"b":"\\ud800"},{ } ]'),
        (b'"b"', b'[ {"a": 1.0e5} ,"x", [2],{ } ]'),
        (b"{ }", b'[ {"a": 1.0e5} ,"x", [2],\n{"b":"\\ud800"} ]'),
    ],
)
def test_an_element_goes_with_one_comma(gone: bytes, left: bytes):
    assert edit_elements(ARRAY, lambda _: None, lambda element: gone in element) == left


def test_an_array_of_which_nothing_is_left_is_empty():
    assert edit_elements(b"[ {},\n{} ]", lambda _: None, always) == b"[]"


@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2), max_size=4))
def test_whatever_the_elements_are_they_come_back(values: list[dict[str, int]]):
    array = orjson.dumps(values, option=orjson.OPT_INDENT_2)
    assert [orjson.loads(element) for element in elements(array)] == values
    assert edit_elements(array, keep, always) == array
