"""A tool's credential file: read whole, replaced whole, with the mode and the owner that the tool gave it.

Must never leave the file half written, follow a device or a pipe, or make it readable to anybody else.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from fastproxy.accounts.login import AccountError
from fastproxy.accounts.sources.base import UnwritableError
from fastproxy.storage import files

_EFFECTIVE = os.access in os.supports_effective_ids
FILE_BYTES = 1048576  # the largest seen holds dozens of MCP logins, in 40 KB


class CredentialFile:
    """A `Place`. path: as the tool names it; a symbolic link stays one, and its target is what is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        return str(self._path)

    @property
    def directory(self) -> Path:
        return self._path.parent

    @property
    def lock_path(self) -> Path:
        target = self._target()
        return target.with_name(f".{target.name}.fastproxy.lock")

    def read(self) -> bytes | None:
        try:
            # A pipe would have us wait for a writer, were it not for O_NONBLOCK.
            with open(os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise AccountError("it is not a file")
                body = file.read(FILE_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise AccountError(f"it can't be read: {error.strerror}") from None
        if len(body) > FILE_BYTES:
            raise AccountError(f"it is longer than {FILE_BYTES} bytes")
        return body

    def stamp(self) -> files.Stamp | None:
        return files.stamp(self._path)

    def exposed(self) -> str:
        try:
            mode = stat.S_IMODE(self._path.stat().st_mode)
        except OSError:
            return ""
        return f"others can read it (mode {mode:o}): chmod 600 it" if mode & 0o044 else ""

    def writable(self) -> bool:
        target = self._target()
        try:
            own = os.geteuid() in (0, target.stat().st_uid)
        except OSError:
            return False
        return own and os.access(target.parent, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE)

    def replace(self, expected: bytes, content: bytes) -> bool:
        target = self._target()
        try:
            # A file of another user's would become ours, and theirs no longer to read: `like` refuses that.
            return files.replace(target, content, like=target.stat(), only_if=lambda: self.read() == expected)
        except AccountError:
            return False
        except OSError as error:
            raise UnwritableError(f"{target} can't be replaced: {error.strerror}") from None

    def _target(self) -> Path:
        try:
            return self._path.resolve()
        except (OSError, RuntimeError):  # links in a circle
            return self._path.absolute()


def reopen(name: str, _environ: Mapping[str, str], _home: Path) -> CredentialFile:
    """The file of this path."""
    return CredentialFile(Path(name))


def all_of(directory: Path, *names: str) -> tuple[CredentialFile, ...]:
    """Files of a directory, whether they are there or not."""
    return tuple(CredentialFile(directory / name) for name in names)
