"""One configured base URL, the address of each format."""

import pytest

from fastproxy.config.base_urls import moved, spread
from fastproxy.providers import BY_NAME


@pytest.mark.parametrize(
    ("url", "formats", "found"),
    [
        ("http://h/v1", ["openai-chat"], ["http://h/v1"]),
        ("http://h/v1/", ["openai-chat", "openai-responses"], ["http://h/v1", "http://h/v1"]),
        ("http://h", ["openai-chat"], ["http://h"]),
        ("http://h", ["anthropic"], ["http://h"]),
        ("http://h/v1", ["anthropic"], ["http://h"]),
        ("http://h/v1", ["openai-chat", "anthropic", "gemini"], ["http://h/v1", "http://h", "http://h"]),
        ("http://h", ["anthropic", "openai-chat"], ["http://h", "http://h/v1"]),
        ("http://h/api/", ["gemini", "openai-responses"], ["http://h/api", "http://h/api/v1"]),
    ],
)
def test_a_base_url_is_taken_as_the_first_formats_sdk_takes_it(url, formats, found):
    assert spread(url, formats) == dict(zip(formats, found, strict=True))


@pytest.mark.parametrize(
    ("name", "url", "found"),
    [
        ("openai", "http://h:1/v1", {"openai-chat": "http://h:1/v1", "openai-responses": "http://h:1/v1"}),
        ("anthropic", "http://h:1/v1", {"anthropic": "http://h:1"}),
        ("gemini", "http://h:1", {"gemini": "http://h:1", "openai-chat": "http://h:1/v1beta/openai"}),
        ("gemini", "http://h:1/proxy", {"gemini": "http://h:1/proxy"}),
        ("deepseek", "http://h:1", {"openai-chat": "http://h:1", "anthropic": "http://h:1/anthropic"}),
        ("deepseek", "http://h:1/v1", {"openai-chat": "http://h:1/v1"}),
        (
            "dashscope",
            "https://dashscope.aliyuncs.com/compatible-mode/v1",
            {
                "openai-chat": "https://dashscope.aliyuncs.com/compatible-mode/v1",
                "anthropic": "https://dashscope.aliyuncs.com/apps/anthropic",
            },
        ),
        (
            "ollama",
            "http://gpu:9/prefix/v1",
            {
                "openai-chat": "http://gpu:9/prefix/v1",
                "openai-responses": "http://gpu:9/prefix/v1",
                "anthropic": "http://gpu:9/prefix",
            },
        ),
        (
            "azure-openai",
            "https://r.openai.azure.com/openai/v1",
            {
                "openai-chat": "https://r.openai.azure.com/openai/v1",
                "openai-responses": "https://r.openai.azure.com/openai/v1",
            },
        ),
    ],
)
def test_a_built_in_provider_moves_with_all_formats_whose_place_is_known(name, url, found):
    assert moved(BY_NAME[name].formats, url) == found


@pytest.mark.parametrize("name", BY_NAME)
def test_no_format_stays_at_the_old_host(name):
    for url in ("http://elsewhere.example/v1", "http://elsewhere.example", "http://elsewhere.example/other"):
        assert all(found.startswith("http://elsewhere.example") for found in moved(BY_NAME[name].formats, url).values())
