"""Anthropic's row against the official SDK."""

import anthropic

from fastproxy.providers.anthropic import PROVIDER


def test_the_format_is_where_the_sdk_sends_it():
    with anthropic.Anthropic(api_key="test-key") as client:
        assert str(client.base_url).rstrip("/") == PROVIDER.formats["anthropic"]


def test_the_key_is_read_from_the_variable_of_the_sdk(monkeypatch):
    monkeypatch.setenv(PROVIDER.key_variables[0], "from-env")
    with anthropic.Anthropic() as client:
        assert client.api_key == "from-env"


def test_a_version_is_sent_for_clients_that_name_none():
    with anthropic.Anthropic(api_key="test-key") as client:
        assert {name for name, _ in PROVIDER.headers} <= {name.lower() for name in client.default_headers}
    assert dict(PROVIDER.headers) == {"anthropic-version": "2023-06-01"}
