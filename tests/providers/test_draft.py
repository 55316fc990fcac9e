"""A request that a provider may still change."""

from support.drafts import draft


def test_a_header_that_the_request_brings_along_is_not_set_by_default():
    one = draft(b"{}", sent=frozenset({b"originator"}))
    assert one.unless_sent((b"originator", b"ours"), (b"other", b"ours")) == ((b"other", b"ours"),)
