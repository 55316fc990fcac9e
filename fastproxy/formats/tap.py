"""Usage, model and the end of a response, read off the bytes that pass by. It looks; it never changes or delays.

Nothing is decoded on the way: a few substring searches per read, and at the end one or two small objects are parsed.
Memory is bounded by CANDIDATE_BYTES, whatever the size of the response and however it is split.
"""

import re
from functools import lru_cache

import msgspec
import orjson

from fastproxy.formats.base import TapRules
from fastproxy.ir.events import Usage
from fastproxy.ir.fold import merge

CANDIDATE_BYTES = 8192  # the largest usage object seen in recorded traffic has 1.1 KB
MODEL_SEARCH_BYTES = 65536  # a response that has not named its model by then is left nameless
TAIL_BYTES = 1024
UNREAD_PIECES = 16  # with UNREAD_BYTES: at most 16 KiB of a stream wait to be looked at
UNREAD_BYTES = 1024
_SEAM_BYTES = 320  # longer than any mark, and than any model's name, that a read could cut in two
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")  # never within JSON, not even a pretty-printed one
# An object with objects in it and neither braces nor quotes in its texts: every usage object seen, in one step.
_FLAT = re.compile(rb'\{[^{}"\\]*(?:"[^"{}\\]*"[^{}"\\]*|\{[^{}"\\]*(?:"[^"{}\\]*"[^{}"\\]*)*\}[^{}"\\]*)*\}')
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')
_NOTHING = Usage()


class Marks(msgspec.Struct, frozen=True):
    """A format's TapRules, compiled once per process."""

    rules: TapRules
    usage: re.Pattern[bytes]
    model: re.Pattern[bytes]


@lru_cache(maxsize=16)
def marks(rules: TapRules) -> Marks:
    """Patterns that allow the white space that pretty-printed answers have around the colon."""
    return Marks(
        rules,
        re.compile(re.escape(rules.usage_key) + rb"\s*:\s*(?=\{)"),
        re.compile(re.escape(rules.model_key) + rb'\s*:\s*("(?:[^"\\]|\\.)+")'),  # "" names none
    )


class Tap:
    """One per response. Feed it everything, then read `usage()`, `model`, `finished` and `failed`.

    Cost: 0.1 us per read, and for every UNREAD_PIECES of them 2 us, or 15 us where each event tells usage (Gemini).
    """

    __slots__ = (
        "_failed",
        "_finished",
        "_first",
        "_growing",
        "_last",
        "_marks",
        "_model",
        "_seam",
        "_searched",
        "_sequence",
        "_tail",
        "_unread",
    )

    def __init__(self, known: Marks) -> None:
        self._marks = known
        self._unread: list[bytes] = []
        self._first = b""  # Anthropic tells input first and output last, so both ends are kept
        self._last = b""
        self._growing = False  # whether _last may continue in the next read
        self._seam = b""
        self._searched = 0
        self._model = ""
        self._tail = b""
        self._finished = False
        self._failed = False
        self._sequence = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the response. Nobody asks before its end, so small reads are looked at together."""
        self._unread.append(data)
        if len(data) >= UNREAD_BYTES or len(self._unread) >= UNREAD_PIECES:
            self._look()

    @property
    def model(self) -> str:
        """Who answers, as the upstream names it; "" when it has not said."""
        self._look()
        return self._model

    @property
    def finished(self) -> bool:
        """Whether the stream has said that it ended well."""
        self._look()
        return self._finished

    @property
    def failed(self) -> bool:
        """Whether the stream has told an error."""
        self._look()
        return self._failed

    @property
    def tail(self) -> bytes:
        """The last sequence number, where there are any, and the last TAIL_BYTES of what has been fed."""
        self._look()
        return self._sequence + self._tail

    def usage(self) -> Usage:
        """The tokens told so far; every class None when the upstream told nothing."""
        self._look()
        last = self._parse(self._last)
        if self._first is self._last:
            return last or _NOTHING
        return merge(self._parse(self._first) or _NOTHING, last or _NOTHING)

    def _look(self) -> None:
        if not self._unread:
            return
        data = b"".join(self._unread)
        self._unread.clear()
        rules = self._marks.rules
        if self._growing:
            self._grow(data)
        window = self._seam + data if self._seam else data
        # Mostly there is nothing to find. CPython's `rfind` says so in a third of the time that `in` takes.
        if window.rfind(rules.usage_key) >= 0 and (told := self._marks.usage.search(window)) is not None:
            self._note_usage(window, told)
        if not self._finished and rules.finished.search(window):
            self._finished = True
        if window.rfind(b"error") >= 0 and rules.failed.search(window):
            self._failed = True
        if not self._model and self._searched < MODEL_SEARCH_BYTES:
            self._searched += len(data)
            self._note_model(window)
        self._seam = b"" if data.endswith(_EVENT_ENDS) else window[-_SEAM_BYTES:]
        if rules.sequence_key and (at := window.rfind(rules.sequence_key)) >= 0:
            self._sequence = window[at : at + _SEAM_BYTES]
        self._tail = (self._tail + data[-TAIL_BYTES:])[-TAIL_BYTES:]

    def _note_usage(self, window: bytes, told: re.Match[bytes] | None) -> None:
        """Keep the first usage object and the last. told: the first. Many hosts say null in every event but one."""
        pattern, key = self._marks.usage, self._marks.rules.usage_key
        last = None
        while told is not None:
            at = told.end()
            if at >= len(self._seam):  # one that begins before is known from the read before
                last = window[at : at + CANDIDATE_BYTES]
                if not self._first:
                    self._first = last
            told = pattern.search(window, at) if window.rfind(key, at) >= 0 else None
        if last is not None:
            self._last = last
            self._growing = not window.endswith(_EVENT_ENDS) and len(last) < CANDIDATE_BYTES

    def _grow(self, data: bytes) -> None:
        whole = self._last is self._first
        self._last = (self._last + data)[:CANDIDATE_BYTES]
        if whole:
            self._first = self._last
        self._growing = len(self._last) < CANDIDATE_BYTES

    def _note_model(self, window: bytes) -> None:
        match = self._marks.model.search(window)
        if match is not None:
            self._model = _text(match[1])

    def _parse(self, candidate: bytes) -> Usage | None:
        raw = balanced(candidate)
        if raw is None:
            return None
        try:
            return self._marks.rules.usage(orjson.loads(raw))
        except orjson.JSONDecodeError:
            return None


def balanced(candidate: bytes) -> bytes | None:
    """The JSON object that `candidate` begins with, or None when it does not end within it."""
    flat = _FLAT.match(candidate)
    if flat is not None:
        return flat[0]
    depth = 0
    for token in _TOKENS.finditer(candidate):
        if token[0] == b"{":
            depth += 1
        elif token[0] == b"}":
            depth -= 1
            if depth == 0:
                return candidate[: token.end()]
    return None


def _text(quoted: bytes) -> str:
    try:
        return str(orjson.loads(quoted))
    except orjson.JSONDecodeError:
        return ""
