r"""Envelopes of ours in a request that stays in its format: taken off, or taken out with what they are on.

A client that has used a translated model and goes on with one of its own format sends our envelopes to a vendor who
would refuse them. Nothing but the parts that hold one changes; every other byte stays as it came, since vendors check
signatures against the text before them. Called only where `seal.has_seal` says so.
"""

import orjson

from fastproxy.formats import BY_NAME
from fastproxy.formats.base import SignaturePlace
from fastproxy.jsonedit import Fields, edit_elements
from fastproxy.translate.seal import DROPPED, Mint, Seal, has_seal, is_sealed, opened

_EMPTY = b"[]"


def unwrap(body: bytes, mint: Mint, *, moved: bool = False) -> tuple[bytes, tuple[str, ...]]:
    """A request body of `mint`'s own format without envelopes, and the names of what was dropped.

    What `mint` made is restored; what others made goes, with the block that can't be without it. moved: another account
    has answered this conversation before, so that signatures outside of envelopes are not `mint`'s either.
    Unchanged where nothing is concerned. Raises: Fault(bad_request) for a body that is not one JSON object.
    Cost: that of decoding the body; 2 us for one without envelopes.
    """
    editor = _Editor(BY_NAME[mint.format].signatures, mint, moved=moved)
    if not editor.concerns(body):
        return body, ()
    turns, key = Fields(body), editor.place.turns
    if key not in turns:
        return body, ()
    before, array, after = turns.around(key)
    edited = edit_elements(array, editor.turn, editor.concerns)
    return before + edited + after, (DROPPED,) if editor.lost else ()


class _Editor:
    """One per request: what becomes of each turn and each element, and whether anything was lost."""

    def __init__(self, place: SignaturePlace, mint: Mint, *, moved: bool) -> None:
        self.place = place
        self._mint = mint
        self._moved = moved
        self.lost = False

    def concerns(self, text: bytes) -> bool:
        """Whether a body, a turn or an element has anything to edit."""
        return has_seal(text) or (self._moved and any(b'"%b"' % key.encode() in text for key in self.place.keys))

    def turn(self, turn: bytes) -> bytes | None:
        """The turn without envelopes; None when nothing is left of it."""
        place = self.place
        if not place.inner:
            return self.element(turn)
        fields = Fields(turn)
        if place.inner not in fields:
            return turn
        before, array, after = fields.around(place.inner)
        edited = edit_elements(array, self.element, self.concerns)
        if edited != _EMPTY or array == _EMPTY:
            return before + edited + after
        return None if place.needs_inner else fields.without(place.inner)

    def element(self, element: bytes) -> bytes | None:
        """The element without its envelope; None to leave it out."""
        fields = Fields(element)
        for key in self.place.keys:
            signature = fields.value(key)
            if not isinstance(signature, str) or not (is_sealed(signature) or (self._moved and signature)):
                continue
            told = opened(signature)
            if told is not None and told.is_of(self._mint):
                return self._restored(element, key, told)
            self.lost = True
            return self.place.bare(element, key)
        return element

    def _restored(self, element: bytes, key: str, seal: Seal) -> bytes:
        """The element with the signature as it was minted."""
        if seal.bound == "redacted" and self.place.withheld is not None:
            return self.place.withheld(seal.signature)
        before, _, after = Fields(element).around(key)
        return before + orjson.dumps(seal.signature) + after
