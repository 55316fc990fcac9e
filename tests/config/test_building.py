"""A whole configuration: what wins over what, what stops the start, and that no secret is in the result as text."""

import hashlib
from pathlib import Path

import msgspec
import pytest

from fastproxy.config import ConfigError, load
from fastproxy.config.addresses import host_problem, listen_problem, origin_problem
from fastproxy.snapshot import Accounts, Limits, Snapshot

NO_TOKEN = "[access]\nrequire_token = false\n"
OPEN = listen_problem("0.0.0.0:80", require_token=False)


@pytest.fixture
def write(tmp_path):
    def write(text: str):
        file = tmp_path / "config.toml"
        file.write_text(text)
        return file

    return write


def problems_of(file, environ=(), **overrides) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(file, dict(environ), **overrides)
    return [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems]


LOGINS = ["anthropic", "codex", "gemini-cli", "copilot", "qwen"]  # wait for a login, which is not configured


def test_nothing_at_all_gives_the_defaults_and_echo():
    snapshot = load(None, {})
    assert list(snapshot.providers) == [*LOGINS, "fastproxy"]
    for field in ("server", "limits", "upstream", "access", "storage", "keeping"):
        assert getattr(snapshot, field) == getattr(Snapshot(), field)


def test_how_accounts_are_kept_is_a_section(write):
    text = '[accounts]\nkey = "cred:logins"\npin_seconds = 60\npins = 5\nrefresh_lead_seconds = 1.5\nattempts = 2'
    keeping = load(write(text), {}).keeping
    assert keeping == Accounts("cred:logins", 60.0, 5, 1.5, 2)


@pytest.mark.parametrize("key", ["", "cred:", "cred:a/b", "env:KEY", "/root/key"])
def test_a_key_that_is_kept_nowhere_stops_the_start(write, key):
    (problem,) = problems_of(write(f'[accounts]\nkey = "{key}"'))
    assert problem == f'2:1: key must be "file", "cred:NAME" or "keyring", not {key!r}'


def test_the_readme_s_own_example_loads(write):
    readme = Path(__file__).parents[2].joinpath("README.md").read_text()
    example = readme.partition("```toml\n")[2].partition("```")[0]
    snapshot = load(write(example), {"ANTHROPIC_WORK_KEY": "k"})
    assert {"lab", "corp", "anthropic"} <= set(snapshot.providers)


def test_the_example_of_the_readme_loads(write, tmp_path):
    (tmp_path / "lab").write_text("lab-key\n")
    file = write("""
[server]
listen = ["127.0.0.1:8484", "unix:/run/fastproxy/relay.sock"]
workers = 2
allowed_hosts = ["relay.example"]
[limits]
head_bytes = 32768
head_seconds = 5
[upstream]
idle_seconds = 120.0
proxy = "direct"
[access]
tokens = ["env:FASTPROXY_TOKEN"]
admin_token = "env:FASTPROXY_ADMIN_TOKEN"
[storage]
url = "sqlite"
[providers.openai]
api_key = "env:OPENAI_API_KEY"
[providers.lab]
format = "openai-chat"
base_url = "http://127.0.0.1:8000/v1"
api_key = "file:lab"
models = ["llama-*"]
fallback = ["openai"]
[aliases]
fast = "lab/llama-3.2-1b"
[[payload.default]]
models = ["gpt-*"]
set = { "reasoning.effort" = "low" }
[[payload.override]]
models = ["llama-*"]
set = { temperature = 0.2 }
[[payload.filter]]
models = ["llama-*"]
remove = ["metadata", "reasoning.effort"]
""")
    snapshot = load(file, {"OPENAI_API_KEY": "k", "FASTPROXY_TOKEN": "t", "FASTPROXY_ADMIN_TOKEN": "a"})
    assert snapshot.server.workers == 2
    assert snapshot.limits == msgspec.structs.replace(Limits(), head_bytes=32768, head_seconds=5.0)
    assert (snapshot.upstream.idle_seconds, snapshot.upstream.proxy) == (120.0, "direct")
    assert snapshot.access.tokens == {hashlib.sha256(b"t").digest()}
    assert snapshot.access.admin_token == hashlib.sha256(b"a").digest()
    assert list(snapshot.providers) == ["openai", "lab", *LOGINS, "fastproxy"]
    assert snapshot.accounts["lab"][0].secret.reveal() == "lab-key"
    assert snapshot.aliases == {"fast": "lab/llama-3.2-1b"}
    assert [rule.kind for rule in snapshot.payload] == ["default", "override", "filter"]


def test_a_snapshot_shows_no_secret_and_can_not_be_changed():
    snapshot = load(None, {"OPENAI_API_KEY": "sk-secret"})
    assert "sk-secret" not in repr(snapshot)
    for table in (snapshot.providers, snapshot.accounts, snapshot.aliases, snapshot.unusable):
        with pytest.raises(TypeError):
            table["x"] = None


def test_a_flag_wins_over_the_environment_and_that_over_the_file(write):
    file = write('[server]\nlisten = ["127.0.0.1:1"]\nworkers = 3')
    environ = {"FASTPROXY_LISTEN": "127.0.0.1:2, [::1]:2", "FASTPROXY_HOST": "127.0.0.1:4"}
    assert load(file, {}).server.listen == ("127.0.0.1:1",)
    assert load(file, environ).server.listen == ("127.0.0.1:2", "[::1]:2")
    overrides = {"server.listen": ("127.0.0.1:3",), "server.workers": None}
    server = load(file, environ, overrides=overrides).server
    assert (server.listen, server.workers) == (("127.0.0.1:3",), 3)


@pytest.mark.parametrize(
    ("host", "listen"),
    [
        ("127.0.0.1", "127.0.0.1:8484"),
        ("127.0.0.1:9", "127.0.0.1:9"),
        ("::1", "[::1]:8484"),
        ("[::1]", "[::1]:8484"),
        ("[::1]:9", "[::1]:9"),
        ("localhost", "localhost:8484"),
    ],
)
def test_the_host_variable_takes_a_host_with_or_without_a_port(host, listen):
    assert load(None, {"FASTPROXY_HOST": host}).server.listen == (listen,)


def test_problems_from_elsewhere_name_their_source(write):
    file = write("")
    assert problems_of(file, {"FASTPROXY_LISTEN": "nowhere"})[0].startswith("FASTPROXY_LISTEN: 'nowhere' is not an")
    found = problems_of(file, overrides={"server.workers": 0, "server.wrkers": 1})
    assert found == [
        "command line: workers must be above zero and finite, not 0",
        "command line: unknown key 'wrkers' in [server]; did you mean workers?",
    ]


def test_the_file_may_be_named_by_the_environment(write):
    file = write("[server]\nworkers = 5")
    assert load(None, {"FASTPROXY_CONFIG": str(file)}).server.workers == 5
    with pytest.raises(ConfigError, match="can't be read"):
        load(None, {"FASTPROXY_CONFIG": f"{file}.none"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[server]\nlisten = []", "2:1: listen must name at least one address"),
        ("[server]\nallowed_hosts = ['*']", f"2:18: {host_problem('*')}"),
        ("[server]\nallowed_origins = ['*']", f"2:20: {origin_problem('*')}"),
        (f"{NO_TOKEN}[server]\nlisten = ['127.0.0.1:1', '0.0.0.0:80']", f"4:26: {OPEN}"),
        ("[access]\ntokens = ['env:NONE']", "2:11: tokens: NONE is not set"),
        ("[access]\nadmin_token = 'env:NONE'", "2:1: admin_token: NONE is not set"),
        ("[storage]\nurl = 'postgresql://h/x'", '2:1: url can only be "sqlite" in this release'),
        ("[storage]\nshared = 'valkey://h'", "2:1: shared can't be used in this release; leave it out"),
        ("[upstream]\nproxy = 'socks5://h'", '2:1: proxy must be "env", "direct" or a URL such as http://host:3128'),
        ("[upstream]\nproxy = 'env:NONE'", "2:1: proxy: NONE is not set"),
        ("[aliases]\na = 1", "2:1: alias 'a' must be a model or provider/model, in quotes"),
        ("[aliases]\na = ''", "2:1: alias 'a' must be a model or provider/model, in quotes"),
        ("[aliases]\na = '../x'", "2:1: alias 'a' must be a model or provider/model, in quotes"),
        ("[aliases]\n'a?' = 'b'", "2:1: alias 'a?' has characters that no model id has"),
        ("[aliases]\na = 'a'", "2:1: alias 'a' leads in a circle or over 8 others"),
        ("x = ", "1:5: Invalid value at the end of the file"),
    ],
)
def test_a_mistake_stops_the_start_with_its_place(write, text, problem):
    assert problems_of(write(text)) == [problem]


def test_aliases_may_lead_over_eight_steps_and_no_further(write):
    eight = "\n".join(f"a{number} = 'a{number + 1}'" for number in range(8))
    assert load(write(f"[aliases]\n{eight}"), {}).aliases["a0"] == "a1"
    nine = f"{eight}\na8 = 'a9'"
    assert problems_of(write(f"[aliases]\n{nine}")) == ["2:1: alias 'a0' leads in a circle or over 8 others"]


def test_every_problem_is_told_at_once_in_order(write):
    file = write("[server]\nx = 1\n[limits]\nhead_bytes = ''\n[providers.lab]\n[aliases]\na = 1")
    assert [line.split(":")[0] for line in problems_of(file)] == ["2", "4", "5", "7"]


def test_a_proxy_with_a_password_may_come_from_a_reference():
    overrides = {"upstream.proxy": "env:PROXY_URL"}
    assert load(None, {"PROXY_URL": "http://u:p@h:1"}, overrides=overrides).upstream.proxy == "http://u:p@h:1"
