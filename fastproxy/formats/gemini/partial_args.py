"""Arguments that Vertex streams in pieces, each with the path of the value it belongs to, put together again.

The order of keys is that of their first piece. Bounded: a path of very many steps, and an index far behind the end of
its list, are garbage.
Source: google-genai 3.4.0 `types.PartialArg` (paths as in RFC 9535); recorded streams; read 2026-11-21.
"""

import re
from typing import Any

import orjson

from fastproxy.errors import Fault

MAX_GAP = 1024
MAX_STEPS = 64  # of a path
_STEP = re.compile(r"""\.?([^.\[\]$]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
_ESCAPE = re.compile(r"\\(.)")
_VALUES = ("numberValue", "boolValue")

_Step = str | int


class PartialArgs:
    """One call's arguments on their way: `add` every piece, then `text`."""

    __slots__ = ("_path", "_pieces", "_root")

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._path: list[_Step] = []  # of the text that grows
        self._pieces: list[str] = []

    def add(self, piece: dict[str, Any]) -> None:
        """One partialArg. Raises: Fault(upstream_garbage) for a path that leads nowhere."""
        path = _steps(piece.get("jsonPath"))
        if path != self._path:
            self._settle()
        if isinstance(text := piece.get("stringValue"), str):
            self._path = path
            self._pieces.append(text)
            return
        self._path = []
        self._put(path, next((piece[name] for name in _VALUES if piece.get(name) is not None), None))

    def text(self) -> str:
        """The whole JSON text."""
        self._settle()
        return orjson.dumps(self._root).decode()

    def _settle(self) -> None:
        if self._path:
            self._put(self._path, "".join(self._pieces))
            self._pieces.clear()
            self._path = []

    def _put(self, path: list[_Step], value: object) -> None:
        place: Any = self._root
        for step, following in zip(path, [*path[1:], None], strict=True):
            _make_room(place, step)
            if following is None:
                place[step] = value
            else:
                if not isinstance(place[step], list if isinstance(following, int) else dict):
                    place[step] = [] if isinstance(following, int) else {}
                place = place[step]


def _make_room(place: Any, step: _Step) -> None:
    if isinstance(step, str):
        place.setdefault(step, None)
        return
    if step > len(place) + MAX_GAP:
        raise Fault("upstream_garbage", "the upstream sent an argument for a place that does not exist")
    place.extend([None] * (step + 1 - len(place)))


def _steps(path: object) -> list[_Step]:
    steps = [
        int(index) if index else name or _ESCAPE.sub(r"\1", single or double)
        for name, index, single, double in (_STEP.findall(path) if isinstance(path, str) else [])
    ]
    if not steps or isinstance(steps[0], int) or len(steps) > MAX_STEPS:
        raise Fault("upstream_garbage", "the upstream sent an argument without the path of its value")
    return steps
