"""A login that a tool owns: seen however the tool writes it, and given back without a byte or a token lost."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from fastproxy import clock
from fastproxy.accounts import linked as module
from fastproxy.accounts.linked import Linked
from fastproxy.accounts.login import AccountError, Login
from fastproxy.secret import Secret
from support.credentials import claude_body, codex_body
from support.forks import forked
from support.linking import CIPHER, by_making_it_anew, by_rename, in_place, link, names, refresh_of, renewed, settle


@pytest.mark.parametrize("write", [in_place, by_rename, by_making_it_anew])
def test_a_rotation_by_the_tool_is_seen_and_taken(
    file: Path, state: Path, write: Callable[[Path, bytes], None]
) -> None:
    watched = link(file, state)
    assert watched.changed()
    assert refresh_of(watched.login()) == "rt-1"
    settle(file)
    watched.login()
    assert not watched.changed()
    write(file, codex_body("at-2", "rt-2"))
    assert watched.changed()
    assert refresh_of(watched.login()) == "rt-2"


def test_a_second_write_within_one_tick_of_the_clock_is_seen(file: Path, state: Path) -> None:
    watched = link(file, state)
    watched.login()
    stamp = file.stat()
    file.write_bytes(codex_body("at-9", "rt-9"))  # as long as before
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert file.stat().st_size == stamp.st_size
    assert watched.changed()
    assert refresh_of(watched.login()) == "rt-9"


def test_a_file_that_is_half_written_keeps_the_last_tokens_until_it_is_whole(file: Path, state: Path) -> None:
    watched, body = link(file, state), codex_body("at-2", "rt-2")
    watched.login()
    for size in range(0, len(body), 40):
        file.write_bytes(body[:size])
        assert watched.changed()
        assert refresh_of(watched.login()) == "rt-1"
    file.write_bytes(body)
    assert watched.changed()
    assert refresh_of(watched.login()) == "rt-2"


def test_a_file_that_was_never_whole_is_an_error_that_shows_nothing(file: Path, state: Path) -> None:
    file.write_bytes(b'{"tokens":{"access_token":"at-secret"')
    with pytest.raises(AccountError, match=re.escape(str(file))) as caught:
        link(file, state).login()
    assert "secret" not in str(caught.value)


def test_a_tool_that_is_writing_is_waited_for(file: Path, state: Path) -> None:
    file.write_bytes(b"")

    def finish() -> None:
        clock.pause(0.2)
        file.write_bytes(codex_body("at-2", "rt-2"))

    with forked(finish):
        assert refresh_of(link(file, state).login(patience_seconds=5.0)) == "rt-2"


def test_a_file_that_is_gone_for_a_moment_ends_nothing_and_gone_for_good_does(
    file: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, body = link(file, state), file.read_bytes()
    watched.login()
    file.unlink()
    assert watched.changed()
    assert refresh_of(watched.login()) == "rt-1"
    file.write_bytes(body)
    assert watched.changed()
    watched.login()
    monkeypatch.setattr(module, "GONE_SECONDS", 0.0)
    file.unlink()
    watched.login()
    assert watched.changed()
    with pytest.raises(AccountError, match="log in with its tool again"):
        watched.login()
    assert not watched.changed()
    file.write_bytes(body)
    assert watched.changed()
    assert refresh_of(watched.login()) == "rt-1"


def test_a_file_that_was_never_there_is_looked_at_again_only_when_it_comes(file: Path, state: Path) -> None:
    body = file.read_bytes()
    file.unlink()
    watched = link(file, state)
    with pytest.raises(AccountError, match="it is not there"):
        watched.login()
    assert not watched.changed()
    file.write_bytes(body)
    assert watched.changed()


def test_a_tool_that_was_switched_to_a_key_has_no_login_any_more(file: Path, state: Path) -> None:
    file.write_bytes(orjson.dumps({"OPENAI_API_KEY": "sk-secret", "tokens": None}))
    with pytest.raises(AccountError, match="no such login"):
        link(file, state).login()
    assert link(file, state, "codex-key").login().access == Secret("sk-secret")


def test_a_token_that_changed_while_we_watched_is_dated(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "c.json"
    file.write_bytes(claude_body())
    watched = link(file, state, "claude-code")
    assert watched.login().minted_at is None
    assert watched.login().minted_at is None
    file.write_bytes(claude_body("at-2", "rt-2"))
    minted_at = watched.login().minted_at
    assert minted_at is not None
    assert abs(minted_at - clock.wall()) < 5
    assert watched.login().minted_at == minted_at


def test_an_unknown_source_is_refused(state: Path) -> None:
    with pytest.raises(AccountError):
        Linked("unknown:/x", state, lambda: CIPHER)


def test_renewed_tokens_go_into_the_file_with_every_other_byte_and_the_mode_kept(tmp_path: Path, state: Path) -> None:
    file = tmp_path / ".credentials.json"
    file.write_bytes(claude_body())
    file.chmod(0o640)
    watched = link(file, state, "claude-code")
    used = watched.login()
    new = Login(Secret("at-2"), Secret("rt-2"), 4102448400.0)
    with watched.locked(1.0):
        kept = watched.write_back(used, new)
    assert (kept.access, kept.refresh, kept.kept["subscriptionType"]) == (Secret("at-2"), Secret("rt-2"), "max")
    assert file.read_bytes() == claude_body("at-2", "rt-2", 4102448400000)
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(state.iterdir()) == []
    assert refresh_of(watched.login()) == "rt-2"


def test_an_answer_without_a_refresh_token_keeps_the_old_one(file: Path, state: Path) -> None:
    watched = link(file, state)
    assert refresh_of(watched.write_back(watched.login(), Login(Secret("at-2")))) == "rt-1"
    assert refresh_of(link(file, state).login()) == "rt-1"


def test_a_login_that_the_tool_rotated_meanwhile_is_not_overwritten(file: Path, state: Path) -> None:
    watched = link(file, state)
    used = watched.login()
    theirs = codex_body("at-tool", "rt-tool")
    by_rename(file, theirs)
    assert refresh_of(watched.write_back(used, renewed(2))) == "rt-tool"
    assert file.read_bytes() == theirs
    assert list(state.iterdir()) == []


def test_what_else_the_tool_wrote_meanwhile_is_kept(file: Path, state: Path) -> None:
    watched = link(file, state)
    used = watched.login()
    file.write_bytes(orjson.dumps(orjson.loads(file.read_bytes()) | {"new_setting": [1, 2]}))
    watched.write_back(used, renewed(2))
    document = orjson.loads(file.read_bytes())
    assert (document["new_setting"], document["tokens"]["refresh_token"]) == ([1, 2], "rt-2")


def test_a_tool_that_replaces_the_file_at_the_last_moment_wins(
    file: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = link(file, state)
    used = watched.login()
    theirs = codex_body("at-tool", "rt-tool")
    real = os.fsync

    def while_we_wait_for_the_disk(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        by_rename(file, theirs)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", while_we_wait_for_the_disk)
    assert refresh_of(watched.write_back(used, renewed(2))) == "rt-tool"
    assert file.read_bytes() == theirs
    assert names(file.parent) == [file.name]


def test_a_file_that_is_damaged_when_it_is_written_back_to_costs_no_token(
    file: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.1)
    watched, whole = link(file, state), file.read_bytes()
    used = watched.login()
    file.write_bytes(whole[:100])
    assert refresh_of(watched.write_back(used, renewed(2))) == "rt-2"
    file.write_bytes(whole)  # the tool has finished, with the tokens that are spent by now
    assert refresh_of(link(file, state).login()) == "rt-2"
