"""A month of quotas in seconds: many sessions, several accounts, transient trouble, logins lost, clocks that are set.

The vendor lives in true time and the pool on a clock that may be wrong. Beside the pool runs a ledger that knows only
what was told: it says where each session belongs and how long each account must rest, and never asks the pool.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest

from fastproxy.accounts.cooldown import Cooldown, covers
from fastproxy.accounts.pool import STEP_SECONDS, WARM_SECONDS, Pool, Want
from fastproxy.accounts.seat import PROBE_SECONDS
from fastproxy.errors import Fault
from fastproxy.providers.base import Strategy
from fastproxy.snapshot import Account
from support.pooled import account, provider
from support.vendor_quotas import DAY, HOUR, Answer, Quota, Upstream, Vendor

START = 1_795_000_000.0
DAYS = 30
PIN_SECONDS = HOUR
PINS = 400
MODELS = ("opus-5", "sonnet-5", "sonnet-5", "haiku-5")
MEAN_LIFE_REQUESTS = 25


@dataclass
class Session:
    key: str
    model: str
    parent: str
    left: int
    home: str = ""  # where it belongs, as the vendor's answers say
    placed: bool = False  # whether it has been given an account, also one that did not answer
    used: float = 0.0
    asked: bool = False


@dataclass
class Ledger:
    """What was told: (account, scope) -> the longest deadline, in true time.

    refused: when an account that rests by a guess refused last.
    """

    told: dict[tuple[str, str], float] = field(default_factory=dict)
    guessed: dict[tuple[str, str], float] = field(default_factory=dict)
    refused: dict[str, float] = field(default_factory=dict)

    def rests_until(self, account_id: str, model: str) -> float:
        known = (*self.told.items(), *self.guessed.items())
        return max((end for (who, scope), end in known if who == account_id and covers(scope, model)), default=0.0)

    def deadlines(self) -> dict[tuple[str, str], float]:
        keys = self.told.keys() | self.guessed.keys()
        return {key: max(self.told.get(key, 0.0), self.guessed.get(key, 0.0)) for key in keys}

    def note(self, cooldowns: tuple[Cooldown, ...], now: float, ahead: float) -> None:
        for cooldown in cooldowns:
            key, known = (cooldown.account, cooldown.scope), self.told if cooldown.timed else self.guessed
            known[key] = max(known.get(key, 0.0), cooldown.until_at - ahead)
            if any(who == cooldown.account for who, _ in self.guessed):
                self.refused[cooldown.account] = now

    def served(self, account_id: str, model: str) -> None:
        """Every guess that covers the model was wrong."""
        for key in [key for key in self.guessed if key[0] == account_id and covers(key[1], model)]:
            del self.guessed[key]

    def forget(self, account_id: str) -> None:
        for known in (self.told, self.guessed):
            for key in [key for key in known if key[0] == account_id]:
                del known[key]


class Month:
    """One run. seen: how often each thing happened, so that a run in which nothing happens is a failure."""

    def __init__(self, seed: int, strategy: Strategy, *, steps: bool) -> None:
        self.chance = Random(seed)  # noqa: S311 - chance that can be repeated
        self.strategy, self.steps = strategy, steps
        self.now, self.ahead = START, 0.0
        self.vendor = Vendor({upstream.id: upstream for upstream in upstreams()})
        self.members = tuple(account(name.removeprefix("lab:")) for name in self.vendor.accounts)
        self.disabled: dict[str, str] = {}
        self.pool = Pool(pin_seconds=PIN_SECONDS, pins=PINS)
        self.pool.replace({"lab": self.members}, {})
        self.ledger = Ledger()
        self.sessions: list[Session] = []
        self.numbers = 0
        self.seen: Counter[str] = Counter()

    @property
    def wall(self) -> float:
        return self.now + self.ahead

    def run(self) -> None:
        while self.now < START + DAYS * DAY:
            busy = 8 <= (self.now / HOUR) % 24 < 20
            self.now += self.chance.expovariate(1 / 45 if busy else 1 / 200)
            self.upset()
            self.request(self.next_session())

    def upset(self) -> None:
        """Whatever else happens between two requests."""
        for account_id in [each for each in self.disabled if self.vendor.accounts[each].revoked_until <= self.now]:
            del self.disabled[account_id]  # logged in again
            self.pool.replace({"lab": self.members}, dict(self.disabled))
        one = self.vendor.accounts[self.chance.choice(list(self.vendor.accounts))]
        dice = self.chance.random()
        if dice > 0.95:
            self.expect_as_told()
        if dice < 0.01:
            one.trouble_until = max(one.trouble_until, self.now + self.chance.choice((5.0, 30.0, 60.0, 200.0)))
        elif dice < 0.0105:
            one.revoked_until = self.now + self.chance.uniform(HOUR, 12 * HOUR)
        elif dice < 0.0108:
            self.pool.reset(one.id, self.wall)
            self.ledger.forget(one.id)
        elif self.steps and dice < 0.0118:
            self.pool.observe(self.wall)  # as every second, so that no step is hidden by a gap
            self.ahead = self.chance.choice((0.0, 0.0, HOUR, -HOUR, 90.0, -90.0, 3 * DAY))
            self.pool.observe(self.wall)
            self.seen["clock set"] += 1

    def next_session(self) -> Session:
        self.sessions = [session for session in self.sessions if session.left > 0]
        if len(self.sessions) < 40 or self.chance.random() < 0.02:
            parent = self.chance.choice(self.sessions).key if self.sessions and self.chance.random() < 0.4 else ""
            self.numbers += 1
            left = 1 + int(self.chance.expovariate(1 / MEAN_LIFE_REQUESTS))
            self.sessions.append(Session(f"s{self.numbers}", self.chance.choice(MODELS), parent, left))
        return self.chance.choice(self.sessions)

    def touch(self, session: Session) -> None:
        """A session that was silent for too long belongs nowhere; its children speak for it."""
        if self.now - session.used > PIN_SECONDS:
            session.home, session.placed = "", False
        session.used = self.now

    def request(self, session: Session) -> None:
        session.left -= 1
        want = Want(provider(self.strategy), session.model, session.key, session.parent)
        self.touch(session)
        if not session.placed:
            for parent in (each for each in self.sessions if each.key == session.parent):
                self.touch(parent)
        self.expect_home(session, want)
        for account_ in self.attempts(want):
            session.placed |= not session.asked
            session.asked = True
            answer = self.vendor.ask(account_.id, session.model, self.now, self.ahead)
            if answer.status == 200:
                self.served(session, want, account_, answer)
                return
            self.refused(session, want, account_, answer)

    def attempts(self, want: Want) -> Iterator[Account]:
        """The accounts that the request asks, in order; where they end without an answer, none could have given it."""
        for _ in range(len(self.members) + 1):
            try:
                leased = self.pool.lease(want, self.wall)
            except Fault as fault:
                self.expect_none_able(want.model, fault)
                return
            assert leased.id not in want.tried
            assert leased.id not in self.disabled
            yield leased
            want = want._replace(tried=want.tried | {leased.id})
        pytest.fail("more attempts than accounts")

    def served(self, session: Session, want: Want, account_: Account, answer: Answer) -> None:
        self.pool.served(want, account_.id, self.wall)
        session.placed = True
        self.pool.see(answer.windows)
        self.ledger.served(account_.id, session.model)
        assert self.pool.last_of("lab", session.key) == account_.id
        resting = self.ledger.rests_until(session.home, session.model) - self.now
        if session.home != account_.id:
            lost = session.home in self.disabled or resting > WARM_SECONDS
            self.seen["began" if not session.home else "moved" if lost else "escaped"] += 1
            session.home = account_.id if lost or not session.home else session.home
        self.seen["served"] += 1

    def refused(self, session: Session, want: Want, account_: Account, answer: Answer) -> None:
        self.seen[f"refused {answer.status}"] += 1
        if answer.status == 401:
            self.disabled[account_.id] = "revoked"
            self.pool.replace({"lab": self.members}, dict(self.disabled))
            self.pool.unpin("lab", session.key, account_.id)
            if session.home in {account_.id, ""}:
                session.home, session.placed = "", False
            return
        self.pool.cool(answer.cooldowns, self.wall)
        self.ledger.note(answer.cooldowns, self.now, self.ahead)
        self.expect_as_told()

    def expect_home(self, session: Session, want: Want) -> None:
        """A session keeps its account unless that is spent, in trouble or lost."""
        if self.strategy == "least-used" or self.steps:
            return  # after a clock was set, a pin's age is not what it was
        away = self.now < self.ledger.rests_until(session.home, session.model) or session.home in self.disabled
        if session.home and not away:
            assert self.pool.lease(want, self.wall).id == session.home
            self.seen["at home"] += 1

    def expect_none_able(self, model: str, fault: Fault) -> None:
        """A request fails only while no account could serve it, as far as anybody could know.

        A refusal that told no time is believed until it is time to try again.
        """
        assert fault.kind in {"rate_limited", "no_credential"}
        for each in self.vendor.accounts.values():
            guessing = self.now - self.ledger.refused.get(each.id, 0.0) < PROBE_SECONDS + STEP_SECONDS
            assert not each.able(model, self.now) or each.id in self.disabled or guessing or self.late(each.id, model)
        self.seen["failed"] += 1

    def late(self, account_id: str, model: str) -> bool:
        """Whether it may rest still: it was told to, give or take a step of the clock that is too small to see."""
        return self.steps and self.now < self.ledger.rests_until(account_id, model) + STEP_SECONDS

    def expect_as_told(self) -> None:
        """What is in effect is what was told, the longest of each scope, to the second; and no pin too many.

        After a clock was set rests may be shorter, where it had been ahead, and never longer.
        """
        standing = self.pool.standing(self.wall)
        told = {key: until + self.ahead for key, until in self.ledger.deadlines().items() if until > self.now}
        in_effect = {(c.account, c.scope): c.until_at for each in standing for c in each.cooldowns}
        if self.steps:
            assert all(until <= told.get(key, self.wall) + STEP_SECONDS for key, until in in_effect.items())
        else:
            assert in_effect == pytest.approx(told, abs=1e-6)
        assert sum(each.pins for each in standing) <= PINS
        self.seen["compared"] += 1


def upstreams() -> Iterator[Upstream]:
    """Five accounts that are enough for some weeks and not for others; one of them tells no times."""
    for number, label in enumerate("abcde"):
        yield Upstream(
            f"lab:{label}",
            [
                Quota("5h", 5 * HOUR, 55 + 5 * number),
                Quota("7d", 7 * DAY, 1500 + 100 * number),
                Quota("7d_opus", 7 * DAY, 350, "family:opus"),
            ],
            tells=label != "e",
        )


@pytest.mark.parametrize("strategy", ["sticky", "quota-aware", "least-used"])
def test_in_a_month_sessions_stay_and_no_request_fails_while_an_account_could_serve_it(strategy: Strategy):
    month = Month(seed=1, strategy=strategy, steps=False)
    month.run()
    assert month.numbers > 1000
    for thing in ("served", "failed", "refused 429", "refused 401", "moved", "compared"):
        assert month.seen[thing] > 10, thing
    if strategy != "least-used":
        assert month.seen["escaped"] > 10
        assert month.seen["at home"] > 0.6 * month.seen["served"]


def test_in_a_month_of_clocks_being_set_no_request_fails_while_an_account_could_serve_it():
    month = Month(seed=2, strategy="sticky", steps=True)
    month.run()
    assert month.seen["clock set"] > 10
    assert month.seen["served"] > 3 * month.seen["failed"] > 0
