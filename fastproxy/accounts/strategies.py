"""Which of the accounts that could serve a request does: one pure function for each strategy.

A strategy sees only usable accounts, in order of position, and changes none of them.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from math import inf, log
from typing import NamedTuple

from fastproxy.accounts.seat import Seat
from fastproxy.providers.base import Strategy

RESERVE_FRACTION = 0.1  # of a quota: for conversations that are already there


class Ask(NamedTuple):
    """What a choice may depend on. session: the key of the conversation, or of the one that it came from; "" = none."""

    session: str
    model: str
    now: float


Choose = Callable[[Sequence[Seat], Ask], Seat]  # of one seat or more

_64_BITS = 0xFFFF_FFFF_FFFF_FFFF
_TO_FRACTION = 2.0**-64


def sticky(seats: Sequence[Seat], ask: Ask) -> Seat:
    """The highest score of a rendezvous hash over session and account, weighted; without a session, as `weighted`.

    Every worker comes to the same answer without talking, and an account that comes or goes moves its own sessions
    only. Cost: 0.4 us and 0.35 us for each account.
    Source: Schindelhauer and Schomaker, Weighted Distributed Hash Tables (SPAA 2005): score = ln(hash) / weight.
    """
    if not ask.session:
        return weighted(seats, ask)
    if len(seats) == 1:
        return seats[0]
    key = int.from_bytes(blake2b(ask.session.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    best, best_score = seats[0], -inf
    for seat in seats:
        score = log((key * seat.salt & _64_BITS | 1) * _TO_FRACTION) / seat.weight
        if score > best_score:
            best, best_score = seat, score
    return best


def round_robin(seats: Sequence[Seat], _: Ask) -> Seat:
    """The one that has waited longest."""
    return min(seats, key=_turn)


def weighted(seats: Sequence[Seat], _: Ask) -> Seat:
    """The one that had the least for its weight; evenly mixed, not in runs."""
    return min(seats, key=_share)


def priority(seats: Sequence[Seat], _: Ask) -> Seat:
    """The first, by position."""
    return seats[0]


def least_used(seats: Sequence[Seat], _: Ask) -> Seat:
    """The one with the fewest requests under way, then the fewest ever, both by weight."""
    return min(seats, key=_use)


def quota_aware(seats: Sequence[Seat], ask: Ask) -> Seat:
    """Where most would be lost unless it is spent: the fastest required drain of the longest quota.

    Accounts with a quota that is nearly spent come last, since they might not finish what they begin; those whose
    quotas nobody knows come before them. Cost: 0.6 us for each account with three quotas.
    """
    best, best_rank = seats[0], _rank(seats[0], ask.model, ask.now)
    for seat in seats[1:]:
        rank = _rank(seat, ask.model, ask.now)
        if rank > best_rank:
            best, best_rank = seat, rank
    return best


STRATEGIES: Mapping[Strategy, Choose] = {
    "sticky": sticky,
    "round-robin": round_robin,
    "weighted": weighted,
    "priority": priority,
    "least-used": least_used,
    "quota-aware": quota_aware,
}
# Those under which a conversation stays where it is: its prompt cache is worth more than a better choice.
PINNED: frozenset[Strategy] = frozenset(("sticky", "quota-aware"))


def _turn(seat: Seat) -> int:
    return seat.turn


def _share(seat: Seat) -> float:
    return seat.share


def _use(seat: Seat) -> tuple[float, float]:
    return seat.in_flight / seat.weight, seat.uses / seat.weight


_Rank = tuple[int, float, float, float, float]
_NEARLY_SPENT, _UNMEASURED, _MEASURED = range(3)
_NO_RANK: _Rank = (_UNMEASURED, 0.0, 0.0, 0.0, 0.0)


def _rank(seat: Seat, model: str, now: float) -> _Rank:
    """Measured, unmeasured, nearly spent; then the longest quota's required drain and room, then the shortest's.

    The required drain is how fast a quota must be spent for nothing to be lost at its reset. Once the reset has passed,
    a new window is taken to have begun.
    """
    standing = _MEASURED
    room = drain = first_room = first_drain = -1.0
    for used_fraction, resets_at, whole_drain in seat.quotas(model):
        if now < resets_at:
            room = 1.0 - used_fraction
            drain = room / (resets_at - now)
            if room <= RESERVE_FRACTION:
                standing = _NEARLY_SPENT
        else:
            room, drain = 1.0, whole_drain
        if first_room < 0.0:
            first_room, first_drain = room, drain
    return (standing, drain, room, first_drain, first_room) if first_room >= 0.0 else _NO_RANK
