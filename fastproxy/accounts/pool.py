"""Which account serves a request: one synchronous choice over what is known, the clock handed in, no I/O.

Must never hand out an account that is disabled, that the request has asked already, or that does not serve its client;
nor another one than a strict pin names.

`now` is wall seconds, as they are at the call. A clock that goes back by more than STEP_SECONDS moves every deadline
along, so that no account rests for longer than it was told to. Where the clock had been wrong before, that is too early
by as much, and costs a refused request that tells the time anew; too late would cost an account.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fastproxy.accounts.cooldown import Cooldown, State, Window, state_of
from fastproxy.accounts.pins import Pin, Pins
from fastproxy.accounts.seat import Seat
from fastproxy.accounts.strategies import PINNED, STRATEGIES, Ask
from fastproxy.accounts.unavailable import unavailable, unknown, without_accounts
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account

STEP_SECONDS = 5.0  # less is what tasks measure apart, not a clock that was set
# A prompt cache lives for five minutes unless it is asked for longer: a home that rests longer is cold when it is back,
# and whoever stood in is warm. Source: docs.rs/claude-api/0.5.3/claude_api/messages/cache, 2026-11-21.
WARM_SECONDS = 300.0


class Want(NamedTuple):
    """What a request asks for.

    session, parent: keys of the conversation and of the one that it came from ("" = none). account: the only one that
    may serve, by id or label ("" = any). client: the vendor client that the caller's token was issued for. tried: ids
    of the accounts that this request has asked.
    """

    provider: Provider
    model: str
    session: str = ""
    parent: str = ""
    account: str = ""
    client: str = ""
    tried: frozenset[str] = frozenset()


class Standing(NamedTuple):
    """How an account stands, for reports. disabled: the cause; pins: living sessions whose home it is."""

    account: Account
    disabled: str
    cooldowns: tuple[Cooldown, ...]
    windows: tuple[Window, ...]
    in_flight: int
    uses: int
    pins: int


class _Roster:
    """A provider's accounts, in order of position.

    by_name: id or label. open: whether all of them may serve anybody. only: the one account that there is, if it is
    open. turn, share: of the last choice.
    """

    __slots__ = ("by_name", "only", "open", "seats", "share", "turn")

    def __init__(self, seats: list[Seat]) -> None:
        self.seats = seats
        self.by_name = {seat.account.label: seat for seat in reversed(seats)} | {seat.id: seat for seat in seats}
        self.open = not any(seat.disabled or seat.own_client for seat in seats)
        self.only = seats[0] if self.open and len(seats) == 1 else None
        self.turn = max((seat.turn for seat in seats), default=0)
        self.share = max((seat.share for seat in seats), default=0.0)

    def with_twins(self, tried: frozenset[str]) -> frozenset[str]:
        """These accounts, and all that have the same secret as one of them."""
        twins = {seat.twin for seat in self.seats if seat.id in tried}
        return tried.union(seat.id for seat in self.seats if seat.twin in twins)

    def chosen(self, seat: Seat) -> None:
        """Count a choice. An account that was away takes its turn, and does not catch up on all that it missed."""
        self.turn = seat.turn = self.turn + 1
        self.share = max(self.share, seat.share)
        seat.share = self.share + 1.0 / seat.weight


class Pool:
    """Every provider's accounts with their state.

    pin_seconds: how long a silent session keeps its account; pins: the most sessions that are remembered.
    """

    def __init__(self, *, pin_seconds: float, pins: int) -> None:
        self._pins = Pins(pin_seconds, pins)
        self._rosters: dict[str, _Roster] = {}
        self._by_id: dict[str, Seat] = {}
        self._latest_at = 0.0
        self._reset_at = float("-inf")

    def observe(self, now: float) -> None:
        """Look at the clock, as every call with a `now` does; to be called once a second.

        Where nobody asks for anything, a step back could hide in the time that went by since. Cost: 0.1 us.
        """
        back = self._latest_at - now
        if back > STEP_SECONDS:
            for seat in self._by_id.values():
                seat.shift(-back)
            self._reset_at -= back
        elif back > 0:
            return
        self._latest_at = now

    def limit_pins(self, pin_seconds: float, pins: int) -> None:
        """Take other limits than those that it was made with."""
        self._pins.limit(pin_seconds, pins)

    def replace(self, accounts: Mapping[str, tuple[Account, ...]], disabled: Mapping[str, str]) -> tuple[Cooldown, ...]:
        """Take new accounts, by provider. Those that stay keep their state. disabled: id -> cause.

        Rests that are over because they were for a secret that has been replaced; to be taken out of the store.
        """
        before, self._by_id, self._rosters = self._by_id, {}, {}
        ended: list[Cooldown] = []
        for provider, members in accounts.items():
            first: dict[Secret, str] = {}
            seats = []
            for account in sorted(members, key=_position):
                seat = before.get(account.id) or Seat(account)
                if account.secret != seat.account.secret:
                    ended += seat.forgive()
                twin = account.id if account.secret is None else first.setdefault(account.secret, account.id)
                seat.configure(account, disabled.get(account.id, ""), twin)
                seats.append(seat)
            self._by_id |= {seat.id: seat for seat in seats}
            self._rosters[provider] = _Roster(seats)
        return tuple(ended)

    def restore(self, cooldowns: Iterable[Cooldown], windows: Iterable[Window], read_at: float, now: float) -> None:
        """Take what the store holds, in whole, also news of other processes.

        read_at: when the reading began. All that `cool` had returned by then must have been written: what was noted
        before and is not there was reset by somebody, and a reading that began before a reset here is out of date.
        """
        self.observe(now)
        stored: dict[str, dict[str, Cooldown]] = {}
        for cooldown in cooldowns:
            stored.setdefault(cooldown.account, {})[cooldown.scope] = cooldown
        if read_at > self._reset_at:
            for seat in self._by_id.values():
                seat.restore(stored.get(seat.id, {}), read_at, now)
        for window in windows:
            seen = self._by_id.get(window.account)
            if seen is not None and window.seen_at > seen.seen_at(window.name):
                seen.see(window)

    def lease(self, want: Want, now: float) -> Account:
        """The account to ask next.

        Raises: Fault(no_credential) when there is none, none for this client, or not the one that it is bound to;
        Fault(rate_limited, retry_after_seconds) when all that could serve are resting.
        Cost: 0.2 us for a provider's only account. Of 20 accounts: 0.8 us for a session that has one, 8 us for a new
        one, 13 us by quotas, 15 us where all of them rest for another model.
        """
        if now >= self._latest_at:
            self._latest_at = now
        else:
            self.observe(now)
        roster = self._rosters.get(want.provider.name)
        if roster is None or not roster.seats:
            if want.account:
                raise unknown(want.provider, want.account)
            return without_accounts(want.provider)
        only = roster.only
        if only is not None and not want.account and not want.tried and only.free(want.model, now):
            seat = only  # nothing to choose, and `served` remembers the conversation
        else:
            seat = self._selected(want, roster, now)
        if now < seat.until_at:
            seat.probe(want.model, now)
        return seat.account

    def served(self, want: Want, account: str, now: float) -> tuple[Cooldown, ...]:
        """Learn that an account has begun to answer: its guessed rests for the model are over, and the pin knows.

        A session's first answer makes its home. Later its home changes when it is lost, or rests for longer than a
        prompt cache lives; not for transient trouble. Those rests, to be taken out of the store.
        """
        seat = self._by_id.get(account)
        if seat is None:
            return ()
        healed = seat.heal(want.model, now) if now < seat.until_at else ()
        if want.session:
            self._settle(want, account, now)
        return healed

    def _settle(self, want: Want, account: str, now: float) -> None:
        name = want.provider.name
        pin = self._pins.used(name, want.session, now) or self._pins.add(name, want.session, "", now)
        if pin is None:
            return
        stays = want.provider.strategy in PINNED
        if stays and pin.home != account and (not pin.last or self._lost(pin.home, want.model, now)):
            pin.home = account
        pin.last = account

    def began(self, account: str) -> None:
        """Count a request that goes out."""
        seat = self._by_id.get(account)
        if seat is not None:
            seat.in_flight += 1
            seat.uses += 1

    def ended(self, account: str) -> None:
        """Count a request that is over; once for each `began`."""
        seat = self._by_id.get(account)
        if seat is not None and seat.in_flight:
            seat.in_flight -= 1

    def cool(self, cooldowns: Iterable[Cooldown], now: float) -> tuple[Cooldown, ...]:
        """Those that are longer than what was known, now in effect; to be written to the store."""
        self.observe(now)
        return tuple(c for c in cooldowns if c.account in self._by_id and self._by_id[c.account].note(c, now))

    def see(self, windows: Iterable[Window]) -> tuple[Window, ...]:
        """Those that are news, now known; to be written to the store. They must be fresh."""
        return tuple(w for w in windows if w.account in self._by_id and self._by_id[w.account].see(w))

    def end(self, cooldowns: Iterable[Cooldown], noted_before: float) -> tuple[Cooldown, ...]:
        """End these rests, but for those that were noted since; those, as heard, to be taken out of the store."""
        ended = (self._by_id[c.account].end(c.scope, noted_before) for c in cooldowns if c.account in self._by_id)
        return tuple(cooldown for cooldown in ended if cooldown is not None)

    def states(self, now: float) -> list[tuple[str, State]]:
        """(provider, state) of every account."""
        return [
            (seat.account.provider, state_of(seat.disabled, seat.cooldowns(now))[0]) for seat in self._by_id.values()
        ]

    def cooldowns(self, account: str, now: float) -> tuple[Cooldown, ...]:
        """An account's rests in effect."""
        seat = self._by_id.get(account)
        return seat.cooldowns(now) if seat is not None else ()

    def unpin(self, provider: str, session: str, account: str) -> None:
        """Send the conversation elsewhere from now on, if this account, which was refused for good, is its home."""
        pin = self._pins.known(provider, session)
        if pin is not None and pin.home == account:
            pin.home = ""

    def last_of(self, provider: str, session: str) -> str:
        """The account that answered this conversation last; "" if that is not known."""
        pin = self._pins.known(provider, session)
        return pin.last if pin is not None else ""

    def reset(self, account: str | None, now: float) -> None:
        """End the rests of one account, or of all."""
        self.observe(now)
        self._reset_at = now
        for seat in self._by_id.values():
            if account is None or seat.id == account:
                seat.reset()

    def standing(self, now: float) -> tuple[Standing, ...]:
        """Every account, in order of provider and position. Cost: 0.1 us for each pin."""
        self.observe(now)
        pins = self._pins.homes(now)
        return tuple(
            Standing(
                seat.account,
                seat.disabled,
                seat.cooldowns(now),
                seat.windows(),
                seat.in_flight,
                seat.uses,
                pins.get(seat.id, 0),
            )
            for seat in self._by_id.values()
        )

    def _selected(self, want: Want, roster: _Roster, now: float) -> Seat:
        if want.tried:
            want = want._replace(tried=roster.with_twins(want.tried))
        return self._bound(want, roster, now) if want.account else self._at_home(want, roster, now)

    def _bound(self, want: Want, roster: _Roster, now: float) -> Seat:
        seat = roster.by_name.get(want.account)
        if seat is None:
            raise unknown(want.provider, want.account)
        if not _may(seat, want) or not (seat.free(want.model, now) or seat.yields(want.model, now)):
            raise unavailable(want.provider, (seat,), want.client, want.model, now)
        return seat

    def _at_home(self, want: Want, roster: _Roster, now: float) -> Seat:
        """The conversation's account if it has one and it is usable, else one by the provider's strategy."""
        if not want.session or want.provider.strategy not in PINNED:
            return self._chosen(want, roster, now)
        name = want.provider.name
        pin = self._pins.used(name, want.session, now)
        origin = pin
        if want.parent and (pin is None or not pin.home):
            origin = self._pins.used(name, want.parent, now)
        seat = self._warm(origin, want, now) if origin is not None else None
        if seat is None:
            seat = self._chosen(want, roster, now)
        if pin is None:
            self._pins.add(name, want.session, seat.id, now)
        return seat

    def _warm(self, pin: Pin, want: Want, now: float) -> Seat | None:
        """The pin's home, or while it rests whoever stood in for it last."""
        if not pin.home:
            return None
        for account in (pin.home, pin.last):
            seat = self._by_id.get(account)
            if seat is not None and _may(seat, want) and seat.free(want.model, now):
                return seat
        return None

    def _chosen(self, want: Want, roster: _Roster, now: float) -> Seat:
        model = want.model
        seats = [seat for seat in roster.seats if now >= seat.until_at or now >= seat.ready_at(model)]
        if want.tried or not roster.open:
            seats = [seat for seat in seats if _may(seat, want)]
        if seats:
            seat = STRATEGIES[want.provider.strategy](seats, Ask(want.parent or want.session, model, now))
        else:
            seat = self._left(want, roster, now)
        roster.chosen(seat)
        return seat

    def _left(self, want: Want, roster: _Roster, now: float) -> Seat:
        """Where all of them rest: the one whose trouble we only guess at, and for the shortest time."""
        seats = [seat for seat in roster.seats if _may(seat, want) and seat.yields(want.model, now)]
        if not seats:
            raise unavailable(want.provider, roster.seats, want.client, want.model, now)
        return min(seats, key=lambda seat: seat.rests_until_at(want.model))

    def _lost(self, home: str, model: str, now: float) -> bool:
        """Whether a session can't wait for it: gone, disabled, or at rest for longer than a prompt cache lives."""
        seat = self._by_id.get(home)
        return seat is None or bool(seat.disabled) or seat.rests_until_at(model) - now > WARM_SECONDS


def _may(seat: Seat, want: Want) -> bool:
    """Whether the account may serve this request at all."""
    if seat.disabled or seat.id in want.tried:
        return False
    return not seat.own_client or (bool(want.client) and want.client == want.provider.own_client)


def _position(account: Account) -> int:
    return account.position
