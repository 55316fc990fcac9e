"""OpenAI's row against the official SDK."""

import openai

from fastproxy.providers.openai import PROVIDER


def test_both_formats_are_where_the_sdk_sends_them_and_the_key_is_carried_alike():
    with openai.OpenAI(api_key="test-key") as client:
        assert {f"{url}/" for url in PROVIDER.formats.values()} == {str(client.base_url)}
        assert client.auth_headers == {"Authorization": "Bearer test-key"}
    assert list(PROVIDER.formats) == ["openai-chat", "openai-responses"]
    assert PROVIDER.auth == "bearer"


def test_its_cache_goes_by_a_key_in_both_formats():
    assert PROVIDER.quirks.cache_key == set(PROVIDER.formats)


def test_the_key_is_read_from_the_variable_of_the_sdk(monkeypatch):
    monkeypatch.setenv(PROVIDER.key_variables[0], "from-env")
    with openai.OpenAI() as client:
        assert client.api_key == "from-env"
