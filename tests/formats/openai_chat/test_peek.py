"""The look at a Chat request that routing takes."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.base import Peek
from fastproxy.formats.openai_chat.peek import SESSION_BYTES, peek

BODY = (Path(__file__).parents[2] / "fixtures" / "openai_chat" / "request-agent.json").read_bytes()


def with_fields(**fields: Any) -> bytes:
    return orjson.dumps({"model": "m", "messages": [], **fields})


def test_peek_tells_model_stream_session_and_whether_usage_is_wanted() -> None:
    assert peek(BODY, {}) == Peek("lab-1", stream=True, session="conversation-7", wants_usage=True)


def test_peek_reads_no_message() -> None:
    assert peek(b'{"messages":[{"role":["nonsense"]}],"model":"m"}', {}) == Peek("m", stream=False)


@pytest.mark.parametrize("body", [b"{}", b'{"model":""}', b'{"model":null}', b'{"model":7}', b'{"model":["m"]}'])
def test_a_request_without_a_model_is_refused_by_name_of_the_field(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        peek(body, {})
    assert (raised.value.kind, raised.value.param) == ("bad_request", "model")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"model":"m","stream":"yes"}', b'{"model":"\xff"}'])
def test_a_body_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Fault) as raised:
        peek(body, {})
    assert raised.value.kind == "bad_request"


@pytest.mark.parametrize(
    ("fields", "session"),
    [
        ({"prompt_cache_key": "k", "user": "u"}, "k"),
        ({"prompt_cache_key": "", "user": "u"}, "u"),
        ({"prompt_cache_key": None, "user": "u"}, "u"),
        ({"prompt_cache_key": ["k"], "user": "u"}, "u"),
        ({"user": 7}, None),
        ({"user": "x" * SESSION_BYTES}, None),
        ({}, None),
    ],
)
def test_an_odd_session_key_is_left_alone_and_never_refused(fields: dict[str, Any], session: str | None) -> None:
    assert peek(with_fields(**fields), {}).session == session


def test_a_session_key_with_half_a_surrogate_pair_is_no_error() -> None:
    assert peek(rb'{"model":"m","user":"u\ud83d"}', {}).model == "m"


@pytest.mark.parametrize(
    ("fields", "wants"),
    [
        ({"stream": True, "stream_options": {"include_usage": True}}, True),
        ({"stream": True, "stream_options": {"include_usage": False}}, False),
        ({"stream": True, "stream_options": None}, False),
        ({"stream": True}, False),
        ({"stream": False}, True),
    ],
)
def test_only_a_stream_has_to_ask_for_usage(fields: dict[str, Any], wants: bool) -> None:
    assert peek(with_fields(**fields), {}).wants_usage is wants
