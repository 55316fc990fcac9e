"""How much of its quotas an account has used, from the headers of any answer; and until when a used-up one rests.

A window is "exhausted" only where the vendor refuses until the reset. A bucket that refills by the second (requests or
tokens per minute) and holds nothing just now is a "warning": its reset is when it is full again, not when it serves.
Must never raise, whatever the headers.
Source: recorded answers (Anthropic's API and plans, OpenAI, Azure, Together, ChatGPT, Copilot); codex-rs
codex-api/src/rate_limits.rs; public reports of the windows per model and of Copilot's plan limits; read 2026-11-21.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl

from fastproxy.accounts.cooldown import Cooldown, Window, WindowStatus
from fastproxy.accounts.hints import Headers
from fastproxy.accounts.moments import at_of, number_of, seconds_of, stamp_at

LONGEST_COOLDOWN_SECONDS = 691_200.0  # 8 days: a weekly window and a day for clocks; then the account is asked again
USAGE_CAUSE = "a usage limit is reached"  # of a rest for a quota that the refusal does not name
VALUE_BYTES = 256  # of a header; the longest recorded has 80

_USED_UP = " limit is used up"
_HOUR_SECONDS = 3600.0
_DAY_SECONDS = 86400.0


class Claim(NamedTuple):
    """One of Anthropic's windows: its name in header names, in `representative-claim`, and what it is a limit of."""

    name: str
    claim: str
    length_seconds: float | None
    scope: str = ""


_UNIFIED = "anthropic-ratelimit-unified-"
CLAIMS = (
    Claim("5h", "five_hour", 5 * _HOUR_SECONDS),
    Claim("7d", "seven_day", 7 * _DAY_SECONDS),
    Claim("7d_opus", "seven_day_opus", 7 * _DAY_SECONDS, "family:opus"),
    Claim("7d_sonnet", "seven_day_sonnet", 7 * _DAY_SECONDS, "family:sonnet"),
    Claim("7d_haiku", "seven_day_haiku", 7 * _DAY_SECONDS, "family:haiku"),
    Claim("7d_oi", "seven_day_oi", 7 * _DAY_SECONDS, "family:fable"),
)
_UNKNOWN_CLAIM = Claim("unified", "", None)
_STATUSES: dict[str, WindowStatus] = {"allowed": "ok", "allowed_warning": "warning", "rejected": "exhausted"}
# Limit, remaining, reset of each bucket; the names are those of the windows, in the vendors' own words.
_BUCKETS = tuple(
    (name, *(pattern.format(what, name) for what in ("limit", "remaining", "reset")))
    for pattern, names in (
        ("anthropic-ratelimit-{1}-{0}", ("requests", "tokens", "input-tokens", "output-tokens")),
        ("x-ratelimit-{0}-{1}", ("requests", "tokens")),
        ("x-ratelimit-{0}", ("requests",)),
    )
    for name in names
)
_CODEX_LIMIT = re.compile(r"codex-[a-z0-9-]{1,48}")
_CODEX_LIMITS = ("codex-bengalfox",)  # told beside the plan's own; any other one only where it is the active one
_YES = frozenset(("true", "1"))
# Copilot's: "premium" requests are those for some models only, so that using them up does not stop the account.
_SNAPSHOTS: tuple[tuple[str, str, float | None, bool], ...] = (
    ("x-quota-snapshot-chat", "chat", None, True),
    ("x-quota-snapshot-premium_interactions", "premium_interactions", None, False),
    ("x-quota-snapshot-premium_models", "premium_models", None, False),
    ("x-usage-ratelimit-session", "session", None, True),
    ("x-usage-ratelimit-weekly", "weekly", 7 * _DAY_SECONDS, True),
)


class _Answer(NamedTuple):
    """Whose headers are read, and when they came."""

    account: str
    get: Headers
    now: float

    def text(self, name: str) -> str:
        value = self.get(name.encode())
        return "" if value is None else value[:VALUE_BYTES].decode("latin-1").strip().lower()

    def number(self, name: str) -> float | None:
        return number_of(self.text(name))


def windows_of(account: str, get: Headers, now: float) -> tuple[Window, ...]:
    """Every window that the headers tell of.

    Cost: 1.2 us without any such header; 11 us for a plan of Anthropic's, 14 for one of ChatGPT's; 25 to 40 us for
    OpenAI's and Anthropic's buckets and for Copilot's snapshots: nothing to do before the answer's head has gone out.
    """
    for sign in _SIGNS:  # a plain loop: half the cost of any() over a generator, and it runs for every answer
        if get(sign) is not None:
            return _windows_in(_Answer(account, get, now))
    return ()


def _windows_in(answer: _Answer) -> tuple[Window, ...]:
    readers = (read for signs, read in _READERS if any(answer.get(sign) is not None for sign in signs))
    return tuple(window for read in readers for window in read(answer))


def cooldowns_of(windows: Iterable[Window], now: float) -> tuple[Cooldown, ...]:
    """One rest for each scope that is used up: until the last of its resets, LONGEST_COOLDOWN_SECONDS at most."""
    longest: dict[tuple[str, str], Cooldown] = {}
    for window in windows:
        if window.status != "exhausted" or window.resets_at is None or window.resets_at <= now:
            continue
        key = window.account, window.scope
        until_at = min(window.resets_at, now + LONGEST_COOLDOWN_SECONDS)
        if key not in longest or until_at > longest[key].until_at:
            longest[key] = Cooldown(*key, until_at, timed=True, cause=cause_of(window))
    return tuple(longest.values())


def cause_of(window: Window) -> str:
    """Why a used-up window makes an account rest, for people."""
    return f"the {window.name}{_USED_UP}"


def is_of_quota(cooldown: Cooldown) -> bool:
    """Whether it is for a quota that is used up, by its cause: not for a rate, a closed account or a refused token."""
    return cooldown.cause == USAGE_CAUSE or cooldown.cause.endswith(_USED_UP)


def _unified(answer: _Answer) -> Iterable[Window]:
    """Anthropic's plans. Overage is not a window; while it pays, a used-up window of the account refuses nothing."""
    all_told = answer.text(f"{_UNIFIED}status")
    windows: dict[str, Window] = {}
    for claim in CLAIMS:
        window = _claimed(answer, claim, serves=all_told.startswith("allowed") and not claim.scope)
        if window is not None:
            windows[claim.name] = window
    if all_told == "rejected" and not any(window.status == "exhausted" for window in windows.values()):
        told = answer.text(f"{_UNIFIED}representative-claim")
        claim = next((claim for claim in CLAIMS if claim.claim == told), _UNKNOWN_CLAIM)
        windows[claim.name] = _window(answer, claim, "exhausted", 1.0, answer.text(f"{_UNIFIED}reset"))
    return windows.values()


def _claimed(answer: _Answer, claim: Claim, *, serves: bool) -> Window | None:
    """One window. serves: whether the vendor says that the account serves all the same."""
    prefix = f"{_UNIFIED}{claim.name}"
    told, used = answer.text(f"{prefix}-status"), answer.number(f"{prefix}-utilization")
    if not told and used is None:
        return None
    status = _STATUSES.get(told, "unknown" if used is None else "exhausted" if used >= 1 else "ok")
    if used is None and status == "exhausted":
        used = 1.0
    if serves and status == "exhausted":
        status = "warning"
    return _window(answer, claim, status, used, answer.text(f"{prefix}-reset"))


def _window(answer: _Answer, claim: Claim, status: WindowStatus, used: float | None, reset: str) -> Window:
    fraction = None if used is None else _fraction(used)
    resets_at = _instant(reset, answer.now)
    return Window(
        answer.account, claim.name, fraction, resets_at, claim.length_seconds, status, claim.scope, answer.now
    )


def _buckets(answer: _Answer) -> Iterator[Window]:
    """Requests and tokens per minute, as APIs with keys tell them."""
    for name, limit_name, remaining_name, reset_name in _BUCKETS:
        remaining = answer.number(remaining_name)
        if remaining is None:
            continue
        limit = answer.number(limit_name)
        used = _fraction(1 - remaining / limit) if limit is not None and limit > 0 else None
        resets_at = _instant(answer.text(reset_name), answer.now)
        status: WindowStatus = "ok" if remaining > 0 else "warning"
        yield Window(answer.account, name, used, resets_at, None, status, "", answer.now)


def _codex(answer: _Answer) -> Iterator[Window]:
    """ChatGPT's plans: two windows of the account, and two of each model that is counted by itself."""
    pays = _has_credits(answer)
    yield from _codex_pair(answer, "codex", "", pays=pays)
    active = answer.text("x-codex-active-limit").replace("_", "-")
    others = {*_CODEX_LIMITS, active} if _CODEX_LIMIT.fullmatch(active) else _CODEX_LIMITS
    for limit in sorted(others):
        model = answer.text(f"x-{limit}-limit-name")
        if model:  # without it nobody knows what it is a limit of
            yield from _codex_pair(answer, limit, model, pays=pays)


def _has_credits(answer: _Answer) -> bool:
    if answer.text("x-codex-credits-has-credits") not in _YES:
        return False
    balance = number_of(answer.text("x-codex-credits-balance").removeprefix("$"))
    return answer.text("x-codex-credits-unlimited") in _YES or (balance is not None and balance > 0)


def _codex_pair(answer: _Answer, limit: str, model: str, *, pays: bool) -> Iterator[Window]:
    """A limit's primary and secondary window. pays: whether credits are taken once they are used up."""
    for which in ("primary", "secondary"):
        prefix = f"x-{limit}-{which}-"
        percent = answer.number(f"{prefix}used-percent")
        if percent is None:
            continue
        minutes = answer.number(f"{prefix}window-minutes")
        length_seconds = minutes * 60 if minutes is not None and minutes > 0 else None
        name = which if length_seconds is None else length_name(length_seconds)
        status: WindowStatus = "ok" if percent < 100 else "warning" if pays else "exhausted"
        yield Window(
            answer.account,
            f"{name}_{model}" if model else name,
            _fraction(percent / 100),
            _codex_reset(answer, prefix),
            length_seconds,
            status,
            f"model:{model}" if model else "",
            answer.now,
        )


def _codex_reset(answer: _Answer, prefix: str) -> float | None:
    at = answer.number(f"{prefix}reset-at")
    if at is not None:
        return at_of(at)
    after_seconds = answer.number(f"{prefix}reset-after-seconds")
    return None if after_seconds is None else answer.now + after_seconds


def length_name(length_seconds: float) -> str:
    """As people say it ("5h", "7d"): ChatGPT counts 299 minutes and 10079 now and then."""
    hours = round(length_seconds / _HOUR_SECONDS)
    return f"{hours}h" if hours < 48 else f"{round(hours / 24)}d"


def _snapshots(answer: _Answer) -> Iterator[Window]:
    """Copilot's. ent: what the plan has, -1 for no limit; rem: percent left; ovPerm: whether more may be bought."""
    for name, short, length_seconds, stops in _SNAPSHOTS:
        value = answer.text(name)
        fields = dict(parse_qsl(value, max_num_fields=16)) if value.count("&") < 16 else {}
        left_percent = number_of(fields.get("rem", ""))
        if left_percent is None:
            continue
        is_free = number_of(fields.get("ent", "")) == -1 or fields.get("ovperm") == "true"
        status: WindowStatus = "ok" if left_percent > 0 else "warning" if is_free or not stops else "exhausted"
        resets_at = _instant(fields.get("rst", ""), answer.now)
        used = _fraction(1 - left_percent / 100)
        yield Window(answer.account, short, used, resets_at, length_seconds, status, "", answer.now)


def _instant(value: str, now: float) -> float | None:
    """When something is: an epoch, a stamp, a duration from now, or a bare number of seconds from now."""
    number = number_of(value)
    if number is not None:
        at = at_of(number)
        return now + number if at is None else at
    seconds = seconds_of(value)
    return stamp_at(value, 0.0) if seconds is None else now + seconds


def _fraction(used: float) -> float:
    return min(1.0, max(0.0, used))


# A family of headers is read when one of its signs is there; every recorded answer of the family has one of them.
_READERS: tuple[tuple[tuple[bytes, ...], Callable[[_Answer], Iterable[Window]]], ...] = (
    ((b"anthropic-ratelimit-unified-status", b"anthropic-ratelimit-unified-5h-status"), _unified),
    (
        (
            b"anthropic-ratelimit-tokens-remaining",
            b"anthropic-ratelimit-requests-remaining",
            b"x-ratelimit-remaining-requests",
            b"x-ratelimit-remaining-tokens",
            b"x-ratelimit-remaining",
        ),
        _buckets,
    ),
    ((b"x-codex-primary-used-percent", b"x-codex-active-limit"), _codex),
    ((b"x-quota-snapshot-chat", b"x-usage-ratelimit-weekly"), _snapshots),
)
_SIGNS = tuple(sign for signs, _ in _READERS for sign in signs)
