"""Counting tokens in Gemini's words."""

import orjson
import pytest
from google.genai.types import CountTokensResponse

from fastproxy.errors import Fault
from fastproxy.formats.gemini.counting import decode_counting, encode_counting, read_count, write_count
from fastproxy.ir.request import Message, Request, Sampling, TextPart, Tool

PARAMS = {"model": "lab-1", "verb": "countTokens", "version": "v1beta"}
CONTENTS = b'[{"role":"user","parts":[{"text":"Hi"}]}]'
HI = Message("user", (TextPart("Hi"),))


def test_both_forms_of_the_question_are_the_same_request() -> None:
    bare = decode_counting(b'{"contents":%b}' % CONTENTS, PARAMS)
    wrapped = decode_counting(b'{"generate_content_request":{"model":"models/x","contents":%b}}' % CONTENTS, PARAMS)
    assert bare == wrapped
    assert (bare.model, bare.messages, bare.stream) == ("lab-1", (HI,), False)


def test_contents_alone_are_asked_for_alone_and_more_in_the_wrapped_form() -> None:
    plain = encode_counting(Request("anthropic", "gemini-x", (HI,), sampling=Sampling(max_tokens=1)))
    assert orjson.loads(plain.body) == {"contents": orjson.loads(CONTENTS)}
    tooled = orjson.loads(encode_counting(Request("anthropic", "gemini-x", (HI,), tools=(Tool("f"),))).body)
    asked = tooled.pop("generateContentRequest")
    assert tooled == {}
    assert set(asked) == {"model", "contents", "tools"}
    assert asked["model"] == "models/gemini-x"


def test_the_answer_both_ways() -> None:
    assert read_count(b'{"totalTokens":13,"promptTokensDetails":[]}') == 13
    assert CountTokensResponse.model_validate(orjson.loads(write_count(13))).total_tokens == 13


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"totalTokens":"x"}', b'{"totalTokens":0}', b"\xff"])
def test_an_answer_that_can_not_be_read_is_garbage(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        read_count(body)
    assert raised.value.kind == "upstream_garbage"
