"""`fastproxy account import`: what is found where, what is used of it, and why the rest is not."""

import os
from pathlib import Path

import orjson
import pytest

from fastproxy.accounts.linked import Linked
from fastproxy.accounts.login import Login
from fastproxy.accounts.store import AccountStore
from fastproxy.secret import Secret
from support.credentials import claude_body, codex_body

SECRETS = ("at-1", "rt-1", "mcp-secret", "sk-key", "person@example.com")


@pytest.fixture
def tools(home: Path) -> Path:
    """A home in which Claude Code and Codex have logged in."""
    for variable in ("CLAUDE_CONFIG_DIR", "CLAUDE_CODE_HOME", "CODEX_HOME"):
        assert variable not in os.environ
    put(home / ".claude/.credentials.json", claude_body())
    put(home / ".codex/auth.json", codex_body())
    return home


def put(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    path.chmod(0o600)


def stored(home: Path) -> dict[str, tuple[str, str]]:
    store = AccountStore(home / ".local/state/fastproxy")
    try:
        return {account.id: (account.source, account.serves) for account in store.accounts()}
    finally:
        store.close()


def test_all_that_is_found_is_used_where_it_lies(run, tools) -> None:
    before = {path: path.read_bytes() for path in (tools / ".claude/.credentials.json", tools / ".codex/auth.json")}
    ended = run("account", "import", "--all", "--serves", "any")
    assert ended.code == 0
    assert stored(tools) == {
        "anthropic:claude-code": (f"claude-code:{tools}/.claude/.credentials.json", "any"),
        "codex:codex": (f"codex:{tools}/.codex/auth.json", "any"),
    }
    assert {path: path.read_bytes() for path in before} == before
    assert not [secret for secret in SECRETS if secret in ended.out + ended.err]


def test_sources_are_chosen_by_name(run, tools) -> None:
    ended = run("account", "import", "codex", "--serves", "own-client", "--json")
    assert ended.json()["imported"] == [
        {"id": "codex:codex", "source": f"codex:{tools}/.codex/auth.json", "serves": "own-client"}
    ]
    assert set(stored(tools)) == {"codex:codex"}
    assert run("account", "import", "codexx", "--serves", "any").code == 2
    nothing = run("account", "import", "qwen", "--serves", "any")
    assert (nothing.code, "skipped qwen: no login was found there" in nothing.err) == (1, True)


def test_without_a_choice_it_is_told_what_there_is_and_nothing_is_done(run, tools) -> None:
    ended = run("account", "import")
    assert ended.code == 0
    assert "claude-code" in ended.out
    assert "nothing was imported" in ended.err
    assert stored(tools) == {}


def test_a_home_without_tools_has_nothing(run, home) -> None:
    ended = run("account", "import")
    assert (ended.code, "no login was found" in ended.err) == (1, True)


def test_a_script_must_say_whom_a_login_serves(run, tools) -> None:
    ended = run("account", "import", "--all")
    assert ended.code == 2
    assert "--serves own-client or --serves any" in ended.err
    assert stored(tools) == {}


def test_what_is_there_already_is_skipped_and_one_that_was_disabled_is_enabled(run, tools) -> None:
    run("account", "import", "--all", "--serves", "any")
    again = run("account", "import", "--all", "--serves", "any", "--json").json()
    assert again["imported"] == []
    assert {one["reason"] for one in again["skipped"]} == {
        "it is there already, as anthropic:claude-code", "it is there already, as codex:codex",
    }  # fmt: skip
    store = AccountStore(tools / ".local/state/fastproxy")
    store.disable("codex:codex", "its vendor has ended the login", 1)
    assert [one["id"] for one in run("account", "import", "--all", "--json").json()["imported"]] == ["codex:codex"]
    assert all(not account.disabled for account in store.accounts())
    store.close()


def test_a_copy_is_kept_sealed_and_is_not_taken_twice(run, tools) -> None:
    assert run("account", "import", "codex", "--copy", "--serves", "any").code == 0
    assert stored(tools) == {"codex:codex": ("", "any")}
    store = AccountStore(tools / ".local/state/fastproxy")
    login = store.login("codex:codex")
    store.close()
    assert login.refresh is not None
    assert login.refresh.reveal() == "rt-1"
    assert b"rt-1" not in (tools / ".local/state/fastproxy/accounts.db").read_bytes()
    again = run("account", "import", "codex", "--serves", "any", "--json").json()
    assert [one["reason"] for one in again["skipped"]] == ["the same login is there already, as codex:codex"]


def test_a_copy_of_a_login_that_was_linked_takes_its_newest_tokens_and_leaves_nothing_of_the_link(run, tools) -> None:
    state, file = tools / ".local/state/fastproxy", tools / ".codex/auth.json"
    run("account", "import", "codex", "--serves", "own-client")
    store = AccountStore(state)
    linked = Linked(f"codex:{file}", state, store.cipher)
    file.with_name(".auth.json.new").mkdir()  # it can't be written
    linked.write_back(linked.login(), Login(Secret("at-2"), Secret("rt-2"), 4102444800.0))
    assert len(list(state.rglob("*.sealed"))) == 1
    ended = run("account", "import", "codex", "--copy", "--json")
    assert ended.json()["imported"] == [{"id": "codex:codex", "source": f"codex:{file}", "serves": "own-client"}]
    assert stored(tools) == {"codex:codex": ("", "own-client")}
    assert store.login("codex:codex").refresh == Secret("rt-2")
    assert list(state.rglob("*.sealed")) == []
    store.close()


def test_a_label_that_is_taken_gets_a_number(run, tools, monkeypatch) -> None:
    run("account", "import", "codex", "--serves", "any")
    put(tools / "elsewhere/auth.json", codex_body(refresh="rt-2"))
    monkeypatch.setenv("CODEX_HOME", str(tools / "elsewhere"))
    run("account", "import", "codex", "--serves", "any")
    assert set(stored(tools)) == {"codex:codex", "codex:codex-2"}


def test_a_file_that_can_not_be_used_is_named_with_its_reason_and_one_that_others_can_read_too(run, tools) -> None:
    (tools / ".claude/.credentials.json").write_bytes(b"{half")
    (tools / ".codex/auth.json").chmod(0o644)
    ended = run("account", "import", "--all", "--serves", "any")
    assert ended.code == 0
    assert f"skipped {tools}/.claude/.credentials.json: it is not valid JSON" in ended.err
    assert f"warning: {tools}/.codex/auth.json: others can read it" in ended.err
    assert set(stored(tools)) == {"codex:codex"}


def test_a_key_of_a_tool_is_taken_without_a_question(run, home) -> None:
    put(home / ".codex/auth.json", orjson.dumps({"OPENAI_API_KEY": "sk-key", "auth_mode": "apikey"}))
    ended = run("account", "import", "--all")
    assert ended.code == 0
    assert stored(home) == {"openai:codex": (f"codex-key:{home}/.codex/auth.json", "any")}
    assert "sk-key" not in ended.out + ended.err
