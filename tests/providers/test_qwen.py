"""Where Qwen's logins may be used."""

import pytest

from fastproxy.accounts.sources.qwen import BASE_URLS
from fastproxy.providers.qwen import PROVIDER
from fastproxy.providers.shape import base_url_of


@pytest.mark.parametrize("base_url", BASE_URLS.values())
def test_every_host_that_its_file_may_name_is_allowed(base_url: str):
    assert base_url_of(PROVIDER, "openai-chat", {"base_url": base_url}) == base_url


def test_it_starts_at_the_portal():
    assert base_url_of(PROVIDER, "openai-chat", {}) == "https://portal.qwen.ai/v1"
