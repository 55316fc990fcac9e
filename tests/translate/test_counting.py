"""A count of tokens in the words of another format."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME, FORMATS
from fastproxy.formats.base import Format
from fastproxy.translate.counting import COUNT_BYTES, CountPipe

COUNTERS = [format_ for format_ in FORMATS if format_.counting is not None]


def body(format_: Format, tokens: int) -> bytes:
    assert format_.counting is not None
    return format_.counting.write(tokens)


@pytest.mark.parametrize("source", COUNTERS, ids=lambda format_: format_.name)
@pytest.mark.parametrize("client", COUNTERS, ids=lambda format_: format_.name)
def test_the_number_is_the_same_in_every_format(source: Format, client: Format):
    pipe = CountPipe(source, client)
    told = body(source, 4711)
    assert pipe.feed(told[:3]) + pipe.feed(told[3:]) == b""
    assert orjson.loads(pipe.close()) == orjson.loads(body(client, 4711))
    assert pipe.ending == "ok"


@pytest.mark.parametrize("garbage", [b"", b"{}", b"[]", b"<html>", b'{"input_tokens":"many"}'])
def test_what_is_no_count_is_refused(garbage: bytes):
    pipe = CountPipe(BY_NAME["anthropic"], BY_NAME["gemini"])
    pipe.feed(garbage)
    with pytest.raises(Fault) as caught:
        pipe.close()
    assert caught.value.kind == "upstream_garbage"
    assert pipe.ending == "incomplete"


def test_an_endless_answer_is_refused():
    pipe = CountPipe(BY_NAME["anthropic"], BY_NAME["gemini"])
    with pytest.raises(Fault, match="something else than a count"):
        pipe.feed(b" " * (COUNT_BYTES + 1))


def test_a_count_costs_no_tokens():
    assert CountPipe(BY_NAME["anthropic"], BY_NAME["gemini"]).tap.usage().output_tokens is None


def test_an_answer_nested_without_end_is_no_count():
    pipe = CountPipe(BY_NAME["anthropic"], BY_NAME["gemini"])
    pipe.feed(b'{"input_tokens":' + b"[" * 5000 + b"]" * 5000 + b"}")
    with pytest.raises(Fault, match="something else than a count"):
        pipe.close()
