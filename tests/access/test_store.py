"""The token file: private, replaced whole, shared by processes, never overwritten unread."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from fastproxy.access.store import TokenStore
from fastproxy.access.tokens import Grant, TokenError, digest
from fastproxy.snapshot import Access


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_an_issued_token_is_found_by_its_digest_also_by_another_store(tmp_path: Path) -> None:
    made = TokenStore(tmp_path).issue("laptop", grant=Grant(("gpt-*",)), expires_at=4e9)
    found = TokenStore(tmp_path).find(digest(made.secret.reveal().encode()))
    assert found == made.token
    assert (found.label, found.models, found.expires_at) == ("laptop", ("gpt-*",), 4e9)


def test_the_files_are_private_and_hold_no_secret(tmp_path: Path) -> None:
    made = TokenStore(tmp_path).issue("laptop")
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["tokens.json", "tokens.lock"]
    assert [mode(file) for file in files] == [0o600, 0o600]
    assert not any(made.secret.reveal().encode() in file.read_bytes() for file in files)


def test_a_permissive_umask_does_not_open_the_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        TokenStore(tmp_path).issue("laptop")
    finally:
        os.umask(before)
    assert mode(tmp_path / "tokens.json") == 0o600


def test_rotating_keeps_id_and_label_and_ends_the_old_secret(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    old = store.issue("laptop")
    new = store.rotate("laptop")
    assert (new.token.id, new.token.label) == (old.token.id, old.token.label)
    assert store.find(digest(old.secret.reveal().encode())) is None
    assert store.find(digest(new.secret.reveal().encode())) == new.token
    assert len(store.tokens) == 1


def test_revoking_is_kept_with_its_time(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    made = store.issue("laptop")
    assert store.revoke(made.token.id).revoked_at is not None
    assert TokenStore(tmp_path).tokens[0].state(4e9) == "revoked"


def test_an_unknown_name_changes_nothing(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.issue("laptop")
    before = (tmp_path / "tokens.json").read_bytes()
    with pytest.raises(TokenError, match="no token 'phone'"):
        store.revoke("phone")
    assert (tmp_path / "tokens.json").read_bytes() == before


def test_a_running_store_sees_what_another_process_did(tmp_path: Path) -> None:
    running = TokenStore(tmp_path)
    generation = running.generation
    assert not running.reload_if_changed()
    made = TokenStore(tmp_path).issue("laptop")
    assert running.reload_if_changed()
    assert running.find(digest(made.secret.reveal().encode())) == made.token
    assert running.generation != generation
    assert not running.reload_if_changed()


def test_a_removed_file_takes_all_tokens_with_it(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.issue("laptop")
    (tmp_path / "tokens.json").unlink()
    assert store.reload_if_changed()
    assert store.tokens == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version":2,"tokens":[]}',
        b'{"version":1,"tokens":[{"id":"a","label":"a","digest":"zz","created_at":1}]}',
        b'{"version":1,"tokens":[{"id":"a","label":"\xff","digest":"00","created_at":1}]}',
    ],
)
def test_a_damaged_file_keeps_the_tokens_read_before_and_is_never_overwritten(tmp_path: Path, content: bytes) -> None:
    store = TokenStore(tmp_path)
    made = store.issue("laptop")
    path = tmp_path / "tokens.json"
    path.write_bytes(content)
    assert not store.reload_if_changed()
    assert "tokens.json" in store.problem
    assert store.tokens == (made.token,)
    with pytest.raises(TokenError):
        store.issue("phone")
    with pytest.raises(TokenError):
        TokenStore(tmp_path)
    assert path.read_bytes() == content


def test_a_repaired_file_ends_the_problem(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.issue("laptop")
    path = tmp_path / "tokens.json"
    good = path.read_bytes()
    path.write_bytes(b"{")
    store.reload_if_changed()
    path.write_bytes(good)
    assert store.reload_if_changed()
    assert store.problem == ""


def test_a_file_that_others_may_write_is_not_believed(tmp_path: Path) -> None:
    TokenStore(tmp_path).issue("laptop")
    (tmp_path / "tokens.json").chmod(0o622)
    with pytest.raises(TokenError, match="written by others"):
        TokenStore(tmp_path)


def test_the_first_start_makes_one_token_once(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    made = store.issue_first(Access())
    assert made is not None
    assert made.token.label == "first start"
    assert store.issue_first(Access()) is None
    assert TokenStore(tmp_path).issue_first(Access()) is None


def test_no_first_token_where_one_is_configured_or_none_is_needed(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    assert store.issue_first(Access(tokens=frozenset({digest(b"static")}))) is None
    assert store.issue_first(Access(require_token=False)) is None
    assert not (tmp_path / "tokens.json").exists()


def test_revoking_the_last_token_does_not_bring_a_first_one_back(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.issue_first(Access())
    store.revoke("first start")
    assert store.issue_first(Access()) is None


ISSUE_MANY = """
import sys
from pathlib import Path
from fastproxy.access.store import TokenStore
store = TokenStore(Path(sys.argv[1]))
for number in range(10):
    store.issue(f"{sys.argv[2]}-{number}")
"""


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", ISSUE_MANY, tmp_path, str(name)]) for name in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    labels = {token.label for token in TokenStore(tmp_path).tokens}
    assert labels == {f"{writer}-{number}" for writer in range(3) for number in range(10)}


def test_a_full_disk_is_one_sentence_and_leaves_the_old_tokens(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    made = store.issue("laptop")
    before = (tmp_path / "tokens.json").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
        with pytest.raises(TokenError, match=r"tokens\.json"):
            store.issue("phone")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert (tmp_path / "tokens.json").read_bytes() == before
    assert store.tokens == (made.token,)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokens.json", "tokens.lock"]


def test_what_a_killed_writer_left_behind_does_not_get_into_the_file(tmp_path: Path) -> None:
    (tmp_path / ".tokens.json.new").write_bytes(b"x" * 100_000)
    made = TokenStore(tmp_path).issue("laptop")
    assert TokenStore(tmp_path).tokens == (made.token,)


def test_a_directory_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "gone")
    with pytest.raises(TokenError, match="gone"):
        store.issue("laptop")


def test_the_file_can_be_read_by_a_person(tmp_path: Path) -> None:
    made = TokenStore(tmp_path).issue("laptop")
    text = (tmp_path / "tokens.json").read_bytes()
    assert text.count(b"\n") > 5
    assert orjson.loads(text)["tokens"][0]["id"] == made.token.id


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for another user")
def test_what_root_writes_belongs_to_the_user_of_the_directory(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    TokenStore(tmp_path).issue("laptop")
    assert {path.stat().st_uid for path in tmp_path.iterdir()} == {12345}
