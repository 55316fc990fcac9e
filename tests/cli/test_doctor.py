"""`fastproxy doctor`: each thing that can be wrong is said, with what to do about it."""

import socket

import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.secret import Secret


@pytest.fixture
def doctor(run, tmp_path):
    """Runs doctor over a configuration; the findings by what they are about, and the whole end."""

    def look(text: str = "", *arguments: str):
        path = tmp_path / "config.toml"
        path.write_text(text)
        ended = run("doctor", "--config", path, "--json", *arguments)
        return {finding["about"]: finding for finding in ended.json()}, ended.code

    return look


def lab(origin: str, key: str, name: str = "lab") -> str:
    return f'[providers.{name}]\nformat = "openai-chat"\nbase_url = "{origin}"\napi_key = "{key}"\n'


def test_a_fresh_machine_has_no_failure_and_is_told_what_to_set(doctor) -> None:
    findings, code = doctor()
    assert code == 0
    assert findings["openai"]["verdict"] == "off"
    assert "OPENAI_API_KEY" in findings["openai"]["says"]
    assert findings["admin token"]["verdict"] == "off"
    assert "fastproxy token issue" in findings["client tokens"]["says"]


def test_a_key_in_the_environment_makes_its_provider_usable(doctor, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    findings, _ = doctor()
    assert findings["openai:OPENAI_API_KEY"]["verdict"] == "ok"


def test_a_configured_provider_without_its_key_is_a_failure(doctor) -> None:
    findings, code = doctor('[providers.openai]\napi_key = "env:NO_SUCH_KEY"\n')
    assert findings["openai"]["verdict"] == "failed"
    assert "NO_SUCH_KEY" in findings["openai"]["says"]
    assert code == 1


def test_no_provider_is_asked_without_probe(doctor, host) -> None:
    doctor(lab(f"{host.origin}/v1", "right"))
    assert host.paths == []


def test_a_probe_says_which_provider_works_and_why_another_does_not(doctor, host) -> None:
    rows = [lab(f"{host.origin}/v1", "right"), lab(f"{host.origin}/v1", "wrong", "refusing")]
    findings, code = doctor("".join(rows), "--probe")
    assert findings["lab:1"]["verdict"] == "ok"
    assert findings["refusing:1"]["verdict"] == "failed"
    assert "refuses the key (401)" in findings["refusing:1"]["says"]
    assert code == 1


def test_a_probe_never_shows_the_key(run, tmp_path, host) -> None:
    path = tmp_path / "config.toml"
    path.write_text(lab(f"{host.origin}/v1", "sk-very-secret"))
    ended = run("doctor", "--config", path, "--probe")
    assert "sk-very-secret" not in ended.out + ended.err
    assert "failed" in ended.out


def test_tokens_are_counted_and_an_open_relay_is_warned_about(doctor, run) -> None:
    run("token", "issue", "laptop")
    run("token", "issue", "phone")
    run("token", "revoke", "phone")
    assert doctor()[0]["client tokens"]["says"] == "1 in use"
    assert doctor("[access]\nrequire_token = false\n")[0]["client tokens"]["verdict"] == "warning"


def test_a_port_of_another_program_is_told_from_one_that_is_free(doctor, host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = f"127.0.0.1:{probe.getsockname()[1]}"
    taken = host.origin.removeprefix("http://")
    findings, code = doctor(f'[server]\nlisten = ["{free}", "{taken}", "unix:/tmp/x.sock"]\n')
    assert findings[f"relay at {free}"]["verdict"] == "off"
    assert findings[f"relay at {taken}"]["verdict"] == "failed"
    assert findings["relay at unix:/tmp/x.sock"]["verdict"] == "off"
    assert code == 1


def test_for_people_it_is_a_table_and_a_hint(run) -> None:
    ended = run("doctor")
    assert "openai" in ended.out
    assert "--probe" in ended.err


def test_stored_accounts_are_told_with_where_they_are_kept_and_disabled_ones_fail(doctor, home) -> None:
    directory = home / ".local/state/fastproxy"
    directory.mkdir(mode=0o700, parents=True)
    store = AccountStore(directory)
    for label in ("good", "bad"):
        store.add(StoredAccount(f"codex:{label}", "codex", label, "login"), Login(Secret(f"at-{label}"), Secret("rt")))
    store.add(StoredAccount("groq:key", "groq", "key", "key"), Login(Secret("gsk-secret")))
    assert doctor()[1] == 0
    store.disable("codex:bad", "its vendor has ended the login", 1)
    store.close()
    findings, code = doctor()
    assert findings["codex:good"]["says"] == "kept in store; speaks openai-responses"
    assert findings["groq:key"]["verdict"] == "ok"
    assert (findings["codex:bad"]["verdict"], code) == ("failed", 1)
    assert "its vendor has ended the login" in findings["codex:bad"]["says"]
    assert "secret" not in f"{findings}"


def test_a_provider_of_logins_has_nobody_and_that_fails_only_where_it_was_configured(doctor) -> None:
    findings, code = doctor()
    assert (findings["codex"]["verdict"], code) == ("off", 0)
    assert "fastproxy account import" in findings["codex"]["says"]
    findings, code = doctor('[providers.codex]\nstrategy = "priority"\n')
    assert (findings["codex"]["verdict"], code) == ("failed", 1)
