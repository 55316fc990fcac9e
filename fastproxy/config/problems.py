"""What is wrong with a configuration, as values that a person can act on. Never holds a secret or a value of one."""

from typing import NamedTuple


class Problem(NamedTuple):
    """One sentence and where it applies. path: file or other source; line and column from 1, 0 where there is none."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place}: {self.message}"


class ConfigError(Exception):
    """The configuration can't be used, and why: the first problem in fields, all of them in `problems` and `str()`."""

    def __init__(self, path: str, line: int, column: int, message: str, *, others: tuple[Problem, ...] = ()) -> None:
        self.problems = (Problem(path, line, column, message), *others)
        super().__init__("\n".join(map(str, self.problems)))
        self.path = path
        self.line = line
        self.column = column
        self.message = message
