"""The tool calls of one Chat response, put together from deltas that hosts number, name and cut as they like.

A delta belongs to a call by its index, else by its id, else to the last one. It opens another call when its index is a
new one, or when it names a call with another id: Gemini's endpoint gives every parallel call the index 0. A call is
announced with its first argument, so that an id or half a name may come late. One whose arguments are whole JSON is
ended when something else begins, so that formats that write one block at a time need not hold the next one back.
It never parses arguments into values and never drops a piece of a call that is open.
Source: recorded streams of nine hosts; github.com/su-kaka/gcli2api/pull/406 (one index for all calls); 2026-11-21.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.thoughts import google_signature
from fastproxy.ir.events import BlockEnd, Event, Reasoning, ToolArgs, ToolStart

MAX_OPEN = 256  # calls at the same time; the most recorded are 6
LOOKED_CHARACTERS = 67_108_864  # of arguments, to see whether they are whole: each look is at all of a call's

Object = dict[str, Any]


class Call:
    """One call as told so far. block: None until it is announced.

    whole: what the last look has shown; looked_pieces: how many pieces there were behind it.
    """

    __slots__ = ("block", "custom", "ended", "id", "looked_pieces", "name", "pieces", "signature", "whole")

    def __init__(self) -> None:
        self.block: int | None = None
        self.id = ""
        self.name = ""
        self.custom = False
        self.ended = False
        self.pieces: list[str] = []
        self.looked_pieces = 0
        self.whole = False
        self.signature: str | None = None


class Calls:
    """All calls of a response. numbers: gives each block its number, shared with the text blocks."""

    __slots__ = ("_all", "_by_id", "_by_index", "_looked_characters", "_numbers", "_open")

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._looked_characters = 0
        self._all: list[Call] = []
        self._open: list[Call] = []
        self._by_index: dict[int, Call] = {}
        self._by_id: dict[str, Call] = {}

    def __bool__(self) -> bool:
        return bool(self._all)

    @property
    def are_open(self) -> bool:
        """Whether a call waits for more."""
        return bool(self._open)

    def grow(self, entries: object, events: list[Event]) -> bool:
        """`take` for the commonest delta, one more piece of a call that is told already; False for any other.

        Cost: 0.5 us; `take` needs 2.5.
        """
        if type(entries) is not list or len(entries) != 1 or type(entry := entries[0]) is not dict:
            return False
        function, index = entry.get("function"), entry.get("index")
        if len(entry) != 2 or type(function) is not dict or len(function) != 1 or type(index) is not int:
            return False
        call, text = self._by_index.get(index), function.get("arguments")
        if call is None or call.block is None or call.ended or type(text) is not str:
            return False
        if text:
            call.pieces.append(text)
            events.append(ToolArgs(call.block, text))
        return True

    def take(self, entries: list[Any], events: list[Event]) -> None:
        """The deltas of one chunk, told as events."""
        several = len(entries) > 1
        for position, entry in enumerate(entries):
            if isinstance(entry, dict):
                self._take(entry, position if several else -1, events)

    def end_whole(self, events: list[Event]) -> None:
        """End the calls that nothing can follow, and announce the others: what comes next stands behind them."""
        for call in self._open:
            self._announce(call, events)
        for call in [call for call in self._open if self._is_whole(call)]:
            self._end(call, events)

    def end(self, events: list[Event]) -> None:
        """End every call, in order of opening."""
        for call in list(self._open):
            self._announce(call, events)
            self._end(call, events)

    def _take(self, entry: Object, position: int, events: list[Event]) -> None:
        custom = entry.get("custom")
        told = custom if isinstance(custom, dict) else entry.get("function")
        if not isinstance(told, dict):
            told = {}
        name, text = _text(told.get("name")), arguments_text(told.get("arguments", told.get("input")))
        id_ = _id(entry.get("id"))
        call = self._find(entry.get("index"), id_, position, starts=bool(name), brings=bool(text))
        if call is None:
            call = self._opened(entry.get("index"), events)
            call.custom = isinstance(custom, dict) or entry.get("type") == "custom"
        if id_ and not call.id:
            call.id = id_
            self._by_id[id_] = call
        if "extra_content" in entry:
            call.signature = google_signature(entry) or call.signature
        if name and call.block is None and name != call.name:
            call.name += name
        if text and not call.ended:
            self._announce(call, events)
            call.pieces.append(text)
            events.append(ToolArgs(call.block or 0, text))

    def _find(self, index: object, id_: str, position: int, *, starts: bool, brings: bool) -> Call | None:
        """The call that a delta goes on with; None when it opens one. starts: it has a name; brings: arguments."""
        if type(index) is int:
            call = self._by_index.get(index)
            if call is None or not starts:
                return call
            other_id = bool(id_ and call.id and id_ != call.id)
            return None if other_id or (brings and not id_ and self._is_whole(call)) else call
        last = self._all[-1] if self._all else None
        if id_ in self._by_id:
            return self._by_id[id_]
        if starts or (id_ and last is not None and last.id):
            return None
        return self._all[position] if 0 <= position < len(self._all) else last

    def _opened(self, index: object, events: list[Event]) -> Call:
        self.end_whole(events)
        if len(self._open) >= MAX_OPEN:
            raise Fault("upstream_garbage", f"the upstream left more than {MAX_OPEN} tool calls unfinished")
        call = Call()
        self._all.append(call)
        self._open.append(call)
        if type(index) is int:
            self._by_index[index] = call
        return call

    def _is_whole(self, call: Call) -> bool:
        """Whether nothing can follow: the arguments are one JSON value. Free text never says so."""
        if len(call.pieces) != call.looked_pieces and not call.custom:
            call.whole = self._looks_whole(call)
            call.looked_pieces = len(call.pieces)
        return call.whole

    def _looks_whole(self, call: Call) -> bool:
        """A look at a call that has grown. What it goes through is counted before it does."""
        if not self._may_look(len(call.pieces[-1])) or not call.pieces[-1].rstrip().endswith("}"):
            return False
        if not self._may_look(sum(map(len, call.pieces))):
            return False
        call.pieces = ["".join(call.pieces)]
        try:
            orjson.loads(call.pieces[0])
        except orjson.JSONDecodeError:
            return False
        return True

    def _may_look(self, characters: int) -> bool:
        self._looked_characters += characters
        return self._looked_characters <= LOOKED_CHARACTERS

    def _announce(self, call: Call, events: list[Event]) -> None:
        if call.block is not None:
            return
        if call.signature is not None:
            proof = next(self._numbers)
            events += [Reasoning(proof, "", call.signature, "call"), BlockEnd(proof)]
        call.block = next(self._numbers)
        events.append(ToolStart(call.block, call.id, call.name, call.custom))

    def _end(self, call: Call, events: list[Event]) -> None:
        self._open.remove(call)
        call.ended = True
        events.append(BlockEnd(call.block or 0))


def arguments_text(arguments: object) -> str:
    """A call's arguments as text, byte for byte. An object, which some hosts send, is written once."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def _id(value: object) -> str:
    """Mistral's older hosts number their calls."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
