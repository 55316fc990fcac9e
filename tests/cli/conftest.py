"""A command line in a home of its own: no configuration, no state and no keys but what a test puts there."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import orjson
import pytest

from fastproxy.cli import main
from fastproxy.providers import BY_NAME
from support.model_host import ModelHost, serving


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> object:
        return orjson.loads(self.out)


class Run(Protocol):
    """Runs `fastproxy ARGUMENTS` in this process."""

    def __call__(self, *arguments: object) -> Ended: ...


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; the state directory below it is not there yet."""
    directory = tmp_path / "home"
    directory.mkdir()
    monkeypatch.setenv("HOME", str(directory))
    keys = [variable for provider in BY_NAME.values() for variable in provider.key_variables]
    for variable in (*keys, "XDG_CONFIG_HOME", "XDG_STATE_HOME", "FASTPROXY_CONFIG", "FASTPROXY_STATE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("FASTPROXY_LISTEN", "FASTPROXY_HOST", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    return directory


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["fastproxy", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def host() -> Iterator[ModelHost]:
    with serving() as running:
        yield running
