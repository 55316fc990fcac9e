"""What routing reads of an Anthropic request, and what it leaves alone."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.peek import SESSION_BYTES, peek
from fastproxy.formats.base import Peek

BODY = (Path(__file__).parents[2] / "fixtures" / "anthropic" / "request-agent.json").read_bytes()


def with_fields(**fields: Any) -> bytes:
    return orjson.dumps({"model": "m", "messages": [], **fields})


def test_peek_tells_model_stream_and_session() -> None:
    assert peek(BODY, {}) == Peek("claude-lab-1", stream=True, session="5f1c-own")


def test_peek_reads_no_message() -> None:
    assert peek(b'{"messages":[{"role":["nonsense"]}],"model":"m"}', {}) == Peek("m", stream=False)


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"model":""}', b'{"model":null}', b'{"model":7}', b'{"model":["m"]}', b'{"model":"a","model":"b"}'],
)
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
    "metadata",
    [
        None,
        {},
        [],
        {"user_id": None},
        {"user_id": "user_abc_session_5f1c"},
        {"user_id": '{"session_id":7}'},
        {"user_id": '{"session_id":""}'},
        {"user_id": '{"session_id":"s"}', "padding": "x" * SESSION_BYTES},
    ],
)
def test_odd_metadata_means_no_session_and_is_never_refused(metadata: Any) -> None:
    assert peek(with_fields(metadata=metadata), {}).session is None


def test_half_a_surrogate_pair_in_metadata_hides_no_session() -> None:
    body = b'{"model":"m","metadata":{"user_id":"{\\"session_id\\":\\"s\\"}","odd":"\\ud83d"}}'
    assert peek(body, {}) == Peek("m", stream=False, session="s")
