"""Gemini's row against the official SDK."""

import pytest
from google import genai

from fastproxy.providers.gemini import PROVIDER


def test_the_format_is_where_the_sdk_sends_it_and_the_key_is_carried_alike():
    options = genai.Client(api_key="test-key")._api_client._http_options
    assert options.base_url.rstrip("/") == PROVIDER.formats["gemini"]
    assert options.headers[PROVIDER.auth] == "test-key"


@pytest.mark.parametrize("variable", PROVIDER.key_variables)
def test_the_key_is_read_from_the_variables_of_the_sdk(monkeypatch, variable):
    for other in PROVIDER.key_variables:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, "from-env")
    assert genai.Client()._api_client.api_key == "from-env"


def test_the_door_for_openai_clients_is_at_the_same_host():
    assert PROVIDER.formats["openai-chat"] == f"{PROVIDER.formats['gemini']}/v1beta/openai"
