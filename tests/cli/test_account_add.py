"""`fastproxy account add`: a key gets in unseen, and comes out nowhere."""

import io
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path
from time import monotonic, sleep

import pytest

from fastproxy.accounts.store import AccountStore
from fastproxy.secret import Secret

KEY = "sk-very-secret"
ECHO_SECONDS = 10.0


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch):
    """Standard input with these lines."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def kept(home: Path) -> dict[str, Secret]:
    store = AccountStore(home / ".local/state/fastproxy")
    try:
        return {account.id: store.login(account.id).access for account in store.accounts()}
    finally:
        store.close()


def test_a_key_is_read_from_standard_input(run, home, typed) -> None:
    typed(f"{KEY}\nsomething else\n")
    ended = run("account", "add", "openai")
    assert (ended.code, ended.out) == (0, "openai:key\n")
    assert kept(home) == {"openai:key": Secret(KEY)}
    assert KEY not in ended.out + ended.err


def test_a_key_is_read_from_a_variable_or_a_file(run, home, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    (tmp_path / "key").write_text("sk-other\n")
    assert run("account", "add", "openai", "--from", "env:MY_KEY").code == 0
    assert run("account", "add", "openai", "--from", f"file:{tmp_path}/key", "--weight", "3").code == 0
    assert run("account", "add", "groq", "--from", "env:MY_KEY", "--label", "work").code == 0
    assert kept(home) == {"openai:key": Secret(KEY), "openai:key-2": Secret("sk-other"), "groq:work": Secret(KEY)}


def test_a_person_types_it_unseen(home: Path) -> None:
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "NO_COLOR": "1"}
    shown, person = pty.openpty()
    command = [sys.executable, "-m", "fastproxy", "account", "add", "openai"]
    # A session of its own has no terminal but this one: /dev/tty would be that of whoever runs the tests.
    with subprocess.Popen(
        command, stdin=person, stdout=person, stderr=person, env=environ, start_new_session=True
    ) as process:
        os.close(person)
        seen = b""
        while b"not shown" not in seen:
            seen += os.read(shown, 4096)
        deadline = monotonic() + ECHO_SECONDS
        while termios.tcgetattr(shown)[3] & termios.ECHO:  # what is typed before it is off is thrown away
            assert monotonic() < deadline, "what is typed would be seen"
            sleep(0.01)
        os.write(shown, f"{KEY}\n".encode())
        try:
            while piece := os.read(shown, 4096):
                seen += piece
        except OSError:  # the other end is closed
            pass
    os.close(shown)
    assert process.returncode == 0, seen
    assert KEY.encode() not in seen
    assert kept(home) == {"openai:key": Secret(KEY)}


@pytest.mark.parametrize(
    "arguments",
    [
        ("openai", KEY),
        ("openai", "--from", KEY),
        ("openai", "--from", f"plain:{KEY}"),
        ("openai", "--from", "env:NOT_SET"),
        ("openai", "--from", "file:/not/there"),
        ("nobody",),
        ("ollama",),
        ("openai", "--label", f"{KEY} with spaces"),
    ],
)
def test_what_is_not_right_is_refused_and_a_key_is_not_repeated(run, home, typed, arguments) -> None:
    typed(f"{KEY}\n" if "--label" in arguments else "")
    ended = run("account", "add", *arguments)
    assert ended.code in (1, 2)
    assert ended.err.strip()
    assert "--label" in arguments or KEY not in ended.out + ended.err
    assert kept(home) == {}


@pytest.mark.parametrize("text", ["", "\n", "sk with space\n", "sk-\x00\n", "schlüssel\n", "x" * 70000])
def test_what_can_be_no_key_is_refused(run, home, typed, text) -> None:
    typed(text)
    ended = run("account", "add", "openai")
    assert ended.code == 2
    assert text.strip() == "" or text.strip()[:200] not in ended.err
    assert kept(home) == {}


def test_a_label_that_is_taken_is_refused(run, home, typed) -> None:
    typed(f"{KEY}\n")
    run("account", "add", "openai", "--label", "work")
    typed("sk-other\n")
    ended = run("account", "add", "openai", "--label", "work")
    assert ended.code == 1
    assert "there is an account openai:work" in ended.err or "has the label 'work'" in ended.err
    assert kept(home) == {"openai:work": Secret(KEY)}
