"""Chunks as hosts really send them."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini.chunks import arguments, loads, read


def test_a_chunk_in_its_usual_form_is_taken_as_it_is() -> None:
    (chunk,) = read(b'{"candidates":[],"modelVersion":"m"}')
    assert chunk.told == {"candidates": [], "modelVersion": "m"}


@pytest.mark.parametrize(
    "data",
    [
        b'[{"responseId":"a"},\r\n{"response_id":"b"}]',
        b'[{"response":{"responseId":"a"}},{"response":{"responseId":"b"}}]',
    ],
)
def test_lists_envelopes_and_snake_case_are_unwrapped(data: bytes) -> None:
    assert [chunk.told for chunk in read(data)] == [{"responseId": "a"}, {"responseId": "b"}]


def test_parts_keep_their_text_byte_for_byte_also_with_lone_surrogates() -> None:
    data = rb'{"responseId":"","candidates":[{},{"content":{"parts":[{"text":"\ud83d"},{"odd":[1.0,"\udc00"]}]}}]}'
    (chunk,) = read(data)
    assert chunk.told["candidates"][1]["content"]["parts"][0] == {"text": "\N{REPLACEMENT CHARACTER}"}
    assert [chunk.part(1, number) for number in (0, 1)] == [r'{"text":"\ud83d"}', r'{"odd":[1.0,"\udc00"]}']


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (r'{"functionCall":{"name":"f","args":{"a": 1.0,"s":"\ud83d"}}}', r'{"a": 1.0,"s":"\ud83d"}'),
        ('{"function_call":{"args":null}}', "{}"),
        ('{"functionCall":{}}', "{}"),
        ('{"functionCall":{"args":"{\\"a\\":1}"}}', '{"a":1}'),
    ],
)
def test_arguments_are_the_text_that_came(part: str, text: str) -> None:
    assert arguments(part) == text


def test_depth_without_end_is_garbage_and_no_crash() -> None:
    with pytest.raises(Fault) as raised:
        loads(b'{"a":' + b"[" * 100_000)
    assert raised.value.kind == "upstream_garbage"
