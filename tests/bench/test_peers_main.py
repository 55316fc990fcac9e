"""A peer that isn't there or doesn't start is told, and nothing else happens."""

import sys

import msgspec
import pytest

from bench.peers import __main__ as running
from bench.peers import install as installing
from bench.peers.client import Target
from bench.peers.install import folder
from bench.peers.known import PEERS, Peer, Setting
from bench.processes import Started

OWN, UPSTREAM = Target("fastproxy", 1), Started("upstream", 0, 1)


@pytest.fixture
def peer(monkeypatch, tmp_path) -> Peer:
    monkeypatch.setattr(installing, "FOLDER", tmp_path)
    return msgspec.structs.replace(
        PEERS[0], setting=lambda _: Setting([sys.executable, "-c", "raise SystemExit('broken by birth')"])
    )


def test_a_peer_that_is_not_installed_is_told(peer):
    assert running._compared(peer, OWN, UPSTREAM, None).problem == "not installed"


def test_a_peer_that_does_not_start_is_told_in_its_own_words(peer):
    folder(peer).mkdir()
    (folder(peer) / "installed").touch()
    compared = running._compared(peer, OWN, UPSTREAM, None)
    assert "broken by birth" in compared.problem
    assert (compared.name, compared.version, compared.rows) == (peer.name, peer.version, {})


def test_all_of_it_takes_less_than_eight_minutes():
    assert running.INSTALL_SECONDS + len(PEERS) * running.PEER_SECONDS <= 450
    assert running.START_SECONDS < running.PEER_SECONDS


def test_the_run_without_a_network_says_how_it_went():
    assert running._run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
