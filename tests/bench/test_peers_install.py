"""Installing a peer: once, within its time, and a sentence where it can't be. Nothing is downloaded here."""

import sys

import pytest

from bench.peers import install as installing
from bench.peers.install import folder, install
from bench.peers.known import PEERS

PIP = next(peer for peer in PEERS if peer.registry == "pip")
NPM = next(peer for peer in PEERS if peer.registry == "npm")


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """The commands that would have been run; the folder is a temporary one."""
    seen: list[list[str]] = []
    monkeypatch.setattr(installing, "FOLDER", tmp_path)
    monkeypatch.setattr(installing.shutil, "which", lambda _: "npm")
    monkeypatch.setattr(installing.subprocess, "run", lambda command, **_: seen.append(command))
    return seen


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_is_installed_once_at_its_version(peer, commands):
    assert install(peer, 10.0) == ""
    once = len(commands)
    assert commands[-1][-1] in (f"{peer.package}=={peer.version}", f"{peer.package}@{peer.version}")
    assert install(peer, 10.0) == ""
    assert len(commands) == once


def test_no_script_of_a_package_runs(commands):
    install(NPM, 10.0)
    assert "--ignore-scripts" in commands[-1]
    install(PIP, 10.0)
    assert commands[-1][commands[-1].index("--only-binary") + 1] == ":all:"


def test_with_no_time_left_it_is_not_tried(commands):
    assert install(PIP, 0.0) == "not installed"
    assert commands == []


def test_without_npm_it_says_so(commands, monkeypatch):
    monkeypatch.setattr(installing.shutil, "which", lambda _: None)
    assert install(NPM, 10.0) == "npm is not installed"
    assert commands == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import sys; sys.exit('no such version')", "could not install it: no such version"),
        ("import time; time.sleep(30)", "took more than 1 s"),
    ],
)
def test_what_hinders_is_told_and_the_peer_is_not_taken_for_installed(line, said, monkeypatch, tmp_path):
    monkeypatch.setattr(installing, "FOLDER", tmp_path)
    monkeypatch.setattr(installing, "_COMMANDS", {"pip": lambda *_: [[sys.executable, "-c", line]]})
    assert install(PIP, 1.0).endswith(said)
    assert not (folder(PIP) / "installed").exists()
