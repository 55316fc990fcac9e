"""The shown configuration is TOML, tells what is in force, and holds no secret."""

import tomllib

from fastproxy.config import load, show
from fastproxy.snapshot import Accounts, Limits

TEXT = """
[access]
tokens = ["client-secret-1", "client-secret-2"]
admin_token = "admin-secret"
[upstream]
proxy = "http://user:proxy-secret@proxy.example:3128"
[providers."my.lab"]
formats = ["openai-chat", "anthropic"]
base_url = "http://127.0.0.1:8000/v1"
api_key = ["key-secret-1", "key-secret-2"]
accounts = [{ api_key = "key-secret-3", label = "work", weight = 3, position = 2 }]
strategy = "weighted"
headers = { x-team = "header-secret" }
[providers."my.lab".oauth]
client_id = "public"
client_secret = "oauth-secret"
token_url = "https://login.example/token"
device_url = "https://login.example/device"
parameters = { prompt = "consent" }
headers = { x-login = "login-secret" }
[accounts]
pins = 5
[aliases]
"quick one" = "my.lab/x"
fast = "my.lab/y"
[[payload.filter]]
models = ["*"]
remove = ["metadata"]
[[payload.default]]
models = ["gpt-*", "o3"]
set = { "reasoning.effort" = "low", stop = [1, "x", { y = true }] }
"""


def shown(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(TEXT)
    return show(load(file, {"OPENAI_API_KEY": "env-secret"}))


def test_no_secret_is_shown(tmp_path):
    assert "secret" not in shown(tmp_path).replace("client_secret ", "")


def test_it_is_toml_that_says_what_is_in_force(tmp_path):
    text = shown(tmp_path)
    values = tomllib.loads(text)
    assert values["limits"] == {name: getattr(Limits(), name) for name in Limits.__struct_fields__}
    assert values["server"]["listen"] == ["127.0.0.1:8484"]
    assert values["access"] == {"require_token": True, "tokens": ["hidden", "hidden"], "admin_token": "hidden"}
    assert values["upstream"]["proxy"] == "http://hidden@proxy.example:3128"
    assert list(values["providers"])[:2] == ["my.lab", "openai"]
    assert values["providers"]["my.lab"] == {
        "formats": ["openai-chat", "anthropic"],
        "base_url": "http://127.0.0.1:8000/v1",
        "auth": "bearer",
        "discover": True,
        "headers": {"x-team": "hidden"},
        "strategy": "weighted",
        "oauth": {
            "client_id": "public",
            "client_secret": "hidden",
            "token_url": "https://login.example/token",
            "exchange": "form",
            "device_url": "https://login.example/device",
            "redirect_path": "/callback",
            "redirect_host": "localhost",
            "parameters": {"prompt": "consent"},
            "headers": {"x-login": "hidden"},
        },
    }
    assert values["accounts"] == {name: getattr(Accounts(pins=5), name) for name in Accounts.__struct_fields__}
    assert values["payload"] == tomllib.loads(TEXT)["payload"]
    assert values["aliases"] == {"quick one": "my.lab/x", "fast": "my.lab/y"}


def test_comments_tell_addresses_accounts_and_why_others_are_not_used(tmp_path):
    lines = shown(tmp_path).splitlines()
    assert "# anthropic at http://127.0.0.1:8000" in lines
    assert "# account openai:OPENAI_API_KEY" in lines
    assert "# account my.lab:work (weight 3, position 2)" in lines
    assert any(line.startswith("# groq is not used: it has no key: set GROQ_API_KEY") for line in lines)


def test_a_configuration_without_tables_of_its_own_can_be_loaded_again(tmp_path):
    file = tmp_path / "config.toml"
    first = load(None, {})
    file.write_text(show(first).replace("[providers.fastproxy]", "[providers.ollama]").split("# The built-in")[0])
    assert load(file, {}) == first
