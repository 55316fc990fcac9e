"""What a vendor's credential file is to us: a record that says where it lies and how it is read and written.

Declarations only. Nothing here puts into an error what a file holds.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from fastproxy.accounts.login import AccountError, Login
from fastproxy.snapshot import AccountKind
from fastproxy.storage.files import Stamp


class UnwritableError(AccountError):
    """The place can't take a renewed login; what it held is still there."""


class Place(Protocol):
    """Where a tool keeps its credentials: a file, or an item of a keychain.

    Every method may block on a disk or a program: not for the event loop's thread.
    """

    @property
    def name(self) -> str:
        """What tells it from others of its source: a path, or an item's name. Never a secret."""

    @property
    def directory(self) -> Path:
        """Where the tool keeps its own files and locks."""

    @property
    def lock_path(self) -> Path:
        """What relays lock, the same for all who mean this place."""

    def read(self) -> bytes | None:
        """What it holds; None when it is not there. Raises: AccountError."""

    def stamp(self) -> Stamp | None:
        """Another value whenever what it holds may have changed. Cost: one stat."""

    def exposed(self) -> str:
        """Why others can read it, for people; "" when they can't."""

    def writable(self) -> bool:
        """Whether `replace` will do, as far as can be told without doing it."""

    def replace(self, expected: bytes, content: bytes) -> bool:
        """Puts `content` there in one step, or False if it no longer holds `expected`. Raises: UnwritableError."""


class Found(msgspec.Struct, frozen=True):
    """One login or key in a file.

    label: a suggestion for a name; never an e-mail address. which: the path inside a file that holds several.
    provider: whose it is where that differs from the source's own.
    """

    label: str
    kind: AccountKind
    login: Login
    which: str = ""
    provider: str = ""


Places = Callable[[Mapping[str, str], Path], tuple[Place, ...]]
Reopen = Callable[[str, Mapping[str, str], Path], Place]
Read = Callable[[bytes], tuple[Found, ...]]
Write = Callable[[bytes, Login, str], bytes]
Facts = Callable[[Login], Mapping[str, str]]


def no_locks(_directory: Path) -> tuple[Path, ...]:
    """For tools that renew without one."""
    return ()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The credential file of one vendor's tool.

    name: as `account import` and StoredAccount.source write it. provider: whose logins it holds; "" where each says it.
    places: (environ, home) -> where to look, in order. reopen: (a place's name, environ, home) -> that place.
    alternatives: whether the first place that holds a login is the only one that counts. copy_of: the source whose
    login makes this one a copy that is not looked at. several: whether a place holds several, each with its `which`.
    read: the file's bytes -> what is in it, () for a file of the tool without credentials. Raises: AccountError.
    write: (old bytes, new login, which) -> the new bytes, every other field byte for byte as it was. None for a file
    that has no place for renewed tokens: they are kept beside it. Raises: AccountError.
    facts: what shaping needs of a login besides its token: account_id, project, base_url, plan.
    tool_locks: the tool's directory -> the lock directories that it makes while it renews its login.
    """

    name: str
    provider: str
    read: Read
    facts: Facts
    places: Places
    reopen: Reopen
    write: Write | None = None
    tool_locks: Callable[[Path], tuple[Path, ...]] = no_locks
    alternatives: bool = True
    copy_of: str = ""
    several: bool = False


def no_facts(_login: Login) -> Mapping[str, str]:
    """For vendors whose requests need nothing besides the token."""
    return {}


def home_of(environ: Mapping[str, str], variables: tuple[str, ...], default: Path) -> Path:
    """The directory that the first of `variables` names, else `default`."""
    named = next((environ[name] for name in variables if environ.get(name)), "")
    return Path(named) if named else default
