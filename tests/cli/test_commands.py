"""The whole table of commands: what is there, what it costs to be there, how it refuses."""

import subprocess
import sys

import pytest

COMMANDS = ("serve", "doctor", "models", "usage", "bench", "version", "token", "config", "service")


def test_help_names_every_command_in_plain_text(run) -> None:
    shown = run("--help")
    assert shown.code == 0
    assert all(f"\n  {name} " in shown.out for name in COMMANDS)
    assert "╭" not in shown.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run, name) -> None:
    shown = run(name, "--help")
    assert shown.code == 0
    assert "Usage: fastproxy " + name in shown.out


@pytest.mark.parametrize("arguments", [("fly",), ("serve", "--fast"), ("token", "fly"), ("serve", "--workers", "0")])
def test_wrong_usage_ends_with_two_and_one_hint(run, arguments) -> None:
    ended = run(*arguments)
    assert ended.code == 2
    assert "--help" in ended.err


def test_the_table_of_commands_brings_neither_tables_nor_clients() -> None:
    heavy = ("rich", "aiohttp", "h11", "sqlite3")
    script = f"import sys, fastproxy.cli.commands; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert loaded.stdout == "[]\n"
