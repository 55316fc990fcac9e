"""The endpoint that counts: which fields it is asked with, and its answer both ways."""

import orjson
import pytest
from openai.types.responses import InputTokenCountResponse

from fastproxy.errors import Fault
from fastproxy.formats.openai_responses.counting import COUNTING, encode_count, read_count, write_count
from fastproxy.ir.request import Message, Request, Sampling, TextPart, Tool


def test_only_what_is_counted_is_sent() -> None:
    asked = Request(
        "anthropic",
        "m",
        (Message("system", (TextPart("Be kind."),)), Message("user", (TextPart("?"),))),
        stream=True,
        tools=(Tool("clock"),),
        sampling=Sampling(max_tokens=100, temperature=0.5, seed=1),
    )
    encoded = encode_count(asked)
    assert set(orjson.loads(encoded.body)) == {"model", "input", "instructions", "tools"}
    assert encoded.dropped == ("seed",)


def test_an_answer_there_and_back() -> None:
    body = write_count(51)
    assert read_count(body) == 51
    assert InputTokenCountResponse.model_validate_json(body, strict=True).input_tokens == 51


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"input_tokens":null}', b'{"input_tokens":-1}', b'{"input_tokens":true}']
)
def test_an_answer_without_a_count_is_no_zero(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        read_count(body)
    assert raised.value.kind == "upstream_garbage"


def test_a_count_is_asked_for_like_an_answer() -> None:
    assert COUNTING.action == "input_tokens"
    assert COUNTING.decode(b'{"model":"m","input":"?"}', {}).messages == (Message("user", (TextPart("?"),)),)
