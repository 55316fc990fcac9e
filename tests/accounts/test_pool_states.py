"""Any order of events: the pool against a model so plain that it can be read at a glance.

The model keeps every deadline that was told, by what was left of it when the clock was looked at last.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fastproxy.accounts.cooldown import Cooldown, covers
from fastproxy.accounts.seat import PASSING_SECONDS, PROBE_SECONDS
from fastproxy.errors import Fault
from support.pooled import NOW, pool_of, want

LABELS = ("a", "b", "c")
LABEL = st.sampled_from(LABELS)
MODEL = st.sampled_from(("opus-5", "sonnet-5"))
SCOPE = st.sampled_from(("", "family:opus", "model:sonnet-5"))
SESSION = st.sampled_from(("", "s1", "s2", "s3"))
SECONDS = st.sampled_from((1.0, 20.0, 250.0, 301.0, 2000.0, 90000.0))


class Choices(RuleBasedStateMachine):
    """told, guessed: (label, scope) -> seconds that are left. tried: a guess -> seconds until it may be tried.

    firm: as guessed, without the guesses that were short, which yield where nobody else is left.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pool = pool_of(*LABELS, pins=2)
        self.now = NOW
        self.told: dict[tuple[str, str], float] = {}
        self.guessed: dict[tuple[str, str], float] = {}
        self.firm: dict[tuple[str, str], float] = {}
        self.tried: dict[tuple[str, str], float] = {}
        self.pool.observe(NOW)

    def wait(self, label: str, model: str, guessed: dict[tuple[str, str], float]) -> float:
        """Seconds until a request for the model may go to the account; 0.0 = now."""
        waits = [0.0]
        for key in self.told.keys() | guessed.keys():
            if key[0] == label and covers(key[1], model):
                guess = min(guessed.get(key, 0.0), self.tried.get(key, 0.0))
                waits.append(max(self.told.get(key, 0.0), guess))
        return max(waits)

    @rule(seconds=SECONDS)
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds
        for known in (self.told, self.guessed, self.firm, self.tried):
            for key in list(known):
                known[key] -= seconds
                if known[key] <= 0:
                    del known[key]

    @rule(seconds=st.sampled_from((6.0, 3600.0, 86400.0)))
    def the_clock_is_set_back(self, seconds: float) -> None:
        self.pool.observe(self.now)
        self.now -= seconds
        self.pool.observe(self.now)

    @rule(label=LABEL, scope=SCOPE, seconds=SECONDS, timed=st.booleans())
    def an_account_refuses(self, label: str, scope: str, seconds: float, timed: bool) -> None:
        key, known = (label, scope), self.told if timed else self.guessed
        before = max(self.told.get(key, 0.0), self.guessed.get(key, 0.0))
        news = self.pool.cool([Cooldown(f"lab:{label}", scope, self.now + seconds, timed)], self.now)
        if abs(seconds - before) > 1e-3:
            assert bool(news) == (seconds > before)
        known[key] = max(known.get(key, 0.0), seconds)
        if not timed:
            self.tried[key] = PROBE_SECONDS
            if seconds > PASSING_SECONDS:
                self.firm[key] = max(self.firm.get(key, 0.0), seconds)

    @rule(label=LABEL, model=MODEL, session=SESSION)
    def an_account_serves(self, label: str, model: str, session: str) -> None:
        self.pool.served(want(session, model), f"lab:{label}", self.now)
        for key in [key for key in self.guessed if key[0] == label and covers(key[1], model)]:
            del self.guessed[key]
            self.firm.pop(key, None)
        if session:
            assert self.pool.last_of("lab", session) == f"lab:{label}"

    @rule(label=st.none() | LABEL)
    def rests_are_reset(self, label: str | None) -> None:
        self.pool.reset(label and f"lab:{label}", self.now)
        for known in (self.told, self.guessed, self.firm):
            for key in [key for key in known if label in (None, key[0])]:
                del known[key]

    @precondition(lambda self: self.told or self.guessed)
    @rule(model=MODEL, session=SESSION, parent=SESSION, tried=st.frozensets(LABEL))
    def a_request_asks(self, model: str, session: str, parent: str, tried: frozenset[str]) -> None:
        asked = want(session, model, parent=parent, tried=frozenset(f"lab:{label}" for label in tried))
        waits = {label: self.wait(label, model, self.guessed) for label in LABELS}
        yields = {label for label in LABELS if label not in tried and not self.wait(label, model, self.firm)}
        try:
            chosen = self.pool.lease(asked, self.now).label
        except Fault as fault:
            retry_after_seconds, chosen = fault.retry_after_seconds, ""
        if not chosen:
            assert not yields
            assert all(wait > 0 for label, wait in waits.items() if label not in tried)
            soonest = min(waits.values())
            assert retry_after_seconds == (pytest.approx(soonest, abs=1e-3) if soonest else None)
        else:
            assert chosen not in tried
            free = {label for label, wait in waits.items() if wait == 0 and label not in tried}
            assert chosen in (free or yields)
            for key in self.guessed:
                if key[0] == chosen and covers(key[1], model) and key not in self.tried:
                    self.tried[key] = PROBE_SECONDS

    @invariant()
    def what_is_in_effect_is_what_was_told(self) -> None:
        keys = self.told.keys() | self.guessed.keys()
        known = {key: max(self.told.get(key, 0.0), self.guessed.get(key, 0.0)) for key in keys}
        standing = self.pool.standing(self.now)
        in_effect = {(each.account.label, c.scope): c.until_at - self.now for each in standing for c in each.cooldowns}
        assert in_effect == pytest.approx(known, abs=1e-3)
        assert sum(each.pins for each in standing) <= 2


Choices.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnyOrderOfEvents = Choices.TestCase
