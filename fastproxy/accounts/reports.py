"""What a vendor tells of an account's quotas when it is asked, as values; and which rests that ends.

Pure. A report never makes an account rest: only a refusal does, since vendors count late and allow more than they say.
Nothing in it is secret; what names a person is left out.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from fastproxy.accounts.cooldown import Cooldown, Window, covers
from fastproxy.accounts.limits import is_of_quota

Unit = Literal["percent", "requests", "credits"]


class Reading(NamedTuple):
    """One quota. label: for people. used, limit, remaining: in `unit`, where the vendor tells more than a share."""

    window: Window
    label: str
    unit: Unit = "percent"
    used: float | None = None
    limit: float | None = None
    remaining: float | None = None


class Told(NamedTuple):
    """What an answer says. is_open: False where the vendor says that the account is refused, whatever the windows."""

    readings: tuple[Reading, ...]
    plan: str = ""
    is_open: bool = True


class Report(msgspec.Struct, frozen=True):
    """What a vendor told of one account. fetched_at: when it was asked.

    is_whole: whether a quota that it shows open is open; some count only a part of what they refuse for.
    """

    account: str
    provider: str
    fetched_at: float
    told: Told
    is_whole: bool = True

    @property
    def windows(self) -> tuple[Window, ...]:
        """The quotas as the pool knows them, by the names that the limit headers use.

        What never resets (money, no limit at all) is none: it would look like a quota that there is no hurry to spend.
        """
        windows = (reading.window for reading in self.told.readings)
        return tuple(one for one in windows if one.resets_at is not None or one.length_seconds is not None)


def ended_by(report: Report, cooldowns: Iterable[Cooldown]) -> tuple[Cooldown, ...]:
    """Those rests of the account that a live report proves wrong: every quota that they can be for is open."""
    if not (report.is_whole and report.told.is_open):
        return ()
    return tuple(c for c in cooldowns if is_of_quota(c) and _is_open(c.scope, report.windows))


def _is_open(scope: str, windows: tuple[Window, ...]) -> bool:
    """Whether the windows of a scope are there and open, and those of the whole account with them."""
    kind, _, name = scope.partition(":")
    own = [w for w in windows if w.scope == scope or (kind == "model" and covers(w.scope, name))]
    concerned = own + [w for w in windows if w.scope == ""]
    return bool(own) and all(w.status in ("ok", "warning") for w in concerned)


def as_json(report: Report) -> dict[str, object]:
    """The report in the shape that clients of other brokers read: UsageReport. Source: the seeds of this project, 3.9.

    Times are milliseconds since the epoch there, and stamps in a window.
    """
    limits = [_limit(report, reading) for reading in report.told.readings]
    metadata = {"plan": report.told.plan} if report.told.plan else {}
    return {
        "provider": report.provider,
        "fetchedAt": round(report.fetched_at * 1000),
        "limits": limits,
        "metadata": metadata,
    }


def _limit(report: Report, reading: Reading) -> dict[str, object]:
    window = reading.window
    kind, _, model = window.scope.partition(":")
    scope = {"provider": report.provider, "accountId": report.account, "windowId": window.name}
    used = window.used_fraction
    amounts = {
        "used": reading.used,
        "limit": reading.limit,
        "remaining": reading.remaining,
        "usedFraction": used,
        "remainingFraction": None if used is None else round(1.0 - used, 6),
    }
    return {
        "id": window.name,
        "label": reading.label,
        "scope": scope | ({"modelId": model} if kind else {}),
        "window": {"id": window.name, "label": reading.label} | _times(window),
        "amount": {name: value for name, value in amounts.items() if value is not None} | {"unit": reading.unit},
        "status": window.status,
    }


def _times(window: Window) -> dict[str, object]:
    times: dict[str, object] = {}
    if window.length_seconds is not None:
        times["durationMs"] = round(window.length_seconds * 1000)
    if window.resets_at is not None:
        times["resetsAt"] = datetime.fromtimestamp(window.resets_at, UTC).isoformat().replace("+00:00", "Z")
    return times
