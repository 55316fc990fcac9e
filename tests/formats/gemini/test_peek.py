"""What routing needs of a Gemini request."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.base import Peek
from fastproxy.formats.gemini.peek import peek, rename

STREAM = {"model": "lab-1", "verb": "streamGenerateContent", "version": "v1beta"}
WHOLE = {**STREAM, "verb": "generateContent"}
COUNT = {**STREAM, "verb": "countTokens"}


def test_model_and_verb_are_those_of_the_path_whatever_the_body_says() -> None:
    body = b'{"contents":[],"model":"another","stream":true}'
    assert peek(body, STREAM) == Peek("lab-1", stream=True)
    assert peek(body, WHOLE) == Peek("lab-1", stream=False)
    assert peek(body, COUNT) == Peek("lab-1", stream=False)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"a":', b'{"a":NaN}', b'{"a":"\xff"}'])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        peek(body, WHOLE)
    assert raised.value.kind == "bad_request"


def test_a_body_without_a_model_of_its_own_stays_the_same_bytes() -> None:
    body = b'{ "contents" : [{"parts":[{"functionCall":{"args":{"model":1.0}}}]}] }'
    assert rename(body, "other") is body


@pytest.mark.parametrize(
    ("named", "renamed"), [("models/lab-1", "models/other"), ("lab-1", "other"), ("tunedModels/x", "other")]
)
def test_a_repeated_model_is_replaced_with_its_prefix_kept_and_nothing_else(named: str, renamed: str) -> None:
    body = b'{"n": 1.0, "model": %b , "x":{"model":"a"}}'
    assert rename(body % orjson.dumps(named), "other") == body % orjson.dumps(renamed)


def test_a_model_that_is_no_text_or_stands_twice_is_refused() -> None:
    for body in (b'{"model":7}', b'{"model":"a","model":"b"}'):
        with pytest.raises(Fault):
            rename(body, "other")
