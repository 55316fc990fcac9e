"""A failing case in a file of its own, to be looked at, played again, and made into a test.

Bytes are written as latin-1 text: one character a byte, most of them readable.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from slow.fuzz.cases import Case
from slow.host import Ending

FOLDER = Path("fuzz-failures")


class _File(msgspec.Struct):
    problems: list[str]
    kind: str
    answered: bool
    ending: Ending
    sent: list[str]
    said: list[str]


def write(case: Case, problems: Sequence[str], name: str) -> Path:
    """The file, in FOLDER."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    file = _File(list(problems), case.kind, case.answered, case.ending, _text(case.sent), _text(case.said))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(file)) + b"\n")
    return path


def read(path: Path) -> Case:
    file = msgspec.json.decode(path.read_bytes(), type=_File)
    return Case(file.kind, _bytes(file.sent), _bytes(file.said), file.ending, file.answered)


def _text(pieces: Sequence[bytes]) -> list[str]:
    return [piece.decode("latin-1") for piece in pieces]


def _bytes(pieces: Sequence[str]) -> list[bytes]:
    return [piece.encode("latin-1") for piece in pieces]
