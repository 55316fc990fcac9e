"""The table of account commands."""

import pytest


@pytest.mark.parametrize("verb", ["login", "refresh"])
def test_every_command_explains_itself(run, verb) -> None:
    ended = run("account", verb, "--help")
    assert ended.code == 0
    assert verb in run("account", "--help").out
    assert "Usage: fastproxy account" in ended.out
