"""Which providers a configuration and an environment give, in which order, with which accounts."""

import pytest

from fastproxy.config.document import Document
from fastproxy.config.problems import ConfigError
from fastproxy.config.providers import know_providers
from fastproxy.config.secrets import References

BACKENDS = ["codex", "gemini-cli", "copilot", "qwen"]  # usable without a key: their logins come and go
LAB = '[providers.lab]\nformat = "openai-chat"\nbase_url = "http://h/v1"\n'


def known(text="", environ=(), alive=(), directory=None):
    document = Document("f", text)
    environ = dict(environ)
    found = know_providers(document, References(directory, environ), environ, frozenset(alive))
    document.require_sound()
    return found


def problem_of(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        known(text)
    return str(caught.value)


def keys(found, name):
    return [(account.id, account.secret.reveal()) for account in found.accounts[name]]


def test_configured_ones_come_first_then_those_with_a_key_then_daemons_then_echo():
    environ = {"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o", "GROQ_API_KEY": "g"}
    found = known(f"[providers.groq]\n{LAB}", environ, alive=("ollama",))
    assert list(found.providers) == ["groq", "lab", "openai", "anthropic", *BACKENDS, "ollama", "fastproxy"]
    assert not set(found.providers) & set(found.unusable)


@pytest.mark.parametrize("name", ["anthropic", *BACKENDS])
def test_what_logins_open_is_usable_without_a_key_and_has_no_account(name: str):
    found = known()
    assert found.accounts[name] == ()
    assert name not in found.unusable


def test_the_first_variable_that_is_set_gives_the_account():
    assert keys(known(environ={"GOOGLE_API_KEY": "b"}), "gemini") == [("gemini:GOOGLE_API_KEY", "b")]
    both = {"GOOGLE_API_KEY": "b", "GEMINI_API_KEY": "a"}
    assert keys(known(environ=both), "gemini") == [("gemini:GEMINI_API_KEY", "a")]


def test_a_project_for_all_logins_is_configured_or_in_the_environment():
    environ = {"GOOGLE_CLOUD_PROJECT": "p-1"}
    assert known(environ=environ).providers["gemini-cli"].facts == {"project": "p-1"}
    configured = known('[providers.gemini-cli]\nproject = "p-2"', environ).providers
    assert configured["gemini-cli"].facts == {"project": "p-2"}
    assert {name for name, provider in configured.items() if provider.facts} == {"gemini-cli"}
    assert "openai has no use for a project" in problem_of('[providers.openai]\nproject = "p-2"')


def test_several_keys_are_several_accounts_in_order_and_equal_ones_are_one(tmp_path):
    (tmp_path / "key").write_text("k3\n")
    text = '[providers.openai]\napi_key = ["k1", "env:SECOND", "file:key", "k1"]'
    found = known(text, {"SECOND": "k2", "OPENAI_API_KEY": "unused"}, directory=tmp_path)
    assert keys(found, "openai") == [("openai:1", "k1"), ("openai:SECOND", "k2"), ("openai:3", "k3")]


def test_one_key_is_one_account():
    assert keys(known(f'{LAB}api_key = "k"'), "lab") == [("lab:1", "k")]


def test_accounts_have_labels_weights_and_places():
    text = """
[providers.openai]
strategy = "priority"
[[providers.openai.accounts]]
api_key = "env:WORK"
label = "work"
position = 1
[[providers.openai.accounts]]
api_key = "k2"
weight = 3
"""
    found = known(text, {"WORK": "k1", "OPENAI_API_KEY": "unused"})
    assert found.providers["openai"].strategy == "priority"
    assert keys(found, "openai") == [("openai:2", "k2"), ("openai:work", "k1")]
    assert [(account.label, account.weight) for account in found.accounts["openai"]] == [("2", 3), ("work", 1)]


def test_a_host_with_logins_needs_no_key():
    text = f"""{LAB}[providers.lab.oauth]
client_id = "c"
client_secret = "env:SECRET"
token_url = "https://login.example/token"
device_url = "https://login.example/device"
"""
    found = known(text, {"SECRET": "hush"})
    assert found.accounts["lab"] == ()
    assert found.providers["lab"].auth == "bearer"
    assert found.providers["lab"].oauth.client_secret.reveal() == "hush"
    assert "hush" not in repr(found)
    assert known(text).unusable["lab"] == "SECRET is not set"


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        ("", "openai", "it has no key: set OPENAI_API_KEY or [providers.openai] api_key"),
        ("[providers.openai]", "openai", "it has no key: set OPENAI_API_KEY or [providers.openai] api_key"),
        ('[providers.openai]\napi_key = "env:NONE"', "openai", "NONE is not set"),
        ('[providers.openai]\napi_key = ["k", "env:NONE"]', "openai", "NONE is not set"),
        (f'{LAB}api_key = "env:NONE"', "lab", "NONE is not set"),
        (f'{LAB}api_key = "file:none"', "lab", "there is no file none"),
        (f'{LAB}headers = {{ x-team = "env:NONE" }}', "lab", "NONE is not set"),
        ("", "azure-openai", "it needs [providers.azure-openai] base_url"),
        ('[providers.azure-openai]\napi_key = "k"', "azure-openai", "it needs [providers.azure-openai] base_url"),
        ("", "ollama", "nothing answers at http://127.0.0.1:11434/v1"),
    ],
)
def test_what_lacks_something_is_unusable_and_says_what(tmp_path, text, name, sentence):
    found = known(text, directory=tmp_path)
    assert found.unusable[name] == sentence
    assert name not in found.providers
    assert name not in found.accounts


def test_a_key_with_a_line_break_is_not_used():
    found = known(environ={"OPENAI_API_KEY": "k\r\nx-evil: 1"})
    assert found.unusable["openai"] == "OPENAI_API_KEY has characters that can't stand in a header"


def test_a_configured_daemon_is_used_whether_or_not_it_answers():
    found = known('[providers.ollama]\nbase_url = "http://gpu:11434/v1"')
    assert found.providers["ollama"].formats["anthropic"] == "http://gpu:11434"
    assert found.accounts["ollama"] == ()


def test_what_needs_no_key_has_no_account():
    found = known(f"{LAB}[providers.anthropic]\nauth = 'client'", {"ANTHROPIC_API_KEY": "not this one"})
    assert found.accounts["lab"] == found.accounts["anthropic"] == found.accounts["fastproxy"] == ()
    assert found.providers["anthropic"].auth == "client"


def test_azure_is_usable_once_it_has_an_address():
    found = known(
        '[providers.azure-openai]\nbase_url = "https://r.openai.azure.com/openai/v1/"', {"AZURE_OPENAI_API_KEY": "k"}
    )
    assert set(found.providers["azure-openai"].formats.values()) == {"https://r.openai.azure.com/openai/v1"}
    assert keys(found, "azure-openai") == [("azure-openai:AZURE_OPENAI_API_KEY", "k")]


def test_header_values_may_be_references():
    found = known(f'{LAB}headers = {{ X-Team = "env:TEAM" }}', {"TEAM": "blue"})
    assert found.providers["lab"].headers == (("x-team", "blue"),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'{LAB}backend = "opnai"', "f:4:1: there is no provider 'opnai'; did you mean openai?"),
        (f'{LAB}fallback = ["groq", "opnai"]', "f:4:1: there is no provider 'opnai'; did you mean openai?"),
        (f'{LAB}backend = "lab"', "f:4:1: backend of lab leads back to lab"),
        (f'{LAB}fallback = ["lab"]', "f:4:1: fallback of lab names lab itself"),
        (
            f'{LAB}[[providers.lab.accounts]]\napi_key = "k"\n[[providers.lab.accounts]]\nlabel = "a"',
            "f:6:3: an account needs an api_key",
        ),
        (
            f'{LAB}[providers.lab.oauth]\nclient_id = "c"\ntoken_url = "http://h/t"\ndevice_url = "https://h/d"',
            "f:6:1: token_url must begin with https://, since tokens go there",
        ),
        (
            f'{LAB}[providers.lab.oauth]\nclient_id = "c"',
            "f:4:16: oauth needs token_url and authorize_url or device_url",
        ),
        (f'{LAB}base_url2 = ""', "f:4:1: unknown key 'base_url2' in [providers.lab]; did you mean base_url?"),
        ('[providers.lab]\nformat = "geminy"', "f:2:1: format must be one of our names; did you mean gemini?"),
    ],
)
def test_a_mistake_in_a_row_is_told_once(text, problem):
    assert problem_of(text) == problem


def test_backends_in_a_circle_are_all_told():
    text = '[providers.openai]\nbackend = "groq"\n[providers.groq]\nbackend = "openai"'
    assert problem_of(text).splitlines() == [
        "f:2:1: backend of openai leads back to openai",
        "f:4:1: backend of groq leads back to groq",
    ]


def test_what_lacks_a_key_alone_waits_for_one_in_the_store():
    found = known('[providers.groq]\nbase_url = "http://h/v1"\n[providers.openai]\napi_key = "env:NONE"\n')
    assert found.keyless["groq"].formats["openai-chat"] == "http://h/v1"
    assert "mistral" in found.keyless
    assert not {"openai", "azure", "ollama", "anthropic"} & set(found.keyless)
    assert set(found.keyless) <= set(found.unusable)
