"""Whom a login serves: asked of people, demanded of scripts."""

import os
import pty
import subprocess
import sys

import pytest

from fastproxy.cli.account_terms import Whom, whom_it_serves
from fastproxy.cli.output import CommandError
from fastproxy.providers.base import Provider

VENDOR = Provider(name="codex", title="ChatGPT", formats={}, own_client="codex-cli")
KEYS_ONLY = Provider(name="lab", title="Lab", formats={})


@pytest.mark.parametrize("whom", list(Whom))
def test_what_a_script_says_is_not_asked_again(whom: Whom, capsys) -> None:
    assert whom_it_serves(VENDOR, whom) == whom.value
    assert capsys.readouterr() == ("", "")


def test_a_script_that_does_not_say_is_told_how(monkeypatch) -> None:
    with open(os.devnull) as nothing:  # noqa: PTH123 - a device
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(CommandError, match="--serves own-client or --serves any") as raised:
            whom_it_serves(VENDOR, None)
    assert raised.value.exit_code == 2


def test_a_provider_without_a_client_of_its_own_has_nothing_to_choose() -> None:
    assert whom_it_serves(KEYS_ONLY, None) == "any"
    assert whom_it_serves(KEYS_ONLY, Whom.ANY) == "any"
    with pytest.raises(CommandError, match="--serves any"):
        whom_it_serves(KEYS_ONLY, Whom.OWN_CLIENT)


_ASKING = """\
from fastproxy.cli.account_terms import whom_it_serves
from fastproxy.providers.base import Provider
print("chosen:", whom_it_serves(Provider(name="codex", title="ChatGPT", formats={}, own_client="codex-cli"), None))
"""


@pytest.mark.parametrize(
    ("typed", "chosen"), [(b"\n", "own-client"), (b"any\n", "any"), (b"all\nown-client\n", "own-client")]
)
def test_a_person_gets_a_notice_and_a_careful_default(typed: bytes, chosen: str) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _ASKING], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    os.close(theirs)
    os.write(ours, typed)
    out, told = process.communicate(timeout=30)
    os.close(ours)
    assert out.decode().strip().endswith(f"chosen: {chosen}")
    assert "terms" in told.decode()
    assert "codex-cli" in told.decode()
    assert "account list" in told.decode()
