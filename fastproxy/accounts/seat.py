"""One account as the pool sees it: how long it rests and for what, what is left of its quotas, how busy it is.

State without a clock, without I/O and without a choice: strategies choose. Deadlines are never padded: what the vendor
told is kept to the second.
"""

from hashlib import blake2b
from typing import NamedTuple, TypeVar

from fastproxy.accounts.cooldown import OF_SECRET, Cooldown, Window, covers
from fastproxy.snapshot import Account

PROBE_SECONDS = 300.0  # a guess may be wrong: one request tries after this, and every so often again
PASSING_SECONDS = 30.0  # a guess as short as that is of passing trouble: it forbids nothing where nobody else is left
MAX_COOLDOWN_SECONDS = 32 * 86400.0  # the longest quota is a month; garbage must not lock an account for ever
SCOPES = 64  # resting models of one account that are told apart
WINDOWS = 32  # quotas of one account that are told apart
MODELS = 64  # models whose deadlines and quotas are remembered until they change

_Value = TypeVar("_Value")


class Rest:
    """One scope's cooldown: until when the vendor told, until when we guess, and when that guess may be tried.

    heard_until_at: the latest deadline as it was heard, by which old news is known; noted_at: when it came.
    firm_until_at: until when a guess holds that is not of passing trouble.
    until_at: the later deadline; ready_at: when the next request may go out, which is earlier to try a guess;
    yields_at: when one may that nobody else can serve.
    """

    __slots__ = (
        "cause",
        "firm_until_at",
        "guessed_until_at",
        "heard_until_at",
        "noted_at",
        "probe_at",
        "ready_at",
        "told_until_at",
        "until_at",
        "yields_at",
    )

    def __init__(self) -> None:
        self.told_until_at = self.guessed_until_at = self.firm_until_at = self.probe_at = 0.0
        self.heard_until_at = self.noted_at = 0.0
        self.until_at = self.ready_at = self.yields_at = 0.0
        self.cause = ""

    def settle(self) -> None:
        """Work out the deadlines in effect; after every change."""
        self.until_at = max(self.told_until_at, self.guessed_until_at)
        self.ready_at = max(self.told_until_at, min(self.guessed_until_at, self.probe_at))
        self.yields_at = max(self.told_until_at, min(self.firm_until_at, self.probe_at))


class Quota(NamedTuple):
    """What a choice looks at in a window.

    resets_at: infinite if unknown. whole_drain: fractions a second that spend it within its length; 0.0 if unknown.
    """

    used_fraction: float
    resets_at: float
    whole_drain: float


class Seat:
    """An account with its state, which outlives new configurations.

    twin: the id of the first account of its provider with the same secret. salt: odd 64 bits of its own, for rendezvous
    hashing. turn: the number of its last lease; share: its leases by weight, as virtual time. until_at: when all its
    rests are over.
    """

    __slots__ = (
        "_quotas",
        "_ready_at",
        "_rests",
        "_windows",
        "account",
        "disabled",
        "id",
        "in_flight",
        "own_client",
        "salt",
        "share",
        "turn",
        "twin",
        "until_at",
        "uses",
        "weight",
    )

    def __init__(self, account: Account) -> None:
        self.id = account.id
        self.salt = int.from_bytes(blake2b(account.id.encode(), digest_size=8).digest(), "big") | 1
        self.in_flight = self.uses = self.turn = 0
        self.share = self.until_at = 0.0
        self._windows: dict[str, Window] = {}
        self._rests: dict[str, Rest] = {}
        self._ready_at: dict[str, float] = {}  # by model, until a rest changes
        self._quotas: dict[str, tuple[Quota, ...]] = {}  # by model, until a window changes
        self.configure(account, "", account.id)

    def configure(self, account: Account, disabled: str, twin: str) -> None:
        """Take a new version of the account. disabled: the cause, "" = usable."""
        self.account = account
        self.disabled = disabled
        self.twin = twin
        self.weight = max(1, account.weight)
        self.own_client = account.serves == "own-client"

    def free(self, model: str, now: float) -> bool:
        """Whether no rest forbids to ask it for `model`. Cost: 0.05 us for one that does not rest."""
        return now >= self.until_at or now >= self.ready_at(model)

    def yields(self, model: str, now: float) -> bool:
        """Whether nothing but guesses at passing trouble forbids to ask it for `model`: for want of anybody else."""
        return all(now >= rest.yields_at for scope, rest in self._rests.items() if covers(scope, model))

    def ready_at(self, model: str) -> float:
        """When a request for `model` may go out; in the past for one that does not rest. Cost: 0.1 us, remembered."""
        known = self._ready_at.get(model)
        if known is not None:
            return known
        ready_at = max((rest.ready_at for scope, rest in self._rests.items() if covers(scope, model)), default=0.0)
        return _remember(self._ready_at, model, ready_at)

    def quotas(self, model: str) -> tuple[Quota, ...]:
        """The quotas of known use that `model` spends, shortest first. Cost: 0.1 us, remembered."""
        known = self._quotas.get(model)
        if known is not None:
            return known
        return _remember(
            self._quotas,
            model,
            tuple(
                _quota(w, w.used_fraction)
                for w in self.windows()
                if w.used_fraction is not None and covers(w.scope, model)
            ),
        )

    def rests_until_at(self, model: str) -> float:
        """When it will serve `model` again for sure, as far as is known."""
        return max((rest.until_at for scope, rest in self._rests.items() if covers(scope, model)), default=0.0)

    def note(self, cooldown: Cooldown, now: float) -> bool:
        """Rest as told, the longest deadline of a scope wins; whether it is a longer one than before."""
        until_at = min(cooldown.until_at, now + MAX_COOLDOWN_SECONDS)
        if not until_at > now:  # also for what is not a number
            return False
        rest = self._rests.get(cooldown.scope)
        if rest is None:
            if len(self._rests) >= SCOPES:
                del self._rests[min(self._rests, key=self._ends_at)]
            rest = self._rests[cooldown.scope] = Rest()
        longer = until_at > rest.until_at
        if longer:
            rest.cause = cooldown.cause
        if cooldown.timed:
            rest.told_until_at = max(rest.told_until_at, until_at)
        else:
            rest.guessed_until_at = max(rest.guessed_until_at, until_at)
            if until_at - now > PASSING_SECONDS:
                rest.firm_until_at = max(rest.firm_until_at, until_at)
            rest.probe_at = now + PROBE_SECONDS
        rest.heard_until_at = max(rest.heard_until_at, cooldown.until_at)
        rest.noted_at = now
        rest.settle()
        self._sum_up()
        return longer

    def restore(self, stored: dict[str, Cooldown], read_at: float, now: float) -> None:
        """Rest as the store says, by scope. What was noted before `read_at` and is not there was reset by somebody."""
        for scope in [s for s, rest in self._rests.items() if s not in stored and rest.noted_at < read_at]:
            del self._rests[scope]
        for scope, cooldown in stored.items():
            known = self._rests.get(scope)
            if known is None or cooldown.until_at > known.heard_until_at:
                self.note(cooldown, now)
        self._sum_up()

    def probe(self, model: str, now: float) -> None:
        """A request goes out in spite of a guess: the next one in PROBE_SECONDS."""
        for scope, rest in self._rests.items():
            if now < rest.guessed_until_at and covers(scope, model):
                rest.probe_at = now + PROBE_SECONDS
                rest.settle()
                self._ready_at.clear()

    def heal(self, model: str, now: float) -> tuple[Cooldown, ...]:
        """Forget the guesses that cover a served model; those that were more than a guess of something told, as heard.

        As heard they stay known, lest the store brings them back before they are taken out of it.
        """
        healed = []
        for scope, rest in self._rests.items():
            if covers(scope, model):
                if rest.told_until_at <= now < rest.guessed_until_at:
                    healed.append(Cooldown(self.id, scope, rest.heard_until_at, cause=rest.cause))
                rest.guessed_until_at = rest.firm_until_at = 0.0
                rest.settle()
        self._sum_up()
        return tuple(healed)

    def forgive(self) -> tuple[Cooldown, ...]:
        """Forget the guesses that were of a secret which has been replaced; those, as above."""
        forgiven = [(scope, rest) for scope, rest in self._rests.items() if rest.cause in OF_SECRET]
        for _, rest in forgiven:
            rest.guessed_until_at = rest.firm_until_at = 0.0
            rest.settle()
        self._sum_up()
        return tuple(
            Cooldown(self.id, scope, rest.heard_until_at, cause=rest.cause)
            for scope, rest in forgiven
            if not rest.told_until_at
        )

    def end(self, scope: str, noted_before: float) -> Cooldown | None:
        """End a scope's rest; it, as above, or None where it has been noted since."""
        rest = self._rests.get(scope)
        if rest is None or rest.noted_at >= noted_before:
            return None
        rest.told_until_at = rest.guessed_until_at = rest.firm_until_at = 0.0
        rest.settle()
        self._sum_up()
        return Cooldown(self.id, scope, rest.heard_until_at, cause=rest.cause)

    def reset(self) -> None:
        self._rests.clear()
        self._sum_up()

    def shift(self, seconds: float) -> None:
        """Move every deadline by what the clock moved, so that what is left of a rest stays as long as it was."""
        for rest in self._rests.values():
            rest.told_until_at += seconds
            rest.guessed_until_at += seconds
            rest.firm_until_at += seconds
            rest.probe_at += seconds
            rest.noted_at += seconds
            rest.settle()
        self._sum_up()

    def cooldowns(self, now: float) -> tuple[Cooldown, ...]:
        """Those in effect."""
        return tuple(
            Cooldown(self.id, scope, rest.until_at, rest.told_until_at >= rest.guessed_until_at, rest.cause)
            for scope, rest in self._rests.items()
            if rest.until_at > now
        )

    def see(self, window: Window) -> bool:
        """Take a quota as it now is; whether that is news (seen_at alone is none). Cost: 0.4 us."""
        known = self._windows.get(window.name)
        if known is None and len(self._windows) >= WINDOWS:
            return False
        self._windows[window.name] = window
        if known is not None and _same(known, window):
            return False
        self._quotas.clear()
        return True

    def windows(self) -> tuple[Window, ...]:
        """Shortest first."""
        return tuple(sorted(self._windows.values(), key=_length))

    def seen_at(self, window: str) -> float:
        known = self._windows.get(window)
        return known.seen_at if known is not None else float("-inf")

    def _ends_at(self, scope: str) -> float:
        return self._rests[scope].until_at

    def _sum_up(self) -> None:
        self._ready_at.clear()
        self.until_at = max((rest.until_at for rest in self._rests.values()), default=0.0)


def _length(window: Window) -> float:
    return float("inf") if window.length_seconds is None else window.length_seconds


def _same(one: Window, other: Window) -> bool:
    return (
        one.used_fraction == other.used_fraction
        and one.resets_at == other.resets_at
        and one.status == other.status
        and one.length_seconds == other.length_seconds
        and one.scope == other.scope
    )


def _quota(window: Window, used_fraction: float) -> Quota:
    return Quota(
        min(max(used_fraction, 0.0), 1.0),
        float("inf") if window.resets_at is None else window.resets_at,
        1.0 / window.length_seconds if window.length_seconds else 0.0,
    )


def _remember(known: dict[str, _Value], model: str, value: _Value) -> _Value:
    if len(known) >= MODELS:
        known.clear()
    known[model] = value
    return value
