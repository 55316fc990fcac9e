"""Raw values with their halves of surrogate pairs."""

from fastproxy.formats.anthropic.verbatim import verbatim
from fastproxy.formats.body import without_lone_surrogates


def test_a_value_of_a_mended_body_is_as_it_was_sent() -> None:
    body = b'{"text":"\\ud83d","input":{"a":"\\ud83d", "n":1.0}}'
    mended = without_lone_surrogates(body)
    assert verbatim(b'{"a":"\\ufffd", "n":1.0}', body, mended) == '{"a":"\\ud83d", "n":1.0}'


def test_a_body_that_needed_no_mending_is_not_searched() -> None:
    assert verbatim(b'{"a":1.0}', b"{}", b"{}") == '{"a":1.0}'
