"""Laws of setting and removing nested keys: what is not named stays, to the byte, and nothing ambiguous is edited."""

from typing import NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.jsonedit import Fields, put, remove

_SPACES = st.text(" \t\r\n", max_size=3).map(str.encode)
_VALUES = st.sampled_from(
    [
        b"1.0e5",
        b"123456789012345678901234567890",
        b"null",
        rb'"\u00e9\ud83d\ude00"',
        rb'"lone \ud83d and \uDC00"',
        rb'"\"effort\":\"decoy\""',
        "\N{LATIN SMALL LETTER E WITH ACUTE}\u2028".encode().join([b'"', b'"']),
        b'{ "effort":"nested"}',
        b'[{"effort" : 1.0},"effort"]',
        b'"effort"',
        b"{}",
        b'{"a":1,"a":2}',
    ]
)
_OTHERS = [b'"a"', b'"efforts"', b'"Effort"', rb'"\u0062"', rb'"\ud83d"', rb'"\"effort"', b'"effort "', b'""', b'","']
_SPELLINGS = [b'"effort"', rb'"\u0065ffort"', rb'"eff\u006Frt"']


class Place(NamedTuple):
    """A body around one member: its path, what stands before it, its name with the colon, its value, what follows."""

    path: tuple[str, ...]
    before: bytes
    name: bytes
    value: bytes
    after: bytes

    @property
    def body(self) -> bytes:
        return self.before + self.name + self.value + self.after


@st.composite
def places(draw: st.DrawFn) -> Place:
    """A member inside one to three objects, at each depth among others that must stay."""
    path = tuple(draw(st.lists(st.sampled_from(["effort", "/", "x-Y_1"]), min_size=1, max_size=3)))
    before, name, after = b"", b"", b""
    for key in path:
        keys = draw(st.permutations(_OTHERS))
        space = [draw(_SPACES) for _ in range(5)]
        head = [draw(_SPACES) + keys.pop() + b":" + draw(_VALUES) + b"," for _ in range(draw(st.integers(0, 2)))]
        tail = [b"," + keys.pop() + draw(_SPACES) + b":" + draw(_VALUES) for _ in range(draw(st.integers(0, 2)))]
        spelt = draw(st.sampled_from(_SPELLINGS)) if key == "effort" else orjson.dumps(key)
        before += name + space[0] * (not before) + b"{" + b"".join(head) + space[1]
        name = spelt + space[2] + b":" + space[3]
        after = space[4] + b"".join(tail) + b"}" + draw(_SPACES) + after
    return Place(path, before, name, draw(_VALUES), after)


@given(places(), _VALUES)
def test_a_value_put_at_a_path_replaces_the_one_that_was_there_and_no_other_byte(place: Place, value: bytes):
    assert put(place.body, place.path, value, replace=True) == place.before + place.name + value + place.after


@given(places(), _VALUES)
def test_where_a_value_may_not_be_replaced_the_body_stays(place: Place, value: bytes):
    assert put(place.body, place.path, value, replace=False) == place.body


@given(places())
def test_removing_takes_one_member_and_one_comma_and_no_other_byte(place: Place):
    before, after = place.before, place.after
    if after.lstrip().startswith(b","):
        after = after.replace(b",", b"", 1)
    elif (bare := before.rstrip()).endswith(b","):
        before = bare[:-1] + before[len(bare) :]
    removed = remove(place.body, place.path)
    assert removed == before + after
    assert remove(removed, place.path) == removed
    Fields(removed)


@given(places(), st.lists(st.sampled_from(["new", "k"]), min_size=1, max_size=3), _VALUES, st.booleans())
def test_a_missing_path_is_put_into_the_innermost_object_there_is(
    place: Place, missing: list[str], value: bytes, replace: bool
):
    path = (*place.path[:-1], *missing)
    assert remove(place.body, path) == place.body
    grown = put(place.body, path, value, replace=replace)
    nested = b"".join(b'"%b":{' % key.encode() for key in missing[:-1])
    inserted = b'%b"%b":%b%b,' % (nested, missing[-1].encode(), value, b"}" * (len(missing) - 1))
    at = grown.index(inserted)
    assert grown[:at] + grown[at + len(inserted) :] == place.body
    assert grown[:at].endswith(b"{")
    assert put(grown, path, b"0", replace=False) == grown


@given(st.binary(max_size=40) | st.text('{}[]",:\\ud8dab1 ', max_size=40).map(str.encode))
def test_no_bytes_at_all_raise_anything_but_a_fault(body: bytes):
    for edit in (lambda: put(body, ("a", "b"), b"1", replace=True), lambda: remove(body, ("a", "b"))):
        try:
            edit()
        except Fault as fault:
            assert fault.kind == "bad_request"  # noqa: PT017 - both ways out are right


def test_an_empty_object_gets_its_first_member_without_a_comma():
    assert put(b' { "a": {\n} } ', ("a", "b"), b"1", replace=False) == b' { "a": {"b":1\n} } '
    assert put(b"{ }", ("a", "b", "c"), b"1", replace=True) == b'{"a":{"b":{"c":1}} }'


def test_removing_the_only_member_leaves_an_empty_object():
    body = b'{"reasoning": { "effort" : "low" } , "x":1}'
    assert remove(body, ("reasoning", "effort")) == b'{"reasoning": {  } , "x":1}'
    assert remove(b'{"x":1}', ("x",)) == b"{}"


@pytest.mark.parametrize("value", [b"null", b"true", b"1.0e5", b'"{}"', b"[]", b'[{"b":1}]'])
def test_a_value_on_the_way_that_is_no_object_leaves_the_body_as_it_is(value: bytes):
    body = b'{ "a" : %b , "x":1}' % value
    assert put(body, ("a", "b"), b"2", replace=True) == body
    assert put(body, ("a", "b"), b"2", replace=False) == body
    assert remove(body, ("a", "b")) == body


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":{"b":1},"a":{"b":2}}',
        rb'{"a":{"b":1},"\u0061":{"b":1}}',
        b'{"a":{"b":1,"b":1}}',
        rb'{"a":{"b":1,"c":"\ud83d","\u0062":2}}',
    ],
)
def test_a_key_of_the_path_that_is_given_twice_is_refused(body: bytes):
    with pytest.raises(Fault, match="exactly once"):
        put(body, ("a", "b"), b"3", replace=True)
    with pytest.raises(Fault, match="exactly once"):
        remove(body, ("a", "b"))
