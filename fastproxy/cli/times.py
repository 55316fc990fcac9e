"""Times as people write and read them on a command line. Pure, but for the machine's time zone."""

import re
from datetime import datetime

import typer

_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def span_seconds(text: str) -> float:
    """The seconds in "90s", "30m", "12h", "7d" or "2w". Raises: typer.BadParameter."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a span of time: write 90s, 30m, 12h, 7d or 2w")
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def past(text: str, now: float) -> float:
    """Epoch seconds of a span before `now` ("7d"), or of a local date or time ("2026-11-21", "2026-11-21T08:00")."""
    if _SPAN.fullmatch(text.strip()):
        return now - span_seconds(text)
    return _moment(text)


def future(text: str, now: float) -> float:
    """Epoch seconds of a span after `now` ("30d"), or of a local date or time. Raises: typer.BadParameter."""
    if _SPAN.fullmatch(text.strip()):
        return now + span_seconds(text)
    return _moment(text)


def shown(at: float | None, *, absent: str = "never") -> str:
    """A moment in local time, to the minute."""
    return absent if at is None else datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def spoken(seconds: float) -> str:
    """A span as people say it: "42 s", "5 min", "3 h", "6 d"."""
    for limit_seconds, unit_seconds, unit in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit_seconds:
            return f"{max(1, round(seconds / unit_seconds))} {unit}"
    return f"{round(seconds / 86400)} d"


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time: write 7d (of s, m, h, d, w) or 2026-11-21") from None
