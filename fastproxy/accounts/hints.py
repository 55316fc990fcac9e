"""How long an upstream asks us to wait, out of the headers and the body of its refusal.

Nothing is added to what it says and nothing taken off: caps and guesses are `verdict`'s. Must never raise, whatever the
bytes; every pattern takes linear time, and of each kind of statement the first STATEMENTS are looked at.
Source: the vendors' error texts as collected in the notes on their clients (3.6), recorded headers; read 2026-11-21.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import islice

from fastproxy.accounts.moments import CHINESE_DURATION, DURATION, NUMBER, STAMP, at_of, number_of, seconds_of, stamp_at

Headers = Callable[[bytes], bytes | None]  # the value under a lower-case name

STATEMENTS = 64
VALUE_BYTES = 128  # of a header; none of these is longer
CHINESE_OFFSET_SECONDS = 28800.0  # hosts that write Chinese mean the time in Beijing (GLM's 1308 and 1310, 2026-08)

# Fields of JSON, and headers quoted in a text. Their values: an instant or a wait, and what a bare number counts.
_INSTANTS = {
    "resets_at": 1.0,
    "reset_at": 1.0,
    "resetsat": 1.0,
    "resetat": 1.0,
    "reset_time": 1.0,
    "resettime": 1.0,
    "quotaresettimestamp": 1.0,
    "x-ratelimit-reset": 1.0,
    "x-ratelimit-reset-ms": 0.001,
}
_WAITS = {
    "retry-after-ms": 0.001,
    "retry_after_ms": 0.001,
    "retryafterms": 0.001,
    "retry-after": 1.0,
    "retry_after": 1.0,
    "retryafter": 1.0,
    "retry_after_seconds": 1.0,
    "retrydelay": 1.0,
    "retry_delay": 1.0,
    "quotaresetdelay": 1.0,
    "resets_in_seconds": 1.0,
    "reset_in_seconds": 1.0,
    "reset_after_seconds": 1.0,
    "x-ratelimit-reset-after": 1.0,
}
_NAMES = "|".join(sorted((re.escape(name) for name in (*_INSTANTS, *_WAITS)), key=len, reverse=True))
_FIELD = re.compile(
    rf'(?<![\w-])({_NAMES})"?\s{{0,8}}[:=]\s{{0,8}}(?:\{{\s{{0,8}}"seconds"\s{{0,8}}:\s{{0,8}})?"?'
    rf"({STAMP}|{DURATION}|-?{NUMBER})"
)
_IN = re.compile(
    r"\b(?:again|retry|retrying|resets?|resetting|renews?|refreshes|wait|available)"
    r"\s{1,8}(?:(?:in|after|for|at least|another|about|approximately)\s{1,8}){0,3}"
    rf"~?\s?({DURATION})"
)
_IN_CHINESE = re.compile(rf"(?<![\d.])({CHINESE_DURATION})\s?[之以]?后")
_AT = re.compile(
    rf"\b(?:again|retry|resets?|renews?|refreshes|available|until)\s{{1,8}}(?:(?:at|on|after|by)\s{{1,8}})?({STAMP})"
)
_AT_CHINESE = re.compile(rf"(?:将[在于]|重置(?:时间)?[为于:\uff1a]?)\s{{0,8}}({STAMP})")


def retry_after(get: Headers, text: str, now: float, naive_offset_seconds: float = 0.0) -> float | None:
    """Seconds to wait from `now`: the longest that headers and body tell; 0.0 for "now" and for what is over.

    text: of the body (`told.text_of`), may be "". naive_offset_seconds: how far the host's clock is ahead of UTC where
    it writes times without a zone; those count only where nothing else is told. None: no hint at all.
    """
    waits = [*islice(_of_headers(get, now), 1), *_of_text(text, now)]
    if not waits:
        waits = list(_of_naive_stamps(text, now, naive_offset_seconds))
    return max(0.0, *waits) if waits else None


def should_retry(get: Headers) -> bool | None:
    """What `x-should-retry` says; None without it."""
    told = get(b"x-should-retry")
    return {b"true": True, b"false": False}.get(told.strip().lower()) if told is not None else None


def _of_headers(get: Headers, now: float) -> Iterator[float]:
    """What each header tells, the finer and the more certain ones first."""
    for name, read in _READERS:
        value = get(name)
        if value is not None and len(value) <= VALUE_BYTES:
            wait = read(value.decode("latin-1").strip().lower(), now)
            if wait is not None:
                yield wait
    if get(b"anthropic-ratelimit-unified-status") == b"rejected":
        at = number_of((get(b"anthropic-ratelimit-unified-reset") or b"")[:VALUE_BYTES].decode("latin-1").strip())
        if at is not None:
            yield at - now


def _of_text(text: str, now: float) -> Iterator[float]:
    """Every wait, and every point in time whose zone is known."""
    for field in islice(_FIELD.finditer(text), STATEMENTS):
        wait = _wait(field[1], field[2], now)
        if wait is not None:
            yield wait
    for pattern in (_IN, _IN_CHINESE):
        for found in islice(pattern.finditer(text), STATEMENTS):
            seconds = seconds_of(found[1])
            if seconds is not None:
                yield seconds
    for pattern in (_AT, _AT_CHINESE):
        for found in islice(pattern.finditer(text), STATEMENTS):
            at = stamp_at(found[1], None)
            if at is not None:
                yield at - now


def _of_naive_stamps(text: str, now: float, offset_seconds: float) -> Iterator[float]:
    for pattern, ahead_seconds in ((_AT, offset_seconds), (_FIELD, offset_seconds), (_AT_CHINESE, None)):
        ahead = CHINESE_OFFSET_SECONDS if ahead_seconds is None else ahead_seconds
        for found in islice(pattern.finditer(text), STATEMENTS):
            at = stamp_at(found[pattern.groups], ahead)
            if at is not None:
                yield at - now


def _wait(name: str, value: str, now: float) -> float | None:
    """What a field says, whichever way its host writes it."""
    number = number_of(value)
    if number is None:
        at = stamp_at(value, None)
        return seconds_of(value) if at is None else at - now
    if name in _WAITS:
        return number * _WAITS[name]
    at = at_of(number)
    return number * _INSTANTS[name] if at is None else at - now


def _seconds_or_date(value: str, now: float) -> float | None:
    number = number_of(value)
    if number is not None:
        return number
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now


def _as(name: str) -> Callable[[str, float], float | None]:
    return lambda value, now: _wait(name, value, now)


_READERS: tuple[tuple[bytes, Callable[[str, float], float | None]], ...] = (
    (b"retry-after-ms", _as("retry-after-ms")),
    (b"retry-after", _seconds_or_date),
    (b"x-ratelimit-reset-ms", _as("x-ratelimit-reset-ms")),
    (b"x-ratelimit-reset", _as("x-ratelimit-reset")),
    (b"x-ratelimit-reset-after", _as("x-ratelimit-reset-after")),
)
