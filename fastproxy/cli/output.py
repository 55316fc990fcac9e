"""What commands say: tables for people, JSON for programs, one line for what went wrong. Decides nothing.

rich is imported when a table is drawn and not before: it costs 15 MiB that `serve` would carry for ever.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import orjson
import typer

WIDTH_WITHOUT_TERMINAL = 200  # a table in a pipe or a file is not folded to 80 columns

Json = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]


class CommandError(Exception):
    """The end of a command that could not do its work: a line that says what to do next, and the exit code."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def say(line: str) -> None:
    """One line on standard output: the result."""
    sys.stdout.write(line + "\n")


def note(line: str) -> None:
    """One line on standard error: for the person who reads along, not for a pipe."""
    sys.stderr.write(line + "\n")


def write_json(value: object) -> None:
    """One JSON document on standard output, indented."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output. Columns whose title begins with ">" are aligned to the right."""
    from rich.console import Console  # noqa: PLC0415 - see the module
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=any(columns))
    for title in columns:
        right = title.startswith(">")
        table.add_column(title.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # Text: a label such as "[red]" is a label, not a colour
    width = None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL
    Console(width=width, highlight=False).print(table)
