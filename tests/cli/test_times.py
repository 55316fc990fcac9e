"""Times as people write them."""

from datetime import datetime

import pytest
import typer

from fastproxy.cli.times import future, past, shown, span_seconds, spoken


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("12h", 43200), ("7d", 604800), (" 2w ", 1209600), ("0s", 0)]
)
def test_a_span_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert span_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-7d", "7 d", "7days", "1.5h", "²d", "9999999d", "7D"])
def test_anything_else_is_no_span(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="span of time"):
        span_seconds(text)


def test_a_span_counts_from_now() -> None:
    assert past("1h", 10_000.0) == 6_400.0
    assert future("1h", 10_000.0) == 13_600.0


def test_a_date_is_midnight_here_and_a_zone_is_obeyed() -> None:
    assert past("2026-11-21", 0.0) == datetime(2026, 11, 21).astimezone().timestamp()
    assert future("2026-11-21T08:00:00+02:00", 0.0) == 1795240800.0


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "", "99999999999d"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    for read in (past, future):
        with pytest.raises(typer.BadParameter, match="write 7d"):
            read(text, 0.0)


def test_a_moment_is_shown_to_the_minute_and_none_as_never() -> None:
    at = datetime(2026, 11, 21, 8, 5, 59).astimezone().timestamp()
    assert shown(at) == "2026-11-21 08:05"
    assert shown(None) == "never"
    assert shown(None, absent="-") == "-"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (172799, "48 h"), (172800, "2 d")],
)
def test_a_span_is_said_in_the_unit_that_tells_most(seconds: float, text: str) -> None:
    assert spoken(seconds) == text
