"""Renewed tokens of a login whose own place can't take them."""

import os
from pathlib import Path

import orjson
import pytest

from fastproxy.accounts.cipher import Cipher
from fastproxy.accounts.linked import Linked
from fastproxy.accounts.login import AccountError, Login
from fastproxy.secret import Secret
from support.credentials import claude_body, codex_body, directory_of_somebody
from support.fake_security import FakeSecurity
from support.linking import CIPHER, link, names, refresh_of, renewed, settle


@pytest.fixture
def unwritable(file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that can't be replaced, whoever runs the tests: a directory stands where its successor would be made."""
    file.with_name(".auth.json.new").mkdir()
    return file


def test_what_can_t_be_written_back_lives_in_the_sidecar(unwritable: Path, state: Path) -> None:
    before = unwritable.read_bytes()
    watched = link(unwritable, state)
    for number in (2, 3, 4):
        watched.write_back(watched.login(), renewed(number))
        assert watched.changed()
        assert refresh_of(watched.login()) == f"rt-{number}"
        assert refresh_of(link(unwritable, state).login()) == f"rt-{number}"
    assert unwritable.read_bytes() == before


def test_a_file_that_can_t_be_edited_costs_no_token(file: Path, state: Path) -> None:
    twice = file.read_bytes().replace(b'"refresh_token"', b'"refresh_token": "rt-0", "refresh_token"')
    file.write_bytes(twice)
    watched = link(file, state)
    watched.write_back(watched.login(), renewed(2))
    assert refresh_of(link(file, state).login()) == "rt-2"
    assert file.read_bytes() == twice


def test_another_process_sees_the_sidecar_change(unwritable: Path, state: Path) -> None:
    watched, other = link(unwritable, state), link(unwritable, state)
    watched.login()
    settle(unwritable)
    watched.login()
    assert not watched.changed()
    other.write_back(other.login(), renewed(2))
    assert watched.changed()
    assert refresh_of(watched.login()) == "rt-2"


def test_the_tools_own_rotation_beats_the_sidecar(unwritable: Path, state: Path) -> None:
    watched = link(unwritable, state)
    watched.write_back(watched.login(), renewed(2))
    unwritable.write_bytes(codex_body("at-tool", "rt-tool"))
    assert refresh_of(watched.login()) == "rt-tool"
    watched.write_back(watched.login(), renewed(3))
    assert refresh_of(watched.login()) == "rt-3"


def test_a_file_that_can_be_written_again_takes_what_the_sidecar_had(unwritable: Path, state: Path) -> None:
    watched = link(unwritable, state)
    watched.write_back(watched.login(), renewed(2))
    unwritable.with_name(".auth.json.new").rmdir()
    watched.write_back(watched.login(), renewed(3))
    assert orjson.loads(unwritable.read_bytes())["tokens"]["refresh_token"] == "rt-3"
    assert not list(state.rglob("*.sealed"))


@pytest.mark.parametrize(("tools_end_ms", "access"), [(4102444800000, "at-tool"), (1000000000000, "at-ours")])
def test_where_the_refresh_token_never_changes_the_token_that_ends_last_counts(
    tmp_path: Path, state: Path, tools_end_ms: int, access: str
) -> None:
    file = tmp_path / "oauth_creds.json"
    body = '{"access_token":"%s","refresh_token":"rt","expiry_date":%d}'
    file.write_text(body % ("at-1", 1700000000000))
    (tmp_path / ".oauth_creds.json.new").mkdir()
    watched = link(file, state, "gemini-cli")
    watched.write_back(watched.login(), Login(Secret("at-ours"), None, 1900000000.0))
    assert watched.login().access == Secret("at-ours")
    file.write_text(body % ("at-tool", tools_end_ms))
    assert watched.login().access == Secret(access)


def test_a_copilot_token_lives_beside_the_file_that_has_no_place_for_it(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "apps.json"
    body = b'{"github.com:Iv1.a":{"oauth_token":"ghu_1"},"github.com:Iv1.b":{"oauth_token":"ghu_2"}}'
    file.write_bytes(body)
    first, second = (Linked(f"copilot:{file}#github.com:Iv1.{app}", state, lambda: CIPHER) for app in "ab")
    assert (first.login().access, refresh_of(first.login())) == (Secret(""), "ghu_1")
    first.write_back(first.login(), Login(Secret("copilot-1"), None, 4102444800.0, None, {"endpoints": {}}))
    assert (first.login().access, refresh_of(first.login())) == (Secret("copilot-1"), "ghu_1")
    assert (second.login().access, refresh_of(second.login())) == (Secret(""), "ghu_2")
    assert file.read_bytes() == body


def test_a_damaged_sidecar_stops_the_use_of_a_token_that_is_spent(unwritable: Path, state: Path) -> None:
    watched = link(unwritable, state)
    watched.write_back(watched.login(), renewed(2))
    watched.login()
    (sealed,) = state.rglob("*.sealed")
    sealed.write_bytes(b"damage")
    assert refresh_of(watched.login()) == "rt-2"
    with pytest.raises(AccountError, match="damaged"):
        link(unwritable, state).login()
    assert refresh_of(watched.write_back(watched.login(), renewed(3))) == "rt-3"
    assert refresh_of(link(unwritable, state).login()) == "rt-3"


def test_a_tool_that_has_logged_in_since_is_heard_although_the_sidecar_is_damaged(
    unwritable: Path, state: Path
) -> None:
    link(unwritable, state).write_back(link(unwritable, state).login(), renewed(2))
    [sidecar] = (state / "linked").glob("*.sealed")
    sidecar.write_bytes(b"damaged")
    unwritable.write_bytes(codex_body("at-tool", "rt-tool"))
    later_ns = sidecar.stat().st_mtime_ns + 1_000_000_000
    os.utime(unwritable, ns=(later_ns, later_ns))
    assert refresh_of(link(unwritable, state).login()) == "rt-tool"


def test_a_read_only_home_is_locked_and_kept_in_the_state_directory() -> None:
    with directory_of_somebody() as directory:
        home, state = directory / "home", directory / "state"
        home.mkdir()
        state.mkdir(mode=0o700)
        file = home / "auth.json"
        file.write_bytes(codex_body("at-1"))
        home.chmod(0o500)
        watched = link(file, state)
        with watched.locked(1.0):
            assert refresh_of(watched.write_back(watched.login(), renewed(2))) == "rt-2"
            with pytest.raises(AccountError, match="another process"), link(file, state).locked(0.1):
                pass
        assert names(home) == ["auth.json"]
        assert all(path.stat().st_mode & 0o077 == 0 for path in state.rglob("*"))
        assert refresh_of(link(file, state).login()) == "rt-2"


def test_tokens_that_can_be_kept_nowhere_are_an_error() -> None:
    with directory_of_somebody() as directory:
        file = directory / "auth.json"
        file.write_bytes(codex_body("at-1"))
        directory.chmod(0o500)
        watched = link(file, directory)
        with pytest.raises(AccountError, match="can't be locked"), watched.locked(0.1):
            pass
        with pytest.raises(AccountError, match="can't be written"):
            watched.write_back(watched.login(), renewed(2))


def test_a_keychain_item_is_linked_like_a_file(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSecurity(tmp_path)
    fake.has(claude_body().strip(), "Claude Code-credentials", "me")
    for name, value in {"PATH": f"{fake.path}:{os.environ['PATH']}", "USER": "me", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    for name in ("CLAUDE_CONFIG_DIR", "CLAUDE_CODE_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".claude").mkdir()
    watched = Linked("keychain:Claude Code-credentials", state, lambda: CIPHER)
    used = watched.login()
    with watched.locked(1.0):
        assert (tmp_path / ".claude" / ".oauth_refresh.lock").is_dir()
        watched.write_back(used, Login(Secret("at-2"), Secret("rt-2"), 4102448400.0))
        monkeypatch.setattr("fastproxy.accounts.sources.keychain.LINE_BYTES", 100)
        watched.write_back(watched.login(), renewed(3))
    assert fake.item == claude_body("at-2", "rt-2", 4102448400000).strip()
    assert refresh_of(watched.login()) == "rt-3"
    assert not [secret for secret in ("rt-", b"rt-2".hex()) if secret in fake.arguments]


def test_it_is_known_before_a_token_is_spent_whether_the_next_can_be_kept() -> None:
    with directory_of_somebody() as directory:
        home, state = directory / "home", directory / "state"
        home.mkdir()
        state.mkdir(mode=0o700)
        file = home / "auth.json"
        file.write_bytes(codex_body("at-1"))

        def no_key() -> Cipher:
            raise AccountError("the key is gone")

        link(file, state).prepare()
        assert [path.name for path in state.rglob("*")] == ["linked"]
        Linked(f"codex:{file}", state, no_key).prepare()
        home.chmod(0o500)
        link(file, state).prepare()
        with pytest.raises(AccountError, match="the key is gone"):
            Linked(f"codex:{file}", state, no_key).prepare()
        (state / "linked").chmod(0o500)
        with pytest.raises(AccountError, match="can't be written"):
            link(file, state).prepare()
        home.chmod(0o700)
        link(file, state).prepare()
        file.unlink()
        with pytest.raises(AccountError, match="can't be written"):
            link(file, state).prepare()
