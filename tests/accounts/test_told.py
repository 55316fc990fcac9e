"""A refusal's body as text to look at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.told import LOOKED_AT_BYTES, text_of


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b'{"Message":"Rate LIMIT"}', '{"message":"rate limit"}'),
        ("额度不足".encode(), "额度不足"),
        (rb"\u989d\u5ea6", "额度"),
        (rb"\\u989d\\u5ea6", "额度"),
        (rb'{"raw":"{\"retryDelay\":\"34s\"}"}', '{"raw":"{"retrydelay":"34s"}"}'),
        (rb"limit\nreset in 3s", "limit reset in 3s"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_a_body_is_read_without_its_escapes(body: bytes, text: str):
    assert text_of(body) == text


def test_no_more_than_the_beginning_is_looked_at():
    assert text_of(b"a" * LOOKED_AT_BYTES + b"usage limit") == "a" * LOOKED_AT_BYTES


@given(st.binary())
def test_any_bytes_are_some_text(body: bytes):
    assert isinstance(text_of(body), str)
