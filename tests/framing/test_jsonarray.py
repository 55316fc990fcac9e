"""One JSON array, element by element."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import Fault
from fastproxy.framing.jsonarray import ArrayReader, ArrayWriter

_elements = st.lists(
    st.dictionaries(
        st.text(max_size=4) | st.sampled_from(['"', "\\", "{", "}", '\\"']), st.integers(0, 9) | st.text(max_size=4)
    )
)


@given(_elements)
def test_what_is_written_is_one_array_of_the_elements(elements: list[dict[str, object]]) -> None:
    writer = ArrayWriter()
    written = [writer.element(orjson.dumps(element)) for element in elements]
    assert orjson.loads(b"".join(written) + writer.close()) == elements


def test_every_element_goes_out_at_once_and_byte_for_byte() -> None:
    writer = ArrayWriter()
    assert writer.element(b'{"a": 1.0}') == b'[{"a": 1.0}'
    assert writer.element(b'{"b":2}') == b'\n,\r\n{"b":2}'
    assert writer.close() == b"\n]\n"


@given(_elements, st.booleans(), st.data())
def test_every_element_is_read_whole_however_the_bytes_are_split(
    elements: list[dict[str, object]], pretty: bool, data: st.DataObject
) -> None:
    body = orjson.dumps(elements, option=orjson.OPT_INDENT_2 if pretty else 0)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    reader = ArrayReader(1 << 20)
    found = [
        element
        for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)
        for element in reader.feed(body[start:end])
    ]
    assert [orjson.loads(element) for element in found] == elements
    assert reader.close() == []


def test_an_element_goes_on_with_its_last_byte() -> None:
    reader = ArrayReader(99)
    assert reader.feed(b'[{"a":"\\') == []
    assert reader.feed(b'"}"}') == [b'{"a":"\\"}"}']
    assert reader.feed(b',\r\n{"b":{}}]') == [b'{"b":{}}']


def test_an_object_that_stands_alone_is_an_element() -> None:
    assert ArrayReader(99).feed(b'{"error":{}}\n') == [b'{"error":{}}']


def test_half_an_element_is_none() -> None:
    reader = ArrayReader(99)
    assert reader.feed(b'[{"a":1},{"b":') == [b'{"a":1}']
    assert reader.close() == []


def test_an_element_that_is_too_large_is_garbage() -> None:
    reader = ArrayReader(16)
    with pytest.raises(Fault) as raised:
        for _ in range(9):
            reader.feed(b'{"a":')
    assert raised.value.kind == "upstream_garbage"
