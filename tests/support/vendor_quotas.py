"""A vendor whose accounts have quotas, as a month of them passes: what it would answer, with no socket and no clock.

It lives in true time. What it tells is what a verdict makes of an upstream's answer: deadlines on the relay's clock,
which may be wrong.
"""

from dataclasses import dataclass
from typing import Literal

from fastproxy.accounts.cooldown import Cooldown, Window, covers

HOUR, DAY = 3600.0, 86400.0
GUESS_SECONDS = 1800.0


@dataclass
class Quota:
    """A window that begins with its first request. Limits are numbers of requests."""

    name: str
    length: float
    limit: int
    scope: str = ""
    began: float = -1e9
    used: int = 0

    def ends(self) -> float:
        return self.began + self.length

    def spent(self, model: str, now: float) -> bool:
        return covers(self.scope, model) and self.used >= self.limit and now < self.ends()

    def spend(self, model: str, now: float) -> None:
        if covers(self.scope, model):
            if now >= self.ends():
                self.began, self.used = now, 0
            self.used += 1


@dataclass
class Upstream:
    """One account as its vendor sees it.

    tells: whether its refusals say when it is usable again. trouble_until: the end of a burst of 429s; revoked_until:
    of 401s, when it is logged in again.
    """

    id: str
    quotas: list[Quota]
    tells: bool = True
    trouble_until: float = 0.0
    revoked_until: float = 0.0

    def able(self, model: str, now: float) -> bool:
        return now >= max(self.trouble_until, self.revoked_until) and not any(q.spent(model, now) for q in self.quotas)


@dataclass
class Answer:
    """status 200, 401 or 429. cooldowns, windows: as the relay would read them from it, on its own clock."""

    status: Literal[200, 401, 429]
    cooldowns: tuple[Cooldown, ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass
class Vendor:
    accounts: dict[str, Upstream]

    def ask(self, account: str, model: str, now: float, ahead: float) -> Answer:
        """ahead: by how much the relay's clock is ahead of the true time."""
        upstream = self.accounts[account]
        if now < upstream.revoked_until:
            return Answer(401)
        if now < upstream.trouble_until:
            return Answer(429, (Cooldown(account, "", upstream.trouble_until + ahead, timed=True, cause="rate"),))
        spent = [quota for quota in upstream.quotas if quota.spent(model, now)]
        if spent:
            return Answer(429, tuple(self._cooldown(upstream, quota, now, ahead) for quota in spent))
        for quota in upstream.quotas:
            quota.spend(model, now)
        return Answer(200, windows=tuple(self._window(account, quota, now, ahead) for quota in upstream.quotas))

    def _cooldown(self, upstream: Upstream, quota: Quota, now: float, ahead: float) -> Cooldown:
        until = quota.ends() if upstream.tells else now + GUESS_SECONDS
        return Cooldown(upstream.id, quota.scope, until + ahead, timed=upstream.tells, cause=f"{quota.name} is spent")

    def _window(self, account: str, quota: Quota, now: float, ahead: float) -> Window:
        used = quota.used / quota.limit if now < quota.ends() else 0.0
        return Window(
            account, quota.name, used, quota.ends() + ahead, quota.length, scope=quota.scope, seen_at=now + ahead
        )
