"""References to secrets, followed: `env:NAME`, `file:PATH`, `cred:NAME`. Any other text stands for itself.

What it finds goes into Secret values and digests only. Its errors name the reference and never what lies behind it.
"""

from collections.abc import Mapping
from pathlib import Path

MAX_SECRET_BYTES = 65536


class Unresolved(Exception):  # noqa: N818 - a finding, which callers turn into a problem or into "not usable"
    """A reference that leads nowhere; str() is one sentence for a person."""


class References:
    """What references are relative to. directory: of the configuration file, for relative `file:` paths."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self._directory = directory
        self._environ = environ

    def follow(self, text: str) -> str:
        """The value that a configured text stands for.

        Raises: Unresolved when the variable, file or credential is missing or empty, or the value could not stand in
        a header line.
        """
        scheme, colon, rest = text.partition(":")
        match scheme if colon else "":
            case "env":
                value, source = self._environ.get(rest, ""), rest
            case "file":
                value, source = self._read(self._directory / Path(rest).expanduser(), rest), f"the file {rest}"
            case "cred":
                value, source = self._credential(rest), f"the credential {rest}"
            case _:
                value, source = text, "the value"
        if not value:
            raise Unresolved(f"{source} is not set" if scheme == "env" else f"{source} is empty")
        if not (value.isascii() and value.isprintable()):
            raise Unresolved(f"{source} has characters that can't stand in a header")
        return value

    def _credential(self, name: str) -> str:
        directory = self._environ.get("CREDENTIALS_DIRECTORY", "")
        if not directory:
            raise Unresolved(f"CREDENTIALS_DIRECTORY is not set, so there is no credential {name}")
        if "/" in name or name in ("", ".", ".."):
            raise Unresolved(f"{name!r} is not the name of a credential")
        return self._read(Path(directory) / name, f"credential {name}")

    @staticmethod
    def _read(path: Path, name: str) -> str:
        try:
            if not path.is_file():  # a pipe would block, a directory has no content
                raise Unresolved(f"there is no file {name}")
            data = path.read_bytes()[: MAX_SECRET_BYTES + 1]
            text = data.decode()
        except OSError as error:
            raise Unresolved(f"{name} can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise Unresolved(f"{name} is not text") from None
        if len(data) > MAX_SECRET_BYTES:
            raise Unresolved(f"{name} is larger than {MAX_SECRET_BYTES} bytes")
        return text.removesuffix("\n").removesuffix("\r")
