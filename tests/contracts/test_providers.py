"""What every provider record promises. A new row in PROVIDERS is tested here without another line."""

import re
from fnmatch import fnmatchcase
from typing import get_args
from urllib.parse import urlsplit

import orjson
import pytest

from fastproxy.config import load
from fastproxy.config.addresses import base_url_problem
from fastproxy.config.rows import ECHO
from fastproxy.formats import BY_NAME as BY_FORMAT
from fastproxy.formats.base import FormatName
from fastproxy.providers import BY_NAME, PROVIDERS
from fastproxy.providers.base import Auth, Provider
from fastproxy.providers.draft import Draft
from fastproxy.providers.shape import CREDENTIALS, path_of
from support.drafts import draft

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


# Backends behind logins.

LOGINS = [provider for provider in PROVIDERS if provider.oauth is not None]
IMITATED = re.compile(
    rb"codex_cli|vscode|claude-cli|claude code|geminicli|gemini-cli/|qwencode|opencode|jetbrains", re.IGNORECASE
)
BODIES = {
    "openai-chat": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "openai-responses": {"model": "m", "input": "hi"},
    "anthropic": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
}
PLACES = [(provider, name) for provider in LOGINS for name in provider.formats]


def the_draft(format_: FormatName, body: dict[str, object], **fields: object) -> Draft:
    return draft(body, format=format_, path=path_of(BY_FORMAT[format_], "generate", "m", {"verb": "v"}), **fields)


@pytest.mark.parametrize("provider", LOGINS, ids=named)
def test_a_login_of_it_can_be_made_and_is_for_one_client(provider: Provider):
    assert provider.own_client
    assert provider.oauth.client_id
    for url in (provider.oauth.token_url, provider.oauth.authorize_url, provider.oauth.device_url):
        assert urlsplit(url).scheme in ("https", "")


@pytest.mark.parametrize(("provider", "format_"), PLACES, ids=[f"{row.name}-{name}" for row, name in PLACES])
@pytest.mark.parametrize("stream", [False, True])
def test_shaping_is_pure_keeps_the_question_and_imitates_nobody(
    provider: Provider, format_: FormatName, *, stream: bool
):
    if provider.shape is None:
        pytest.skip("its record says it all")
    facts = {"account_id": "acct", "project": "proj", "base_url": "https://evil.test", "plan": "pro"}
    one = the_draft(format_, BODIES[format_], stream=stream)
    shaped = provider.shape(one, facts)
    assert shaped == provider.shape(one, facts)
    assert b'"hi"' in shaped.body
    assert orjson.loads(shaped.body)
    everything = shaped.body + shaped.path.encode() + b"".join(b"".join(header) for header in shaped.headers)
    assert IMITATED.search(everything) is None
    assert b"evil.test" not in everything
    assert all(name == name.lower() and name not in CREDENTIALS for name, _ in shaped.headers)


@pytest.mark.parametrize(("provider", "format_"), PLACES, ids=[f"{row.name}-{name}" for row, name in PLACES])
def test_what_the_client_says_of_itself_is_not_said_again(provider: Provider, format_: FormatName):
    if provider.shape is None:
        pytest.skip("its record says it all")
    bare = provider.shape(the_draft(format_, BODIES[format_]), {}).headers
    sent = frozenset(name for name, _ in bare if name not in (b"accept", b"content-type"))
    assert {name for name, _ in provider.shape(the_draft(format_, BODIES[format_], sent=sent), {}).headers} <= {
        b"accept"
    }


@pytest.mark.parametrize("provider", LOGINS, ids=named)
def test_what_streams_always_can_be_gathered_and_formats_by_model_are_its_own(provider: Provider):
    if provider.always_streams:
        assert all(BY_FORMAT[name].gatherer is not None for name in provider.formats)
    for _, formats in provider.speaks:
        assert formats
        assert set(formats) <= set(provider.formats)
    if provider.speaks:
        assert provider.speaks[-1][0] == "*"
    for host in provider.hosts:
        assert re.fullmatch(r"(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+", host)


def test_shared_models_are_asked_for_by_name_and_never_from_a_model_list():
    for provider in LOGINS:
        assert not (provider.shared_models and provider.discover)
        assert not set(provider.shared_models) & set(provider.models)
