"""A credential file on a real disk: bounded, whole, with its mode and owner, behind its link."""

import os
from pathlib import Path

import pytest

from fastproxy.accounts.login import AccountError
from fastproxy.accounts.sources.base import UnwritableError
from fastproxy.accounts.sources.file import FILE_BYTES, CredentialFile, all_of, reopen
from support.credentials import NOBODY, directory_of_somebody
from support.linking import names


def test_a_file_that_is_not_there_is_none_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    for path in (tmp_path / "absent", tmp_path / "plain" / "absent"):
        place = CredentialFile(path)
        assert (place.read(), place.stamp(), place.exposed()) == (None, None, "")


@pytest.mark.parametrize("kind", ["pipe", "directory", "circle", "long"])
def test_what_is_no_plain_small_file_is_an_error_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "f"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "circle":
        path.symlink_to(path)
    else:
        path.write_bytes(b"x" * (FILE_BYTES + 1))
    with pytest.raises(AccountError):
        CredentialFile(path).read()


def test_a_file_that_may_not_be_read_says_so() -> None:
    with directory_of_somebody() as directory:
        (directory / "f").write_bytes(b"{}")
        (directory / "f").chmod(0)
        with pytest.raises(AccountError, match="it can't be read: Permission denied"):
            CredentialFile(directory / "f").read()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_replacing_keeps_the_mode_and_leaves_nothing_beside(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(mode)
    assert CredentialFile(path).replace(b"old", b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", mode)
    assert names(tmp_path) == ["f"]


def test_replacing_keeps_the_owner(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of somebody else's")
    path = tmp_path / "f"
    path.write_bytes(b"old")
    os.chown(path, NOBODY, 12345)
    assert CredentialFile(path).replace(b"old", b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY, 12345)


def test_a_file_of_somebody_elses_is_not_made_ours() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of somebody else's")
    with directory_of_somebody() as directory:
        path = directory / "f"
        path.write_bytes(b"old")
        path.chmod(0o644)
        os.seteuid(0)
        os.chown(path, 4321, 4321)
        os.seteuid(NOBODY)
        with pytest.raises(UnwritableError):
            CredentialFile(path).replace(b"old", b"new")
        assert (path.read_bytes(), path.stat().st_uid) == (b"old", 4321)


def test_a_link_stays_one_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    target, link = tmp_path / "dotfiles" / "real", tmp_path / "f"
    target.write_bytes(b"old")
    link.symlink_to("dotfiles/real")
    place = CredentialFile(link)
    assert place.replace(b"old", b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert place.lock_path == CredentialFile(target).lock_path == target.with_name(".real.fastproxy.lock")
    assert place.directory == tmp_path


def test_what_the_tool_wrote_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"newer")
    assert not CredentialFile(path).replace(b"old", b"ours")
    path.unlink()
    with pytest.raises(UnwritableError):
        CredentialFile(path).replace(b"old", b"ours")
    assert names(tmp_path) == []


def test_a_read_only_directory_can_t_be_written() -> None:
    with directory_of_somebody() as directory:
        (directory / "f").write_bytes(b"old")
        directory.chmod(0o500)
        with pytest.raises(UnwritableError, match="Permission denied"):
            CredentialFile(directory / "f").replace(b"old", b"new")
        assert (directory / "f").read_bytes() == b"old"
        directory.chmod(0o700)


@pytest.mark.parametrize(("mode", "open_"), [(0o600, False), (0o640, True), (0o604, True), (0o700, False)])
def test_a_file_that_others_can_read_is_said_with_its_cure(tmp_path: Path, mode: int, open_: bool) -> None:
    path = tmp_path / "f"
    path.touch()
    path.chmod(mode)
    assert bool(CredentialFile(path).exposed()) is open_
    assert ("chmod 600" in CredentialFile(path).exposed()) is open_


def test_a_name_leads_back_to_the_file(tmp_path: Path) -> None:
    (place,) = all_of(tmp_path, "f")
    assert reopen(place.name, {}, Path("/")).name == place.name == str(tmp_path / "f")
