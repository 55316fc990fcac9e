"""A tool's credential file, and a state directory."""

from pathlib import Path

import pytest

from support.credentials import codex_body


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "auth.json"
    path.parent.mkdir()
    path.write_bytes(codex_body("at-1"))
    path.chmod(0o600)
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    return path
