"""`python -m fastproxy` is the same command, as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import fastproxy


def fastproxy_command(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fastproxy", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environ}
    )


def test_it_runs_as_a_module() -> None:
    ended = fastproxy_command("version")
    assert ended.returncode == 0
    assert fastproxy.__version__ in ended.stdout


def test_a_failure_is_one_line_and_its_exit_code(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("server = 1\n")
    ended = fastproxy_command("config", "check", "--config", str(bad))
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"{bad}:1:1: ")
    assert ended.stderr.count("\n") == 1
