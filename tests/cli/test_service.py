"""`fastproxy service`: one file, ours alone, and the words that say what to run."""

import sys

import pytest

from fastproxy.cli import service
from fastproxy.cli.output import CommandError


@pytest.fixture
def unit(home):
    return home / ".config/systemd/user/fastproxy.service"


def test_installing_writes_the_unit_and_says_what_to_run(run, unit, home) -> None:
    ended = run("service", "install")
    assert ended.code == 0
    assert f'"{sys.executable}" "-P" "-m" "fastproxy" "serve"' in unit.read_text()
    assert f"FASTPROXY_STATE_DIR={home}/.local/state/fastproxy" in unit.read_text()
    assert unit.stat().st_mode & 0o777 == 0o644
    assert "systemctl --user enable --now fastproxy" in ended.out


def test_the_unit_serves_with_the_configuration_that_was_there(run, unit, tmp_path) -> None:
    path = tmp_path / "my config.toml"
    path.write_text("[limits]\ndrain_seconds = 100.0\n")
    run("service", "install", "--config", path)
    assert f'"--config" "{path}"' in unit.read_text()
    assert "TimeoutStopSec=115" in unit.read_text()


def test_a_configuration_that_can_not_be_used_is_not_installed(run, unit, tmp_path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("nonsense = 1\n")
    assert run("service", "install", "--config", path).code == 2
    assert not unit.exists()


def test_installing_again_replaces_what_we_wrote(run, unit) -> None:
    run("service", "install")
    unit.write_text(unit.read_text().splitlines()[0] + "\nold\n")
    assert run("service", "install").code == 0
    assert "old" not in unit.read_text()


def test_a_unit_of_somebody_else_is_left_alone(run, unit) -> None:
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/mine\n")
    for arguments in (("install",), ("uninstall",)):
        ended = run("service", *arguments)
        assert ended.code == 1
        assert "not written by fastproxy" in ended.err
        assert unit.read_text() == "[Service]\nExecStart=/mine\n"
    assert run("service", "install", "--force").code == 0
    assert "/mine" not in unit.read_text()


def test_uninstalling_removes_the_unit_and_nothing_else(run, unit, home) -> None:
    run("token", "issue", "laptop")
    run("service", "install")
    assert run("service", "uninstall").code == 0
    assert not unit.exists()
    assert (home / ".local/state/fastproxy/tokens.json").exists()
    assert run("service", "uninstall").code == 1


def test_a_service_that_does_not_run_is_a_status_of_one(run, unit) -> None:
    ended = run("service", "status", "--json")
    assert ended.code == 1
    assert ended.json()["installed"] is False
    run("service", "install")
    assert run("service", "status", "--json").json()["unit"] == str(unit)
    assert "installed" in run("service", "status").out


def test_the_state_is_what_systemd_says(run, tmp_path, monkeypatch) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text('#!/bin/sh\n[ "$*" = "--user is-active fastproxy.service" ] && echo active\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = run("service", "status", "--json")
    assert (ended.code, ended.json()["state"]) == (0, "active")


def test_without_systemd_the_state_is_unknown(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("service", "status", "--json").json()["state"] == "unknown"


def test_a_system_service_needs_a_python_that_its_user_can_reach(tmp_path) -> None:
    python = tmp_path / "closed" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    (tmp_path / "closed").chmod(0o700)
    with pytest.raises(CommandError, match="closed to other users"):
        service._require_reach(python)


def test_a_system_service_lives_where_systemd_looks(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(service, "SYSTEM_UNITS", tmp_path / "units")
    monkeypatch.setattr(service, "SYSTEM_CONFIG", tmp_path / "none.toml")
    monkeypatch.setattr(service.sys, "executable", "/bin/sh")
    ended = run("service", "install", "--system")
    assert ended.code == 0, ended.err
    assert "DynamicUser=yes" in (tmp_path / "units" / "fastproxy.service").read_text()
    assert "sudo systemctl enable --now fastproxy" in ended.out
    assert "sudo FASTPROXY_STATE_DIR=/var/lib/fastproxy" in ended.out
