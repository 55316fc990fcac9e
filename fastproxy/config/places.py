"""Where the keys of a TOML text stand. The standard parser tells values but not places, and errors need both.

Only for text that `tomllib` has accepted: this walks over keys, strings and brackets, and never judges what is valid.
"""

import re
import tomllib
from bisect import bisect_right

KeyPath = tuple[str | int, ...]
Place = tuple[int, int]

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}|"(?:[^"\\]|\\.)*"|'[^']*\'''',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")


def places(text: str) -> dict[KeyPath, Place]:
    """Key path -> (line, column) from 1, for every key, table header and list element. text: valid TOML."""
    walk = _Walk(text)
    walk.document()
    line_starts = [0, *(end.end() for end in re.finditer("\n", text))]
    found: dict[KeyPath, Place] = {}
    for path, offset in walk.offsets.items():
        line = bisect_right(line_starts, offset)
        found[path] = (line, offset - line_starts[line - 1] + 1)
    return found


class _Walk:
    """A cursor over the text; each method starts at its own first character and leaves the cursor behind its last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._headers: dict[KeyPath, int] = {}
        self.offsets: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self._skip(_GAP)
        while self._at < len(self._text):
            if self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_GAP)

    def _header(self) -> KeyPath:
        """`[a.b]` or `[[a.b]]`: the path that the pairs below belong to."""
        is_list = self._text.startswith("[[", self._at)
        self._at += 2 if is_list else 1
        start = self._at
        path = self._numbered(self._key(()))
        self._at = self._text.index("]", self._at) + (2 if is_list else 1)
        if is_list:
            number = self._headers.get(path, 0)
            self._headers[path] = number + 1
            path = (*path, number)
        self.offsets.setdefault(path, start)
        return path

    def _numbered(self, path: KeyPath) -> KeyPath:
        """A header's path, with the number of the last element behind every list of tables that it leads through."""
        numbered: KeyPath = ()
        for part in path[:-1]:
            numbered = (*numbered, part)
            if numbered in self._headers:
                numbered = (*numbered, self._headers[numbered] - 1)
        return (*numbered, path[-1])

    def _pair(self, table: KeyPath) -> None:
        path = self._key(table)
        self._at = self._text.index("=", self._at) + 1
        self._skip(_BLANK)
        self._value(path)

    def _key(self, path: KeyPath) -> KeyPath:
        """`a . "b" . c` below `path`; every part is noted where it first stands."""
        while True:
            self._skip(_BLANK)
            match = _PART.match(self._text, self._at)
            if match is None:
                return path
            path = (*path, _unquoted(match[0]))
            self.offsets.setdefault(path, self._at)
            self._at = match.end()
            self._skip(_BLANK)
            if self._peek() != ".":
                return path
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        opening = self._peek()
        if opening == "[":
            self._list(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._skip(_STRING if opening in "\"'" else _SCALAR)

    def _list(self, path: KeyPath) -> None:
        number = 0
        self._step()
        while self._peek() != "]":
            self.offsets[*path, number] = self._at
            self._value((*path, number))
            number += 1
            self._skip(_GAP)
            if self._peek() == ",":
                self._step()
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._step()
        while self._peek() != "}":
            self._pair(path)
            self._skip(_GAP)
            if self._peek() == ",":
                self._step()
        self._at += 1

    def _step(self) -> None:
        """Past one bracket or comma and what may stand behind it."""
        self._at += 1
        self._skip(_GAP)

    def _skip(self, what: re.Pattern[str]) -> None:
        match = what.match(self._text, self._at)
        self._at = match.end() if match else self._at + 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]


def _unquoted(part: str) -> str:
    return str(tomllib.loads(f"key = {part}")["key"]) if part[0] in "\"'" else part
