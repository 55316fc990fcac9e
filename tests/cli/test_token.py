"""`fastproxy token`, as people and scripts use it."""

import pytest

from fastproxy.access.store import TokenStore
from fastproxy.access.tokens import digest


@pytest.fixture
def store(home):
    """The tokens of the command's own state directory, read anew at each use."""
    directory = home / ".local/state/fastproxy"
    return lambda: TokenStore(directory)


def test_a_token_is_printed_alone_on_standard_output_so_that_a_shell_can_take_it(run, store) -> None:
    ended = run("token", "issue", "laptop")
    assert ended.code == 0
    secret = ended.out.removesuffix("\n")
    assert "\n" not in secret
    assert store().find(digest(secret.encode())).label == "laptop"
    assert secret not in ended.err
    assert "laptop" in ended.err


def test_expiry_and_models_are_kept(run, store) -> None:
    run("token", "issue", "ci", "--expires", "30d", "--model", "gpt-*", "--model", "claude-*")
    (token,) = store().tokens
    assert token.models == ("gpt-*", "claude-*")
    assert token.expires_at - token.created_at == pytest.approx(30 * 86400, abs=5)


def test_for_programs_everything_but_the_digest_is_there(run) -> None:
    issued = run("token", "issue", "ci", "--json").json()
    assert issued.pop("token").startswith("fp-")
    assert issued == run("token", "show", issued["id"], "--json").json()
    assert run("token", "list", "--json").json() == [issued]
    assert set(issued) == {
        "id", "label", "state", "models", "client", "account", "created_at", "expires_at", "revoked_at", "fingerprint",
    }  # fmt: skip


def test_a_list_shows_who_has_a_token_and_never_the_token(run) -> None:
    secret = run("token", "issue", "laptop").out.strip()
    run("token", "issue", "phone")
    run("token", "revoke", "phone")
    listed = run("token", "list").out
    assert "laptop" in listed
    assert "revoked" in listed
    assert secret not in listed + run("token", "show", "laptop").out


def test_an_empty_list_says_how_to_begin(run) -> None:
    ended = run("token", "list")
    assert (ended.code, ended.out) == (0, "")
    assert "fastproxy token issue" in ended.err


def test_rotating_hands_over_a_new_secret_and_ends_the_old_one(run, store) -> None:
    old = run("token", "issue", "laptop").out.strip()
    new = run("token", "rotate", "laptop").out.strip()
    assert store().find(digest(old.encode())) is None
    assert store().find(digest(new.encode())).label == "laptop"


def test_a_revoked_token_stays_in_the_list_and_can_not_be_rotated(run) -> None:
    run("token", "issue", "laptop")
    assert run("token", "revoke", "laptop", "--json").json()["state"] == "revoked"
    ended = run("token", "rotate", "laptop")
    assert ended.code == 1
    assert "issue a new one" in ended.err


@pytest.mark.parametrize("verb", ["show", "revoke", "rotate"])
def test_an_unknown_name_is_one_line_that_says_what_to_do(run, verb) -> None:
    ended = run("token", verb, "nobody")
    assert ended.code == 1
    assert ended.err == "no token 'nobody': see `fastproxy token list`\n"


@pytest.mark.parametrize("arguments", [("issue",), ("issue", "a", "--expires", "soon"), ("issue", "a", "--colour")])
def test_wrong_usage_ends_with_two(run, arguments) -> None:
    assert run("token", *arguments).code == 2


def test_an_expiry_in_the_past_makes_no_token(run, store) -> None:
    assert run("token", "issue", "a", "--expires", "2001-01-01").code == 1
    assert store().tokens == ()
