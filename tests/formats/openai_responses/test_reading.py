"""Careful looks into JSON that a host sent: no type is trusted, and only a Fault is raised."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.reading import index_in, objects_in, parsed


def test_an_object_is_read() -> None:
    assert parsed(b' {"a":1}\n') == {"a": 1}


@pytest.mark.parametrize("data", [b"[]", b"null", b'"text"', b"7"])
def test_json_of_another_kind_says_nothing(data: bytes) -> None:
    assert parsed(data) == {}


@pytest.mark.parametrize("data", [b"", b"{", b"OK", b'{"a":"\xff"}', rb'{"a":"\ud83d'])
def test_what_is_not_json_is_the_upstreams_fault(data: bytes) -> None:
    with pytest.raises(Fault) as raised:
        parsed(data)
    assert raised.value.kind == "upstream_garbage"


def test_half_a_character_becomes_a_replacement_and_a_whole_one_stays() -> None:
    assert parsed(rb'{"a":"x\ud83d","b":"\ud83d\ude48"}') == {"a": "x\ufffd", "b": "\N{SEE-NO-EVIL MONKEY}"}


def test_values_of_another_type_count_as_absent() -> None:
    holder = {"text": 7, "list": [1, {"a": 1}, None], "index": True}
    assert objects_in(holder, "list") == [{"a": 1}]
    assert objects_in(holder, "none") == objects_in(holder, "text") == []
    assert (index_in(holder, "index"), index_in({"index": 3}, "index")) == (0, 3)
