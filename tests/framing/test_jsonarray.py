"""One JSON array, element by element."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.framing.jsonarray import ArrayWriter


@given(st.lists(st.dictionaries(st.text(), st.integers(0, 9))))
def test_what_is_written_is_one_array_of_the_elements(elements: list[dict[str, int]]) -> None:
    writer = ArrayWriter()
    written = [writer.element(orjson.dumps(element)) for element in elements]
    assert orjson.loads(b"".join(written) + writer.close()) == elements


def test_every_element_goes_out_at_once_and_byte_for_byte() -> None:
    writer = ArrayWriter()
    assert writer.element(b'{"a": 1.0}') == b'[{"a": 1.0}'
    assert writer.element(b'{"b":2}') == b'\n,\r\n{"b":2}'
    assert writer.close() == b"\n]\n"
