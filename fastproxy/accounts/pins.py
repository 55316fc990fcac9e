"""Which account a conversation belongs to: bounded by the least lately used, and forgotten in silence.

Holds names only, never a secret or a word of a conversation.
"""

from collections import OrderedDict
from hashlib import sha256

SESSION_CHARS = 64  # a longer key is kept as its digest, so that a client can't choose how much memory it takes


class Pin:
    """A conversation's accounts. home: where it goes, "" after a hard rebind; last: who answered last, "" if nobody.

    They differ while the home is resting. used_at: when it was last asked for.
    """

    __slots__ = ("home", "last", "used_at")

    def __init__(self, home: str, used_at: float) -> None:
        self.home = home
        self.last = ""
        self.used_at = used_at


class Pins:
    """Conversations by provider and session key.

    seconds: how long a silent one keeps its home; pins: the most it holds.

    A pin that ran out still tells who answered last, until newer ones push it out: what a client sends back may be
    bound to that account however long it was silent.
    A wall clock that goes back keeps a pin alive for at most as long as it went back; the next use sets it right.
    """

    __slots__ = ("_by_session", "_pins", "_seconds")

    def __init__(self, seconds: float, pins: int) -> None:
        self._seconds = seconds
        self._pins = pins
        self._by_session: OrderedDict[tuple[str, str], Pin] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_session)

    def limit(self, seconds: float, pins: int) -> None:
        """Take other limits; those least lately used go at once where there are too many."""
        self._seconds, self._pins = seconds, pins
        while len(self._by_session) > max(0, pins):
            self._by_session.popitem(last=False)

    def used(self, provider: str, session: str, now: float) -> Pin | None:
        """The conversation's pin, now used; its home is "" when it was silent for too long. None: a new conversation.

        Cost: 0.25 us.
        """
        key = (provider, session if len(session) <= SESSION_CHARS else _digest(session))
        pin = self._by_session.get(key)
        if pin is None:
            return None
        if now - pin.used_at > self._seconds:
            pin.home = ""
        pin.used_at = now
        self._by_session.move_to_end(key)
        return pin

    def add(self, provider: str, session: str, home: str, now: float) -> Pin | None:
        """A new session's pin, kept; the least lately used goes when there are too many. None where none are kept."""
        if self._pins <= 0:
            return None
        pin = self._by_session[provider, session if len(session) <= SESSION_CHARS else _digest(session)] = Pin(
            home, now
        )
        if len(self._by_session) > self._pins:
            self._by_session.popitem(last=False)
        return pin

    def known(self, provider: str, session: str) -> Pin | None:
        """The conversation's pin as it is, not used by this."""
        return self._by_session.get((provider, session if len(session) <= SESSION_CHARS else _digest(session)))

    def homes(self, now: float) -> dict[str, int]:
        """How many living sessions each account is home to."""
        counts: dict[str, int] = {}
        for pin in self._by_session.values():
            if pin.home and now - pin.used_at <= self._seconds:
                counts[pin.home] = counts.get(pin.home, 0) + 1
        return counts


def _digest(session: str) -> str:
    return sha256(session.encode("utf-8", "surrogatepass")).hexdigest()
