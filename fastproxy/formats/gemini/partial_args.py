"""Arguments that Vertex streams in pieces, each with the path of the value it belongs to, put together again.

The order of keys is that of their first piece. Bounded: a path of very many steps, lists with very many places that
nobody tells, and very many objects and lists are garbage, for a short path can ask for all of them.
Source: google-genai 3.4.0 `types.PartialArg` (paths as in RFC 9535); recorded streams; read 2026-11-21.
"""

import re
from itertools import islice
from typing import Any

import orjson

from fastproxy.errors import Fault

MAX_STEPS = 64  # of a path
MAX_UNTOLD = 64  # places of one call's lists that are null because an index was left out; in the recordings none is
MAX_CONTAINERS = 65_536  # of one call: some 15 MB
_INDEX_DIGITS = 9
_STEP = re.compile(r"""\.?([^.\[\]$]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
_ESCAPE = re.compile(r"\\(.)")
_VALUES = ("numberValue", "boolValue")

_Step = str | int
_Container = list[Any] | dict[str, Any]


class PartialArgs:
    """One call's arguments on their way: `add` every piece, then `text`."""

    __slots__ = ("_containers", "_path", "_pieces", "_root", "_untold")

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._containers = 0
        self._untold = 0
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
            self._make_room(place, step)
            if following is None:
                place[step] = value
            else:
                if not isinstance(place[step], list if isinstance(following, int) else dict):
                    place[step] = self._container([] if isinstance(following, int) else {})
                place = place[step]

    def _make_room(self, place: Any, step: _Step) -> None:
        if isinstance(step, str):
            place.setdefault(step, None)
            return
        self._untold += max(step - len(place), 0)
        if self._untold > MAX_UNTOLD:
            raise Fault("upstream_garbage", "the upstream sent an argument for a place that does not exist")
        place.extend([None] * (step + 1 - len(place)))

    def _container(self, empty: _Container) -> _Container:
        self._containers += 1
        if self._containers > MAX_CONTAINERS:
            raise Fault("upstream_garbage", f"the upstream sent more than {MAX_CONTAINERS} objects and lists in a call")
        return empty


def _steps(path: object) -> list[_Step]:
    found = islice(_STEP.finditer(path), MAX_STEPS + 1) if isinstance(path, str) else ()
    steps = [_step(*match.groups("")) for match in found]
    if not steps or isinstance(steps[0], int) or len(steps) > MAX_STEPS:
        raise Fault("upstream_garbage", "the upstream sent an argument without the path of its value")
    return steps


def _step(name: str, index: str, single: str, double: str) -> _Step:
    if index:
        return int(index[:_INDEX_DIGITS])  # a longer one leads nowhere either
    return name or _ESCAPE.sub(r"\1", single or double)
