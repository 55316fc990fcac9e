"""Ids and labels of accounts."""

import pytest

from fastproxy.accounts.stored import account_id, is_label


def test_an_id_is_provider_and_label():
    assert account_id("openai", "work") == "openai:work"


@pytest.mark.parametrize("text", ["work", "1", "OPENAI_API_KEY", "me@example.com", "a.b-c+d", "x" * 64])
def test_plain_words_can_be_labels(text):
    assert is_label(text)


@pytest.mark.parametrize("text", ["", " ", "a b", "a:b", "a/b", "-a", "--json", "a\n", "a\x1b[1m", "é", "x" * 65])
def test_what_needs_quotes_or_hides_something_can_not(text):
    assert not is_label(text)
