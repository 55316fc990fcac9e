"""How a decoder reads the commonest event of a stream, the next piece of the block that is open, without walking it.

A format says in types what such an event looks like, and everything in it that would mean more makes it not fit; then,
and where nothing is open that could go on, the event is read in full. Fields that a shape does not name are skipped
over, their strings unread: a byte in one that is no UTF-8, or an escape that is none, goes unseen. Brackets, commas and
numbers are judged everywhere, so that an event that was cut or torn is refused as in full.
Cost: a third of orjson.loads and a walk through what it returns; 1 us for an event that does not fit.
"""

from typing import Literal

import msgspec

from fastproxy.ir.events import Event, Text, Texts

# How often a decoder tries in vain before it reads everything of this response in full: each block ends in one that
# does not fit, and a host whose pieces never do must not pay for it forever.
TRIES = 64

UNFIT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what msgspec raises for an event of another shape

Silent = Literal[""] | None  # a text that says nothing


def tell(block: int, pieces: list[str], events: list[Event]) -> None:
    """Put pieces of a text into `events`, none of them empty. Most reads are one."""
    if pieces:
        events.append(Texts(block, pieces) if pieces[1:] else Text(block, pieces[0]))
