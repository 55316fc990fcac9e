"""A configuration file as values, each with the place where it stands, and the problems found in it so far.

Flags and environment variables are laid over the file here, so that every later check sees one set of values and still
knows which source to blame. Reads one file; never writes.
"""

import re
import tomllib
from pathlib import Path

from fastproxy.config.places import KeyPath, places
from fastproxy.config.problems import ConfigError, Problem

MAX_FILE_BYTES = 1 << 20

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Document:
    """The values of one configuration and everything that is wrong with them."""

    def __init__(self, label: str, text: str = "") -> None:
        """label: how problems name the file. Raises: ConfigError when the text is not TOML."""
        self.label = label
        self.values = _parsed(label, text)
        self._places = places(text)
        self._sources: dict[KeyPath, str] = {}
        self._problems: list[Problem] = []

    def lay_over(self, section: str, key: str, value: object, source: str) -> None:
        """Puts a value from elsewhere (`source` names it in problems) over what the file says."""
        table = self.values.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = value
            self._sources[section, key] = source

    def table(self, *path: str | int) -> dict[str, object]:
        """The table at a path; empty when absent, and when it is something else, which is noted as a problem."""
        value: object = self.values
        for part in path:
            if isinstance(part, int):
                value = value[part] if isinstance(value, list) and part < len(value) else {}
            else:
                value = value.get(part, {}) if isinstance(value, dict) else {}
        if isinstance(value, dict):
            return value
        self.blame(path, f"[{dotted(path)}] must be a table")
        return {}

    def blame(self, path: KeyPath, message: str) -> None:
        """Notes a problem at a key; at the nearest part of its path that stands in the file."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._sources:
                self._problems.append(Problem(self._sources[path[:end]], 0, 0, message))
                return
            if path[:end] in self._places:
                self._problems.append(Problem(self.label, *self._places[path[:end]], message))
                return
        self._problems.append(Problem(self.label, 0, 0, message))

    @property
    def problem_count(self) -> int:
        return len(self._problems)

    def require_sound(self) -> None:
        """Raises: ConfigError with every problem noted so far, in the order of the file."""
        if self._problems:
            first, *others = sorted(self._problems, key=lambda problem: (problem.line, problem.column))
            raise ConfigError(*first, others=tuple(others))


def dotted(path: KeyPath) -> str:
    """How a person names the table at a path; the number of a list's element is told by its place in the file."""
    return ".".join(part for part in path if isinstance(part, str))


def read_document(path: Path | None) -> Document:
    """The document of a file, or an empty one for None. Raises: ConfigError when it can't be read or is not TOML."""
    if path is None:
        return Document("configuration")
    label = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(label, 0, 0, f"can't be read: {error.strerror}") from None
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(label, 0, 0, f"is larger than {MAX_FILE_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")  # editors on Windows put a byte order mark there; TOML has none
    except UnicodeDecodeError as error:
        line_start = data.rfind(b"\n", 0, error.start) + 1
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(label, line, error.start - line_start + 1, "is not UTF-8 here") from None
    return Document(label, text)


def _parsed(label: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = _AT.search(message)
        sentence = _AT.sub("", message)
        if at is None or at[1] is None:
            last = text.rstrip("\n")
            line = last.count("\n") + 1
            raise ConfigError(label, line, len(last) - last.rfind("\n"), f"{sentence} at the end of the file") from None
        raise ConfigError(label, int(at[1]), int(at[2]), sentence) from None
    except ValueError as error:  # a number of more digits than Python takes
        raise ConfigError(label, 1, 1, f"has a value that can't be read: {error}") from None
    except RecursionError:
        raise ConfigError(label, 1, 1, "is nested too deeply") from None
