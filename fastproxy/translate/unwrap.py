r"""Envelopes of ours in a request that stays in its format: taken off, or taken out with what they are on.

A client that has used a translated model and goes on with one of its own format sends our envelopes to a vendor who
would refuse them. Nothing but the parts that hold one changes; every other byte stays as it came, since vendors check
signatures against the text before them. Called only where `seal.has_seal` says so.
"""

import re
from collections.abc import Callable, Mapping

import msgspec
import orjson

from fastproxy.formats.base import FormatName
from fastproxy.jsonedit import Fields, remove
from fastproxy.translate.seal import DROPPED, Mint, Seal, has_seal, is_sealed, opened

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_SEPARATOR = re.compile(rb"\s*[\[,]\s*")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_EMPTY = b"[]"
_STAND_IN = rb"\\u0020"  # as long, so that offsets stay true (see jsonedit)

# An element with an envelope, and what the envelope holds if this request may say it, to what the element becomes.
Mended = Callable[[bytes, str, Seal | None], bytes | None]


class _Place(msgspec.Struct, frozen=True):
    """Where a format keeps signatures.

    turns: the array of turns. inner: the array in each of them, "" where the turns are the elements. keys: of an
    element that may hold a signature. mended: what becomes of the element; None to leave it out. needed: whether a turn
    can't be without the inner array.
    """

    turns: str
    inner: str
    keys: tuple[str, ...]
    mended: Mended
    needed: bool = True


def unwrap(body: bytes, mint: Mint) -> tuple[bytes, tuple[str, ...]]:
    """A request body of `mint`'s own format without envelopes, and the names of what was dropped.

    What `mint` made is restored; what others made goes, with the block that can't be without it. Unchanged where
    nothing is sealed. Raises: Fault(bad_request) for a body that is not one JSON object.
    Cost: that of decoding the body; 2 us for one without envelopes.
    """
    if not has_seal(body):
        return body, ()
    place, turns = _PLACES[mint.format], Fields(body)
    if place.turns not in turns:
        return body, ()
    before, array, after = turns.around(place.turns)
    editor = _Editor(place, mint)
    edited = _edited(array, editor.turn)
    return before + edited + after, (DROPPED,) if editor.lost else ()


class _Editor:
    """One per request: what becomes of each turn and each element, and whether anything was lost."""

    def __init__(self, place: _Place, mint: Mint) -> None:
        self._place = place
        self._mint = mint
        self.lost = False

    def turn(self, turn: bytes) -> bytes | None:
        """The turn without envelopes; None when nothing is left of it."""
        place = self._place
        if not place.inner:
            return self.element(turn)
        fields = Fields(turn)
        if place.inner not in fields:
            return turn
        before, array, after = fields.around(place.inner)
        edited = _edited(array, self.element)
        if edited != _EMPTY or array == _EMPTY:
            return before + edited + after
        return None if place.needed else fields.without(place.inner)

    def element(self, element: bytes) -> bytes | None:
        """The element without its envelope; None to leave it out."""
        fields = Fields(element)
        for key in self._place.keys:
            signature = fields.value(key)
            if isinstance(signature, str) and is_sealed(signature):
                told = opened(signature)
                mine = told if told is not None and told.is_of(self._mint) else None
                self.lost |= mine is None
                return self._place.mended(element, key, mine)
        return element


def _edited(array: bytes, edit: Callable[[bytes], bytes | None]) -> bytes:
    """The array with every element that may hold an envelope edited, the rest byte for byte; a text is no array."""
    if not array.startswith(b"["):
        return array
    out: list[bytes] = []
    head, at = b"", 0
    for raw in _elements(array):
        separator = _SEPARATOR.match(array, at)
        assert separator is not None  # noqa: S101 - the decoder has found an element behind it
        start, at = separator.end(), separator.end() + len(raw)
        head = head or separator[0]
        element = array[start:at]
        kept = edit(element) if element.startswith(b"{") and has_seal(element) else element
        if kept is not None:
            out += (separator[0] if out else head, kept)
    return b"".join(out) + array[at:] if out else _EMPTY


def _elements(array: bytes) -> list[bytes]:
    """The elements' texts, each as long as it stands in `array`."""
    try:
        return [bytes(raw) for raw in _ARRAY.decode(array)]
    except msgspec.DecodeError:  # a lone half of a surrogate pair: legal JSON that the decoder stops at
        return [bytes(raw) for raw in _ARRAY.decode(_SURROGATE.sub(_STAND_IN, array))]


def _anthropic(block: bytes, key: str, seal: Seal | None) -> bytes | None:
    """A thinking block is nothing without its signature, and one whose text was withheld has a type of its own."""
    if seal is None:
        return None
    if seal.bound == "redacted":
        return orjson.dumps({"type": "redacted_thinking", "data": seal.signature})
    return _with(block, key, seal)


def _whole(element: bytes, key: str, seal: Seal | None) -> bytes | None:
    """An element that is nothing without its signature."""
    return None if seal is None else _with(element, key, seal)


def _gemini(part: bytes, key: str, seal: Seal | None) -> bytes | None:
    """A thought goes with its signature; a call or a text can be without."""
    if seal is not None:
        return _with(part, key, seal)
    return None if Fields(part).value("thought") is True else remove(part, (key,))


def _with(element: bytes, key: str, seal: Seal) -> bytes:
    """The element with the signature as it was minted."""
    before, _, after = Fields(element).around(key)
    return before + orjson.dumps(seal.signature) + after


_PLACES: Mapping[FormatName, _Place] = {
    "anthropic": _Place("messages", "content", ("signature",), _anthropic),
    "openai-responses": _Place("input", "", ("encrypted_content",), _whole),
    "gemini": _Place("contents", "parts", ("thoughtSignature", "thought_signature"), _gemini),
    "openai-chat": _Place("messages", "reasoning_details", ("data",), _whole, needed=False),
}
