"""What every provider record promises. A new row in PROVIDERS is tested here without another line."""

import re
from fnmatch import fnmatchcase
from typing import get_args
from urllib.parse import urlsplit

import pytest

from fastproxy.config import load
from fastproxy.config.addresses import base_url_problem
from fastproxy.config.rows import ECHO
from fastproxy.formats.base import FormatName
from fastproxy.providers import BY_NAME, PROVIDERS
from fastproxy.providers.base import Auth, Provider
from fastproxy.providers.shape import CREDENTIALS

HOSTS = [provider for provider in PROVIDERS if provider.name != ECHO]
KEYED = [provider for provider in HOSTS if not provider.local]


def named(provider: Provider) -> str:
    return provider.name


@pytest.mark.parametrize("provider", PROVIDERS, ids=named)
def test_a_record_is_complete(provider):
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", provider.name)
    assert provider.title
    assert provider.formats
    assert set(provider.formats) <= set(get_args(FormatName))
    assert provider.auth in get_args(Auth)
    assert not provider.backend
    assert not provider.fallback


@pytest.mark.parametrize("provider", HOSTS, ids=named)
def test_its_addresses_are_base_urls_as_the_formats_sdk_takes_them(provider):
    for format_, url in provider.formats.items():
        if url:
            assert base_url_problem(url) is None
            assert not url.endswith("/")
        if format_ in ("anthropic", "gemini"):
            assert not url.endswith(("/v1", "/v1beta"))


@pytest.mark.parametrize("provider", HOSTS, ids=named)
def test_a_key_leaves_this_machine_only_encrypted_and_to_one_domain(provider):
    urls = [urlsplit(url) for url in provider.formats.values() if url]
    assert len({url.hostname for url in urls}) <= 1
    for url in urls:
        assert url.scheme == ("http" if provider.local else "https")
        assert (url.hostname == "127.0.0.1") == provider.local


@pytest.mark.parametrize("provider", KEYED, ids=named)
def test_a_key_in_its_variable_makes_it_usable(provider):
    assert provider.auth != "none"
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*_API_KEY", variable) for variable in provider.key_variables)
    for variable in provider.key_variables:
        snapshot = load(None, {variable: "test-key"})
        if all(provider.formats.values()):
            (account,) = snapshot.accounts[provider.name]
            assert (account.id, account.secret.reveal()) == (f"{provider.name}:{variable}", "test-key")
            assert provider.name in snapshot.providers
        else:
            assert "base_url" in snapshot.unusable[provider.name]


@pytest.mark.parametrize("provider", [provider for provider in HOSTS if provider.local], ids=named)
def test_a_local_daemon_is_used_only_when_it_answers(provider):
    assert provider.auth == "none"
    assert "nothing answers at http://127.0.0.1:" in load(None, {}).unusable[provider.name]
    snapshot = load(None, {}, alive=frozenset({provider.name}))
    assert snapshot.providers[provider.name] is provider
    assert snapshot.accounts[provider.name] == ()


@pytest.mark.parametrize("provider", HOSTS, ids=named)
def test_its_own_headers_hold_no_credential_and_are_lower_case(provider):
    for name, value in provider.headers:
        assert name == name.lower()
        assert name.encode() not in CREDENTIALS
        assert value.isascii()


def test_names_and_variables_are_used_once():
    assert len(BY_NAME) == len(PROVIDERS)
    variables = [variable for provider in PROVIDERS for variable in provider.key_variables]
    assert len(set(variables)) == len(variables)


def test_no_model_belongs_to_two_families():
    samples = [
        glob.replace("*", "x").replace("[0-9]", "3").replace("[sx]", "x") for row in PROVIDERS for glob in row.models
    ]
    for sample in samples:
        owners = [row.name for row in PROVIDERS if any(fnmatchcase(sample, glob) for glob in row.models)]
        assert len(owners) == 1, (sample, owners)


def test_the_hosts_that_the_readme_promises_are_there():
    assert set(BY_NAME) >= {
        *("openai", "anthropic", "gemini", "azure-openai", "openrouter", "groq", "mistral", "deepseek", "xai"),
        *(
            "together",
            "fireworks",
            "cerebras",
            "moonshot",
            "zai",
            "dashscope",
            "qwen",
            "ollama",
            "lmstudio",
            "llama.cpp",
            "vllm",
        ),
        ECHO,
    }


def test_echo_is_always_there_and_needs_nothing():
    snapshot = load(None, {})
    assert [name for name, row in snapshot.providers.items() if row.oauth is None] == [ECHO]
    assert set(snapshot.providers[ECHO].formats) == set(get_args(FormatName))
