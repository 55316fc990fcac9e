"""Counting tokens at Anthropic's own endpoint."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.counting import COUNTING, encode, read, write
from fastproxy.ir.request import Message, Request, Sampling, TextPart, Thinking, Tool


def test_only_the_fields_that_the_endpoint_takes_are_sent() -> None:
    encoded = encode(
        Request(
            "openai-chat",
            "m",
            (Message("system", (TextPart("Be brief."),)), Message("user", (TextPart("Hi"),))),
            stream=True,
            tools=(Tool("f"),),
            thinking=Thinking("adaptive", "low"),
            sampling=Sampling(max_tokens=9, temperature=0.5, stop=("END",)),
            user="u",
        )
    )
    assert set(orjson.loads(encoded.body)) == {"model", "system", "messages", "tools", "thinking", "output_config"}
    assert encoded.dropped == ()


def test_what_is_asked_and_what_is_answered() -> None:
    assert COUNTING.action == "count_tokens"
    assert COUNTING.decode(b'{"model":"m","messages":[{"role":"user","content":"Hi"}]}', {}).model == "m"
    assert orjson.loads(write(1114)) == {"input_tokens": 1114}
    assert read(write(1114)) == 1114


@pytest.mark.parametrize("body", [b"", b"{}", b'{"input_tokens":"4"}', b'{"input_tokens":-1}', b"[]", b"\xff"])
def test_an_answer_without_a_count_is_garbage_and_never_zero(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        read(body)
    assert raised.value.kind == "upstream_garbage"
