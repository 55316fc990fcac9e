"""What tests of linked logins share: a login of a tool in a home, a state directory, and ways of writing a file."""

import os
from pathlib import Path

from fastproxy.accounts.cipher import Cipher
from fastproxy.accounts.linked import Linked
from fastproxy.accounts.login import Login
from fastproxy.secret import Secret

CIPHER = Cipher(b"k" * 32)


def link(path: Path, state: Path, source: str = "codex") -> Linked:
    return Linked(f"{source}:{path}", state, lambda: CIPHER)


def refresh_of(login: Login) -> str:
    assert login.refresh is not None
    return login.refresh.reveal()


def renewed(number: int) -> Login:
    """What a vendor's answer to a renewal might be."""
    return Login(Secret(f"at-{number}"), Secret(f"rt-{number}"), 4102444800.0, 1766925296.0 + number)


def settle(path: Path) -> None:
    """As if nobody had written for a long time."""
    os.utime(path, (1.0e9, 1.0e9))


def names(directory: Path) -> list[str]:
    """What is in a directory."""
    return sorted(path.name for path in directory.iterdir())


def in_place(path: Path, body: bytes) -> None:
    path.write_bytes(body)


def by_rename(path: Path, body: bytes) -> None:
    path.with_suffix(".tmp").write_bytes(body)
    path.with_suffix(".tmp").replace(path)


def by_making_it_anew(path: Path, body: bytes) -> None:
    path.unlink()
    path.write_bytes(body)
