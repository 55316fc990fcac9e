"""The usage reports of vendors, read: one function for each shape. Pure; never raises, whatever was decoded.

A quota that tells nothing is left out, and so is whatever comes after READINGS of them.
Source, read 2026-11-21: public reports with answers in them: Haleclipse/CCometixLine 95 and DavyMassoneto in
diegosouzapw/OmniRoute 203 (Anthropic); Adolanium/hermes-resetwatch 2, 10/chatgpt-codex-proxy 5 and RunMaestro/Maestro
1597 (ChatGPT); caozhiyuan/copilot-api 110, kunchenguid/quota-axi 200 (Copilot); getpaseo/paseo 2441,
google-gemini/gemini-cli 14883 (Code Assist).
"""

from collections.abc import Iterator, Mapping
from math import isfinite

from fastproxy.accounts.cooldown import Window, WindowStatus
from fastproxy.accounts.limits import CLAIMS, length_name
from fastproxy.accounts.reports import Reading, Told
from fastproxy.accounts.sources.tokens import fact_text, told_at

READINGS = 32  # as many quotas of one account as the pool tells apart
LONGEST_SECONDS = 400 * 86400.0  # that a window may have
NEARLY = 0.9  # of a quota: from here on it is a warning

_OF_EDITORS = "completions"  # Copilot's quota for what editors ask for while somebody types

_Document = Mapping[str, object]
_LATEST_AT = 253402300799.0  # the last second that a calendar of four-digit years has


def anthropic(account: str, told: _Document, now: float) -> Told:
    """{"five_hour": {"utilization": percent, "resets_at": stamp}, "seven_day": ..., "extra_usage": {...}}."""
    extra = _inner(told, "extra_usage")
    extra_used = _number(extra.get("utilization"))
    pays = extra.get("is_enabled") is True and (extra_used is None or extra_used < 100)
    readings = []
    for claim in CLAIMS:
        window = _inner(told, claim.claim)
        percent = _number(window.get("utilization"))
        if percent is not None:
            used = _fraction(percent / 100)
            status = _status(used, is_refused=not pays or bool(claim.scope))
            resets_at = _at(window.get("resets_at"))
            seen = Window(account, claim.name, used, resets_at, claim.length_seconds, status, claim.scope, now)
            readings.append(Reading(seen, claim.claim.replace("_", " ")))
    if extra.get("is_enabled") is True and extra_used is not None:
        used = _fraction(extra_used / 100)
        seen = Window(account, "extra", used, None, None, _status(used, is_refused=False), "", now)
        bought, limit = _number(extra.get("used_credits")), _number(extra.get("monthly_limit"))
        readings.append(Reading(seen, "extra usage", "credits", bought, limit))
    return Told(tuple(readings))


def codex(account: str, told: _Document, now: float) -> Told:
    """{"plan_type", "rate_limit": {"allowed", "primary_window": {...}, ...}, "additional_rate_limits": [...]}.

    Which window is which is told by its length: a plan may have its week in the primary one.
    """
    own = _inner(told, "rate_limit")
    pays = _has_credits(_inner(told, "credits"))
    readings = [*_codex_pair(account, own, "", now, pays=pays)]
    others = told.get("additional_rate_limits")
    for other in others if isinstance(others, list) else ():
        limit = other if isinstance(other, dict) else {}
        model = fact_text(limit.get("limit_name")).lower()
        if model:  # without it nobody knows what it is a limit of
            readings += _codex_pair(account, _inner(limit, "rate_limit"), model, now, pays=pays)
    return Told(tuple(readings[:READINGS]), fact_text(told.get("plan_type")), own.get("allowed") is not False or pays)


def copilot(account: str, told: _Document, now: float) -> Told:
    """{"copilot_plan", "quota_reset_date_utc", "quota_snapshots": {NAME: {"percent_remaining", "unlimited", ...}}}."""
    resets_at = _at(told.get("quota_reset_date_utc")) or _at(told.get("quota_reset_date"))
    readings = []
    for name, value in _inner(told, "quota_snapshots").items():
        snapshot = value if isinstance(value, dict) else {}
        percent = _number(snapshot.get("percent_remaining"))
        if percent is None or not fact_text(name) or name == _OF_EDITORS:
            continue
        is_free = snapshot.get("unlimited") is True
        used = 0.0 if is_free else _fraction(1 - percent / 100)
        # Used-up premium requests stop some models, not the account; see accounts.limits.
        is_refused = name == "chat" and snapshot.get("overage_permitted") is not True
        status = _status(used, is_refused=is_refused)
        seen = Window(account, name, used, None if is_free else resets_at, None, status, "", now)
        limit = None if is_free else _number(snapshot.get("entitlement"))
        left = None if is_free else _number(snapshot.get("remaining"))
        readings.append(Reading(seen, name.replace("_", " "), "requests", None, limit, left))
    return Told(tuple(readings[:READINGS]), fact_text(told.get("copilot_plan")))


def code_assist(account: str, told: _Document, now: float) -> Told:
    """{"buckets": [{"modelId", "tokenType", "remainingFraction", "resetTime"}]}: of requests; tokens go untold."""
    buckets = told.get("buckets")
    readings: dict[str, Reading] = {}
    for value in buckets if isinstance(buckets, list) else ():
        bucket = value if isinstance(value, dict) else {}
        model, left = fact_text(bucket.get("modelId")), _number(bucket.get("remainingFraction"))
        if not model or left is None:
            continue
        used = _fraction(1 - left)
        status = _status(used, is_refused=True)
        resets_at = _at(bucket.get("resetTime"))
        seen = Window(account, model, used, resets_at, None, status, f"model:{model}", now)
        known = readings.get(model)
        if known is None or used > (known.window.used_fraction or 0.0):  # of requests and tokens, what ends first
            readings[model] = Reading(seen, model)
    return Told(tuple(readings.values())[:READINGS])


def _codex_pair(account: str, limit: _Document, model: str, now: float, *, pays: bool) -> Iterator[Reading]:
    for which in ("primary", "secondary"):
        window = _inner(limit, f"{which}_window")
        percent = _number(window.get("used_percent"))
        if percent is None:
            continue
        length_seconds = _length(window.get("limit_window_seconds"))
        name = which if length_seconds is None else length_name(length_seconds)
        used = _fraction(percent / 100)
        seen = Window(
            account,
            f"{name}_{model}" if model else name,
            used,
            _codex_reset(window, now),
            length_seconds,
            _status(used, is_refused=not pays),
            f"model:{model}" if model else "",
            now,
        )
        yield Reading(seen, f"{name} of {model}" if model else name)


def _length(value: object) -> float | None:
    seconds = _number(value)
    return seconds if seconds is not None and 0 < seconds <= LONGEST_SECONDS else None


def _codex_reset(window: _Document, now: float) -> float | None:
    at = _at(window.get("reset_at"))
    after_seconds = _number(window.get("reset_after_seconds"))
    return _at(now + after_seconds) if at is None and after_seconds is not None else at


def _has_credits(credits_: _Document) -> bool:
    if credits_.get("has_credits") is not True:
        return False
    balance = credits_.get("balance")
    if isinstance(balance, str):
        balance = _parsed(balance.removeprefix("$"))
    number = _number(balance)
    return credits_.get("unlimited") is True or (number is not None and number > 0)


def _status(used: float, *, is_refused: bool) -> WindowStatus:
    """is_refused: whether the vendor refuses once it is used up, and takes no money or other model instead."""
    if used >= 1:
        return "exhausted" if is_refused else "warning"
    return "warning" if used >= NEARLY else "ok"


def _inner(document: _Document, name: str) -> _Document:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _parsed(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _at(value: object) -> float | None:
    """A time that a calendar has; Copilot writes 0 for none."""
    try:
        at = told_at(value)
    except OverflowError:
        return None
    return at if at is not None and at < _LATEST_AT else None


def _fraction(used: float) -> float:
    return min(1.0, max(0.0, used))
