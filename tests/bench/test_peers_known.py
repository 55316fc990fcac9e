"""The peers' settings: pinned, on this machine only, with nobody's keys."""

import re
from pathlib import Path

import orjson
import pytest

from bench import wire
from bench.peers.known import PEERS, Peer, Place, write_files

PLACE = Place(installed=Path("/peers/one"), files=Path("/tmp/files"), port=4711, upstream_port=4712)  # noqa: S108 - not touched


def told(peer: Peer) -> str:
    """Everything that a peer is told, as one text."""
    setting = peer.setting(PLACE)
    files = "\n".join(content.decode() for content in setting.files.values())
    environ = "\n".join(f"{name}={value}" for name, value in setting.environ.items())
    headers = "\n".join(f"{name}: {value}" for name, value in peer.headers(PLACE.upstream_port).items())
    return "\n".join([*setting.command, environ, files, headers])


def by_name(name: str) -> Peer:
    return next(peer for peer in PEERS if peer.name == name)


@pytest.fixture(params=PEERS, ids=lambda peer: peer.name)
def peer(request: pytest.FixtureRequest) -> Peer:
    found: Peer = request.param
    return found


def test_a_peer_is_pinned_to_one_version(peer):
    assert re.fullmatch(r"\d+\.\d+\.\d+", peer.version)


def test_a_peer_listens_where_it_is_told_and_knows_only_the_upstream(peer):
    text = told(peer)
    assert "4711" in text
    assert "127.0.0.1:4712/v1" in text
    assert re.findall(r"https?://([^/\"\s]+)", text) == ["127.0.0.1:4712"]
    assert "0.0.0.0" not in text  # noqa: S104 - what must not be there


def test_a_peer_has_no_key_but_the_dummies_and_a_home_of_its_own(peer):
    setting = peer.setting(PLACE)
    assert setting.environ["HOME"] == str(PLACE.files)
    assert {name for name in setting.environ if name.endswith(("_KEY", "_TOKEN", "_SECRET"))} == set()


def test_files_lie_where_the_command_looks_for_them(peer, tmp_path):
    place = Place(tmp_path, tmp_path, 1, 2)
    setting = peer.setting(place)
    write_files(tmp_path, setting.files)
    assert [name for name in setting.files if str(tmp_path / name) in setting.command and (tmp_path / name).exists()]


def test_litellm_asks_for_the_token_and_calls_nobody():
    setting = by_name("LiteLLM").setting(PLACE)
    config = orjson.loads(setting.files["config.yaml"])
    assert config["general_settings"]["master_key"] == wire.TOKEN
    assert config["litellm_settings"]["telemetry"] is False
    assert setting.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert setting.command[setting.command.index("--num_workers") + 1] == "1"


def test_a_peer_that_does_not_translate_is_one_that_says_so():
    assert [peer.name for peer in PEERS if not peer.translates] == ["Portkey"]
