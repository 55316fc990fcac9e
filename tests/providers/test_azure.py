"""Azure OpenAI's row against the official SDK, which speaks the v1 API through its plain client."""

import openai

from fastproxy.config import load
from fastproxy.providers.azure import PROVIDER

URL = "https://resource.openai.azure.com/openai/v1"


def test_a_configured_address_is_where_the_sdk_sends_chat_and_responses(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(f'[providers.azure-openai]\nbase_url = "{URL}/"\n')
    provider = load(file, {PROVIDER.key_variables[0]: "test-key"}).providers["azure-openai"]
    with openai.OpenAI(api_key="test-key", base_url=URL) as client:
        assert {f"{url}/" for url in provider.formats.values()} == {str(client.base_url)}
    assert set(provider.formats) == {"openai-chat", "openai-responses"}


def test_the_key_is_carried_as_the_azure_client_carries_it():
    with openai.AzureOpenAI(
        api_key="test-key", azure_endpoint="https://r.openai.azure.com", api_version="v1"
    ) as client:
        request = client._build_request(openai._models.FinalRequestOptions(method="post", url="/models"))
    assert request.headers[PROVIDER.auth] == "test-key"


def test_its_cache_goes_by_a_key_in_both_formats():
    assert PROVIDER.quirks.cache_key == set(PROVIDER.formats)


def test_without_an_address_it_is_not_used():
    assert not any(PROVIDER.formats.values())
    assert "azure-openai" not in load(None, {PROVIDER.key_variables[0]: "test-key"}).providers
