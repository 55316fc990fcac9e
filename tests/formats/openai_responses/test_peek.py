"""The look that routing takes at a Responses request."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.base import Peek
from fastproxy.formats.openai_responses.peek import peek

BODY = (Path(__file__).parents[2] / "fixtures" / "openai_responses" / "request-agent.json").read_bytes()


def with_fields(**fields: Any) -> bytes:
    return orjson.dumps({"model": "m", **fields})


def test_peek_tells_model_stream_and_session() -> None:
    assert peek(BODY, {}) == Peek("lab-1", stream=True, session="conversation-7")


def test_usage_is_told_without_asking() -> None:
    assert peek(with_fields(stream=True), {}).wants_usage


def test_peek_reads_no_item_and_takes_no_user_for_a_session() -> None:
    assert peek(b'{"input":[{"role":["nonsense"]}],"model":"m","user":"u"}', {}) == Peek("m", stream=False)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"model":""}', b'{"model":7}', b'{"model":"m","stream":1}'])
def test_a_body_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        peek(body, {})
    assert raised.value.kind == "bad_request"
