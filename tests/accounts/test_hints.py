"""Every form in which an upstream says how long to wait."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.hints import Headers, retry_after, should_retry
from fastproxy.accounts.told import text_of

NOW = 1_764_000_000.0  # 2025-11-24 16:00:00 UTC
DAYS_60 = 60 * 86400


def headers(told: Mapping[str, str]) -> Headers:
    return {name.encode(): value.encode() for name, value in told.items()}.get


def of_body(body: str, **kwargs: float) -> float | None:
    return retry_after({}.get, text_of(body.encode()), NOW, **kwargs)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "0"}, 0),
        ({"retry-after": "24"}, 24),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "Mon, 24 Nov 2025 16:10:00 GMT"}, 600),
        ({"retry-after": "Monday, 24-Nov-25 16:10:00 GMT"}, 600),
        ({"retry-after": "Mon, 24 Nov 2025 16:10:00 -0000"}, 600),
        ({"retry-after": "Mon, 24 Nov 2025 15:00:00 GMT"}, 0),
        ({"x-ratelimit-reset-ms": "1764000600000"}, 600),
        ({"x-ratelimit-reset-ms": "1764000600"}, 600),
        ({"x-ratelimit-reset-ms": "2500"}, 2.5),
        ({"x-ratelimit-reset": "1764000600"}, 600),
        ({"x-ratelimit-reset": "1764000600000"}, 600),
        ({"x-ratelimit-reset": "1763999999"}, 0),
        ({"x-ratelimit-reset": "2"}, 2),
        ({"x-ratelimit-reset": "6m0s"}, 360),
        ({"x-ratelimit-reset": "2025-11-24T16:00:30Z"}, 30),
        ({"x-ratelimit-reset-after": "17.5"}, 17.5),
        ({"anthropic-ratelimit-unified-status": "rejected", "anthropic-ratelimit-unified-reset": "1764003600"}, 3600),
        ({"anthropic-ratelimit-unified-status": "allowed", "anthropic-ratelimit-unified-reset": "1764003600"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "Mon, 99 Nov 2025 16:10:00 GMT"}, None),
    ],
)
def test_a_header_tells_the_wait(told: dict[str, str], seconds: float | None):
    assert retry_after(headers(told), "", NOW) == seconds


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "2", "x-ratelimit-reset": "60"}, 1.5),
        ({"retry-after": "2", "x-ratelimit-reset-ms": "60000", "x-ratelimit-reset": "60"}, 2),
        ({"x-ratelimit-reset-ms": "60000", "x-ratelimit-reset": "90"}, 60),
        ({"x-ratelimit-reset": "90", "x-ratelimit-reset-after": "5"}, 90),
        ({"retry-after-ms": "none", "retry-after": "2"}, 2),
    ],
)
def test_the_surest_header_counts(told: dict[str, str], seconds: float):
    assert retry_after(headers(told), "", NOW) == seconds


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ("", None),
        ("Rate limit of 60 requests in 1 min reached for gpt-5", None),
        ("reset after 18h31m10s", 66670),
        ("Your quota will reset after 135h10m5s.", 486605),
        ("Please retry in 12s", 12),
        ("Please retry in 250ms", 0.25),
        ("Please retry after 5 seconds.", 5),
        ("Please try again in 7m59.52s. Visit", 479.52),
        ("try again in ~158 min", 9480),
        ("try again in 2h", 7200),
        ("try again in 90 minutes", 5400),
        ("will reset in 13 minutes", 780),
        ("Your limit resets in 3 days", 259200),
        ("It will be reset in 3 days", 259200),
        ("resets in 2hr 15min", 8100),
        ("Individual quota reached. Resets in 1h54m13s. Error ID", 6853),
        ("You've exceeded your weekly rate limit. Please wait 12 hours.", 43200),
        ("available again in about 20 minutes", 1200),
        ("Usage limit reached. Your limit will reset at 2025-11-24 16:10:00Z", 600),
        ("reset at 2025-11-25 00:10:00+08:00", 600),
        ("Limit exhausted. It will reset at 2025-11-24T16:10:00Z", 600),
        ("try again at 2025-11-24 16:10:00 UTC", 600),
        ("您的限额将在 2025-11-25 00:10:00 重置。", 600),
        (r"\u60a8\u7684\u9650\u989d\u5c06\u5728 2025-11-25 00:10:00 \u91cd\u7f6e", 600),
        ("额度已用完. 重置时间\uff1a2025-11-25 00:10:00", 600),
        ("将在3小时后重置", 10800),
        ("请在 5 分钟后重试", 300),
        ('{"error":{"details":[{"retryDelay":"34.07s"}]}}', 34.07),
        ('{"error":{"details":[{"retryDelay": "34s"}]}}', 34),
        ('{"error":{"details":[{"retryDelay":{"seconds":"34"}}]}}', 34),
        ('{"metadata":{"quotaResetDelay":"1h0m0s"}}', 3600),
        ('{"metadata":{"quotaResetDelay":"373ms"}}', 0.373),
        ('{"metadata":{"quotaResetTimeStamp":"2025-11-24T16:10:00Z"}}', 600),
        ('{"error":{"type":"usage_limit_reached","resets_in_seconds":3600}}', 3600),
        ('{"error":{"type":"usage_limit_reached","resets_at":1764003600}}', 3600),
        ('{"error":{"type":"usage_limit_reached","resets_at":1764003600000}}', 3600),
        ('{"error":{"type":"usage_limit_reached","resets_at":"2025-11-24T17:00:00Z"}}', 3600),
        ('{"error":{"retry_after":7.5}}', 7.5),
        ('{"metadata":{"headers":{"X-RateLimit-Reset":"1764000600000"}}}', 600),
        (r'{"raw":"{\"error\":{\"details\":[{\"retryDelay\":\"34s\"}]}}"}', 34),
        ("failed: retry-after-ms=1500", 1.5),
        ("failed: retry-after: 30", 30),
        ("failed: x-ratelimit-reset: 1764000600", 600),
        ("failed: x-ratelimit-reset-ms: 1764000600000", 600),
        ("reset after 0s", 0),
        ("reset at 2025-11-24 15:00:00Z", 0),
        ('{"resets_at":1763990000}', 0),
        ('{"resets_at":null,"resets_in_seconds":null}', None),
        ("retry shortly", None),
    ],
)
def test_a_body_tells_the_wait(body: str, seconds: float | None):
    told = of_body(body)
    assert told == (None if seconds is None else pytest.approx(seconds, abs=1e-6))


def test_the_longest_wait_of_headers_and_body_counts():
    assert retry_after(headers({"retry-after": "30"}), text_of(b'{"resets_in_seconds":3600}'), NOW) == 3600
    assert retry_after(headers({"retry-after": "3600"}), text_of(b"try again in 2s"), NOW) == 3600
    assert of_body('try again in 2s {"retryDelay":"34s"} resets in 5 minutes') == 300


def test_a_time_without_a_zone_counts_only_where_nothing_else_is_told():
    naive = "Your limit will reset at 2025-11-24 18:00:00"
    assert of_body(naive) == 7200
    assert of_body(f"{naive}; try again in 30s") == 30
    assert retry_after(headers({"retry-after": "30"}), text_of(naive.encode()), NOW) == 30


def test_a_time_without_a_zone_is_the_hosts():
    assert of_body("Your limit will reset at 2025-11-25 00:10:00", naive_offset_seconds=28800.0) == 600


def test_only_the_first_statements_are_looked_at():
    assert of_body("retry in 1s " * 1000 + "retry in 9s") == 1


@pytest.mark.parametrize(
    ("told", "retries"),
    [("true", True), ("True", True), ("False ", False), ("1", None), ("", None)],
)
def test_the_vendor_says_whether_to_retry(told: str, retries: bool | None):
    assert should_retry(headers({"x-should-retry": told})) is retries
    assert should_retry(headers({})) is None


@given(st.integers(0, DAYS_60))
def test_every_way_of_saying_it_is_exact_to_the_second(seconds: int):
    at = datetime.fromtimestamp(NOW + seconds, UTC)
    hours, rest = divmod(seconds, 3600)
    ways = [
        ({"retry-after": str(seconds)}, ""),
        ({"retry-after-ms": str(seconds * 1000)}, ""),
        ({"retry-after": format_datetime(at, usegmt=True)}, ""),
        ({"x-ratelimit-reset": str(int(NOW) + seconds)}, ""),
        ({"x-ratelimit-reset-after": str(seconds)}, ""),
        ({}, f'{{"resets_at":{int(NOW) + seconds}}}'),
        ({}, f'{{"resets_at":"{at:%Y-%m-%dT%H:%M:%SZ}"}}'),
        ({}, f'{{"resets_in_seconds":{seconds}}}'),
        ({}, f'{{"retryDelay":"{seconds}s"}}'),
        ({}, f"Your quota will reset after {hours}h{rest // 60}m{rest % 60}s."),
        ({}, f"Your limit will reset at {at:%Y-%m-%d %H:%M:%S}"),
    ]
    for told, body in ways:
        assert retry_after(headers(told), text_of(body.encode()), NOW) == pytest.approx(seconds, abs=1e-6)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_are_too_odd(value: bytes, body: bytes):
    told = retry_after(lambda _: value, text_of(body), NOW)
    assert told is None or told >= 0
