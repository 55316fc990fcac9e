"""Waits and points in time as vendors write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.moments import at_of, number_of, seconds_of, stamp_at


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("373ms", 0.373),
        ("250 milliseconds", 0.25),
        ("34.07s", 34.07),
        ("6853.667943359s", 6853.667943359),
        ("1m30.5s", 90.5),
        ("90 minutes", 5400),
        ("2hr 15min", 8100),
        ("2 hours and 5 minutes", 7500),
        ("18h31m10s", 66670),
        ("135h9m46s", 486586),
        ("1 day, 3 hours", 97200),
        ("3 days", 259200),
        ("1 week", 604800),
        ("5 分钟", 300),
        ("3小时20分", 12000),
        ("2个小时", 7200),
        ("30秒", 30),
        ("1天", 86400),
        ("500毫秒", 0.5),
    ],
)
def test_a_duration_is_so_many_seconds(text: str, seconds: float):
    assert seconds_of(text) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize("text", ["", "5", "5 models", "3 months", "s", "in 5s", "5s later", "-5s", "1e3s"])
def test_what_is_no_duration_has_no_seconds(text: str):
    assert seconds_of(text) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-09-01 09:44:51z", 1788255891),
        ("2026-09-01t09:44:51z", 1788255891),
        ("2026-09-01t09:44:51.25z", 1788255891.25),
        ("2026-09-01 09:44:51 utc", 1788255891),
        ("2026-09-01 17:44:51+08:00", 1788255891),
        ("2026-09-01 17:44:51 +0800", 1788255891),
        ("2026-09-01 17:44:51 (utc+8)", 1788255891),
        ("2026-09-01 04:14:51-05:30", 1788255891),
        ("2026-09-01 09:44z", 1788255840),
    ],
)
def test_a_stamp_with_a_zone_is_one_second(text: str, at: float):
    assert stamp_at(text, None) == at
    assert stamp_at(text, 3600.0) == at


def test_a_stamp_without_a_zone_is_what_its_host_means():
    assert stamp_at("2026-09-01 09:44:51", None) is None
    assert stamp_at("2026-09-01 09:44:51", 0.0) == 1788255891
    assert stamp_at("2026-09-01 17:44:51", 28800.0) == 1788255891


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-13-01 00:00:00z",
        "2026-06-31 00:00:00z",
        "2026-01-01 27:00:00z",
        "2026-01-01 00:00:00+99",
        "0000-01-01 00:00:00z",
    ],
)
def test_a_day_that_never_comes_is_no_stamp(text: str):
    assert stamp_at(text, 0.0) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("34.5", 34.5), ("-1", -1), ("", None), ("nan", None), ("1e9", None), ("9" * 19, None)],
)
def test_only_plain_digits_are_a_number(text: str, number: float | None):
    assert number_of(text) == number


def test_a_large_number_is_a_point_in_time():
    assert at_of(1758765600) == 1758765600
    assert at_of(1758765600000) == 1758765600
    assert at_of(3600) is None


@given(st.text(alphabet="0123456789-: .tz+utc()hms天分秒后", max_size=40))
def test_no_text_is_too_odd(text: str):
    for told in (number_of(text), seconds_of(text), stamp_at(text, 0.0)):
        assert told is None or told == told  # noqa: PLR0124 - not a NaN
