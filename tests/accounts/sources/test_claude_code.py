"""Claude Code's file: nested as it is now, flat as it was."""

from pathlib import Path

import msgspec
import pytest

from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sources.claude_code import SOURCE, directory
from fastproxy.secret import Secret
from support.credentials import claude_body

HOME = Path("/home/u")


def test_the_nested_login_is_read_and_nothing_of_other_servers() -> None:
    (found,) = SOURCE.read(claude_body())
    assert (found.label, found.kind, found.which) == ("claude-code", "login", "")
    assert (found.login.access, found.login.refresh) == (Secret("at-1"), Secret("rt-1"))
    assert found.login.expires_at == 4102444800.0
    assert "mcp-secret" not in repr(found.login.kept)
    assert SOURCE.facts(found.login) == {"plan": "max"}


@pytest.mark.parametrize("name", ["accessToken", "access_token", "oauthToken", "oauth_token"])
def test_the_flat_login_is_read_and_written_under_its_own_name(name: str) -> None:
    body = b'{"%b":"at-1","refresh_token":"rt-1","expires_at":1700000000}' % name.encode()
    (found,) = SOURCE.read(body)
    assert (found.login.access, found.login.refresh) == (Secret("at-1"), Secret("rt-1"))
    assert SOURCE.write is not None
    written = SOURCE.write(body, Login(Secret("at-2"), Secret("rt-2"), 1800000000.0), "")
    assert written == body.replace(b"at-1", b"at-2").replace(b"rt-1", b"rt-2").replace(b"1700000000", b"1800000000")


def test_a_write_keeps_every_other_byte() -> None:
    assert SOURCE.write is not None
    new = Login(Secret("at-2"), Secret("rt-2"), 4102448400.0)
    assert SOURCE.write(claude_body(), new, "") == claude_body("at-2", "rt-2", 4102448400000)


def test_a_file_of_the_tool_without_a_login_has_none() -> None:
    assert SOURCE.read(b'{"mcpOAuth":{"x":{"accessToken":"mcp"}}}') == ()


def test_a_damaged_login_is_an_error() -> None:
    with pytest.raises(AccountError, match="accessToken is not a string"):
        SOURCE.read(b'{"claudeAiOauth":{"accessToken":5}}')


def test_either_variable_moves_the_directory() -> None:
    assert directory({}, HOME) == HOME / ".claude"
    assert directory({"CLAUDE_CODE_HOME": "/b"}, HOME) == Path("/b")
    assert directory({"CLAUDE_CODE_HOME": "/b", "CLAUDE_CONFIG_DIR": "/a"}, HOME) == Path("/a")


def test_the_file_that_the_tool_writes_now_comes_first() -> None:
    assert SOURCE.places({}, HOME)[0].name == "/home/u/.claude/.credentials.json"


def test_the_tools_own_locks_are_known(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    locks = SOURCE.tool_locks(tmp_path / "link")
    assert locks == (tmp_path / "link" / ".oauth_refresh.lock", tmp_path / "real.lock")


def test_no_plan_no_fact() -> None:
    assert SOURCE.facts(Login(Secret("t"), kept={"subscriptionType": msgspec.UNSET})) == {}
