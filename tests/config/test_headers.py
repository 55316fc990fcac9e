"""Names of headers that may be configured, and those that have a place of their own."""

import pytest

from fastproxy.config.headers import header_problem


@pytest.mark.parametrize("name", ["x-team", "X-Team", "anthropic-version", "user-agent"])
def test_a_plain_name_may_be_set(name):
    assert header_problem(name) is None


@pytest.mark.parametrize(
    "name",
    ["Authorization", "x-api-key", "Host", "content-length", "Transfer-Encoding", "a b", "a:b", "", "é"],
)
def test_credentials_framing_and_what_is_no_name_may_not(name):
    assert header_problem(name) == f"{name!r} can't be set here; a credential goes into api_key"
