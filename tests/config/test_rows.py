"""One row of [providers.*]: what it contradicts, and the record that it makes."""

import msgspec
import pytest

from fastproxy.config.rows import credential_problems, provider_of, row_problems
from fastproxy.config.schema import AccountRow, OAuthRow, ProviderRow
from fastproxy.providers import BY_NAME

URL = "http://h/v1"


@pytest.mark.parametrize(
    ("name", "row", "key", "word"),
    [
        ("fastproxy", ProviderRow(), "", "built-in echo"),
        ("a/b", ProviderRow(format="openai-chat", base_url=URL), "", "letters, digits"),
        ("a b", ProviderRow(format="openai-chat", base_url=URL), "", "letters, digits"),
        ("lab", ProviderRow(), "", "needs format and base_url"),
        ("opnai", ProviderRow(format="openai-chat"), "", "needs base_url; did you mean openai?"),
        ("lab", ProviderRow(base_url=URL), "", "needs format"),
        ("lab", ProviderRow(format="openai-chat", formats=("gemini",), base_url=URL), "formats", "not both"),
        ("lab", ProviderRow(format="openai-chat", base_url="ftp://h"), "base_url", "must be a URL"),
        (
            "lab",
            ProviderRow(format="openai-chat", base_url=URL, auth="none", api_key="x"),
            "api_key",
            "takes no api_key",
        ),
        ("openai", ProviderRow(auth="client", api_key="x"), "api_key", "takes no api_key"),
        ("openai", ProviderRow(auth="none", oauth=OAuthRow(client_id="c")), "oauth", "takes no logins"),
        ("openai", ProviderRow(auth="none", accounts=(AccountRow("x"),)), "accounts", "takes no api_key"),
        ("lab", ProviderRow(format="openai-chat", base_url=URL, auth="bearer"), "auth", "needs an api_key"),
        ("openai", ProviderRow(format="gemini"), "format", "give base_url too"),
        ("openai", ProviderRow(formats=("openai-chat", "gemini")), "formats", "give base_url too"),
        ("openai", ProviderRow(headers={"Authorization": "x"}), "headers", "api_key"),
        ("openai", ProviderRow(headers={"Host": "x"}), "headers", "can't be set"),
        ("openai", ProviderRow(headers={"Transfer-Encoding": "x"}), "headers", "can't be set"),
        ("openai", ProviderRow(headers={"a b": "x"}), "headers", "can't be set"),
    ],
)
def test_a_row_that_contradicts_itself_is_told_where(name, row, key, word):
    ((found_key, sentence),) = row_problems(name, row)
    assert found_key == key
    assert word in sentence


def test_a_built_in_row_changes_only_what_it_names():
    assert list(row_problems("openai", ProviderRow())) == []
    assert provider_of("openai", ProviderRow()) == BY_NAME["openai"]
    row = ProviderRow(exclude=("gpt-3*",), include_usage=True, discover=False, fallback=("groq",), backend="groq")
    provider = provider_of("openai", row)
    assert (provider.exclude, provider.discover, provider.backend) == (("gpt-3*",), False, "groq")
    assert provider.quirks.include_usage
    groq = provider_of("groq", ProviderRow(include_usage=True)).quirks
    assert groq == msgspec.structs.replace(BY_NAME["groq"].quirks, include_usage=True)
    assert groq.refuses
    assert provider.fallback == ("groq",)
    assert (provider.formats, provider.models) == (BY_NAME["openai"].formats, BY_NAME["openai"].models)


def test_a_built_in_row_may_narrow_and_reorder_its_formats():
    provider = provider_of("deepseek", ProviderRow(formats=("anthropic", "openai-chat")))
    assert list(provider.formats) == ["anthropic", "openai-chat"]
    assert list(provider_of("openai", ProviderRow(format="openai-responses")).formats) == ["openai-responses"]


def test_a_built_in_row_with_formats_and_a_url_is_a_host_of_ones_own():
    provider = provider_of("anthropic", ProviderRow(formats=("openai-chat", "anthropic"), base_url=URL))
    assert provider.formats == {"openai-chat": "http://h/v1", "anthropic": "http://h"}


def test_headers_are_laid_over_the_built_in_ones_in_lower_case():
    provider = provider_of("anthropic", ProviderRow(headers={"Anthropic-Version": "2026-10-21", "X-Team": "a"}))
    assert provider.headers == (("anthropic-version", "2026-10-21"), ("x-team", "a"))


@pytest.mark.parametrize(
    ("format_", "auth"),
    [
        ("openai-chat", "bearer"),
        ("openai-responses", "bearer"),
        ("anthropic", "x-api-key"),
        ("gemini", "x-goog-api-key"),
    ],
)
def test_a_host_of_ones_own_carries_its_key_as_its_format_does(format_, auth):
    assert provider_of("lab", ProviderRow(format=format_, base_url=URL, api_key="x")).auth == auth
    assert provider_of("lab", ProviderRow(format=format_, base_url=URL)).auth == "none"
    assert provider_of("lab", ProviderRow(format=format_, base_url=URL, api_key="x", auth="api-key")).auth == "api-key"
    assert provider_of("lab", ProviderRow(format=format_, base_url=URL, auth="client")).auth == "client"


def test_a_local_daemon_with_a_key_sends_it():
    assert provider_of("ollama", ProviderRow(api_key="x")).auth == "bearer"
    assert provider_of("ollama", ProviderRow()).auth == "none"


def test_a_host_of_ones_own_with_accounts_or_logins_carries_credentials():
    row = ProviderRow(format="anthropic", base_url=URL)
    assert provider_of("lab", row).auth == "none"
    keyed = msgspec.structs.replace(row, accounts=(AccountRow("k"),))
    assert provider_of("lab", keyed).auth == "x-api-key"
    oauth = OAuthRow(client_id="c", token_url="https://h/t", device_url="https://h/d")
    login = msgspec.structs.replace(row, auth="bearer", oauth=oauth)
    assert list(row_problems("lab", login)) == list(credential_problems("lab", login)) == []
    assert provider_of("lab", login).oauth.token_url == "https://h/t"


def test_what_is_wrong_with_credentials_is_told_below_the_row():
    row = ProviderRow(accounts=(AccountRow("k", "a b"),), oauth=OAuthRow(redirect_path="x"))
    assert [path for path, _ in credential_problems("lab", row)] == [
        ("accounts", 0, "label"),
        ("oauth",),
        ("oauth", "redirect_path"),
    ]


def test_a_strategy_is_taken_from_the_row():
    assert provider_of("openai", ProviderRow()).strategy == "sticky"
    assert provider_of("openai", ProviderRow(strategy="least-used")).strategy == "least-used"
