"""The table of account commands."""

import pytest


@pytest.mark.parametrize(
    "verb", ["list", "add", "import", "login", "refresh", "check", "switch", "serve", "reset", "remove"]
)
def test_every_command_explains_itself(run, verb) -> None:
    ended = run("account", verb, "--help")
    assert ended.code == 0
    assert verb in run("account", "--help").out
    assert "Usage: fastproxy account" in ended.out
