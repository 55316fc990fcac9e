"""Waits and points in time as vendors write them: "18h31m10s", "3 days", "34.07s", "2小时", 1758765600, ISO stamps.

All text is lower case. Nothing here reads a clock, and no pattern takes more than linear time. Must never raise.
"""

import re
from datetime import datetime, timedelta, timezone

_MILLISECONDS_EPOCH = 1e12  # above it a number is the epoch in milliseconds (September 2001 and later)
_SECONDS_EPOCH = 1e9  # above it a number is the epoch in seconds (also September 2001); below it, a wait
_UNIT_SECONDS = {
    "ms": 0.001, "milli": 0.001, "毫秒": 0.001,
    "s": 1.0, "sec": 1.0, "秒": 1.0,
    "m": 60.0, "min": 60.0, "分": 60.0,
    "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "小时": 3600.0,
    "d": 86400.0, "day": 86400.0, "天": 86400.0, "日": 86400.0,
    "w": 604800.0, "week": 604800.0, "周": 604800.0,
}  # fmt: skip

NUMBER = r"\d{1,18}(?:\.\d{1,18})?"
_LATIN = r"(?:milli(?:second)?s?|ms|minutes?|mins?|m|seconds?|secs?|s|hours?|hrs?|h|days?|d|weeks?|w)(?![a-z])"
_CHINESE = r"(?:毫秒|秒钟?|分钟?|个?小时|天|日|周)"
_PART = rf"{NUMBER}[ -]?(?:{_LATIN}|{_CHINESE})"
DURATION = rf"{_PART}(?:[ ,]{{0,2}}(?:and )?{_PART}){{0,5}}"
CHINESE_DURATION = rf"{NUMBER} ?{_CHINESE}(?: ?{NUMBER} ?{_CHINESE}){{0,5}}+"  # possessive: it stands before its word
STAMP = (
    r"\d{4}-\d{2}-\d{2}[t ]{1,2}\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
    r"(?: ?(?:z\b|\(?(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2})?|utc|gmt))?"
)

_NUMBER = re.compile(rf"-?{NUMBER}")
_DURATION = re.compile(DURATION)
_PARTS = re.compile(rf"({NUMBER})[ -]?(milli|ms|min|m|sec|s|hour|hr|h|day|d|week|w|毫秒|秒|分|个?小时|天|日|周)")
_STAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})[t ]{1,2}(\d{2}:\d{2})(:\d{2})?(\.\d{1,9})?"
    r"(?: ?(z|\(?(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?|utc|gmt))?"
)


def number_of(text: str) -> float | None:
    """The number that a text is; None for anything else, also for "nan" and "1e9"."""
    return float(text) if _NUMBER.fullmatch(text) else None


def seconds_of(text: str) -> float | None:
    """How long "1h54m13s", "2hr 15min" or "34.07s" is; None for what is no duration. A bare number is none."""
    if _DURATION.fullmatch(text) is None:
        return None
    return sum(float(count) * _UNIT_SECONDS[unit.removeprefix("个")] for count, unit in _PARTS.findall(text))


def at_of(number: float) -> float | None:
    """The epoch second that a number of epoch seconds or milliseconds is; None for one that is too small for both."""
    if number > _MILLISECONDS_EPOCH:
        return number / 1000
    return number if number > _SECONDS_EPOCH else None


def stamp_at(text: str, naive_offset_seconds: float | None) -> float | None:
    """The epoch second of "2026-09-01 09:44:51+08:00", "2026-09-01t09:44:51z".

    naive_offset_seconds: what a stamp without a zone is ahead of UTC; with None, there is no answer for it.
    """
    found = _STAMP.fullmatch(text.rstrip(")"))
    if found is None:
        return None
    offset_seconds = naive_offset_seconds
    if found[6]:
        offset_seconds = (int(found[7]) * 3600 + int(found[8] or 0) * 60) * (-1 if found[6] == "-" else 1)
    elif found[5]:
        offset_seconds = 0.0
    if offset_seconds is None:
        return None
    try:
        zone = timezone(timedelta(seconds=offset_seconds))
        whole = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ':00'}").replace(tzinfo=zone)
        return whole.timestamp() + float(f"0{found[4] or '.0'}")
    except (ValueError, OverflowError):  # the 31st of June, an hour 27, a zone of 99 hours
        return None
