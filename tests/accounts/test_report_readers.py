"""Usage reports in the shapes that vendors have been seen to send, and in shapes that nobody sends."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy.accounts import report_readers
from fastproxy.accounts.cooldown import Window
from fastproxy.accounts.reports import Report, Told, as_json

ID, NOW = "lab:work", 1_800_000_000.0
READERS = (report_readers.anthropic, report_readers.codex, report_readers.copilot, report_readers.code_assist)


def windows(told: Told) -> dict[str, Window]:
    return {reading.window.name: reading.window for reading in told.readings}


# Anthropic.


def test_anthropics_windows_have_the_names_that_its_headers_have():
    told = report_readers.anthropic(
        ID,
        {
            "five_hour": {"utilization": 37.0, "resets_at": "2026-03-10T04:59:59.000000+00:00"},
            "seven_day": {"utilization": 92, "resets_at": "2026-03-15T14:59:59Z"},
            "seven_day_opus": None,
            "seven_day_sonnet": {"utilization": 100.0, "resets_at": None},
            "seven_day_oauth_apps": {"utilization": 1.0},
            "extra_usage": {"is_enabled": False, "monthly_limit": None, "utilization": None},
        },
        NOW,
    )
    assert windows(told) == {
        "5h": Window(ID, "5h", 0.37, 1773118799.0, 18000.0, "ok", "", NOW),
        "7d": Window(ID, "7d", 0.92, 1773586799.0, 604800.0, "warning", "", NOW),
        "7d_sonnet": Window(ID, "7d_sonnet", 1.0, None, 604800.0, "exhausted", "family:sonnet", NOW),
    }


def test_a_used_up_window_refuses_nothing_while_extra_usage_pays_for_it():
    spent = {"utilization": 100.0, "resets_at": None}
    extra = {"is_enabled": True, "monthly_limit": 50, "used_credits": 5, "utilization": 10.0}
    told = report_readers.anthropic(ID, {"five_hour": spent, "seven_day_opus": spent, "extra_usage": extra}, NOW)
    assert {name: one.status for name, one in windows(told).items()} == {
        "5h": "warning", "7d_opus": "exhausted", "extra": "ok",
    }  # fmt: skip
    used_up = report_readers.anthropic(ID, {"five_hour": spent, "extra_usage": extra | {"utilization": 100}}, NOW)
    assert windows(used_up)["5h"].status == "exhausted"


# ChatGPT.


def limit(**window: object) -> dict[str, Any]:
    return {"used_percent": 6, "limit_window_seconds": 18000, "reset_at": 1738300000} | window


def test_chatgpts_windows_are_named_by_their_length_and_not_by_their_place():
    week = limit(limit_window_seconds=604800, used_percent=100, reset_at=None, reset_after_seconds=60)
    told = report_readers.codex(
        ID, {"plan_type": "prolite", "rate_limit": {"primary_window": week, "secondary_window": None}}, NOW
    )
    assert windows(told) == {"7d": Window(ID, "7d", 1.0, NOW + 60, 604800.0, "exhausted", "", NOW)}
    assert told.plan == "prolite"


def test_a_models_own_windows_are_for_that_model():
    spark = {"limit_name": "GPT-5.3-Codex-Spark", "rate_limit": {"primary_window": limit()}}
    told = report_readers.codex(
        ID, {"additional_rate_limits": [spark, {"rate_limit": {"primary_window": limit()}}]}, NOW
    )
    assert [(one.name, one.scope) for one in windows(told).values()] == [
        ("5h_gpt-5.3-codex-spark", "model:gpt-5.3-codex-spark")
    ]


@pytest.mark.parametrize(
    ("credits_", "is_open", "status"),
    [
        (None, False, "exhausted"),
        ({"has_credits": True, "balance": "$12.34"}, True, "warning"),
        ({"has_credits": True, "balance": "0"}, False, "exhausted"),
        ({"has_credits": True, "unlimited": True, "balance": "?"}, True, "warning"),
    ],
)
def test_an_account_that_is_refused_is_not_open_unless_credits_pay(credits_: object, is_open: bool, status: str):
    rate_limit = {"allowed": False, "primary_window": limit(used_percent=100)}
    told = report_readers.codex(ID, {"rate_limit": rate_limit, "credits": credits_}, NOW)
    assert (told.is_open, windows(told)["5h"].status) == (is_open, status)


@pytest.mark.parametrize("seconds", [0, -1, 1e300, "18000", True])
def test_a_length_that_no_window_has_is_none(seconds: object):
    told = report_readers.codex(ID, {"rate_limit": {"primary_window": limit(limit_window_seconds=seconds)}}, NOW)
    assert [(one.name, one.length_seconds) for one in windows(told).values()] == [("primary", None)]


# Copilot.


def test_copilots_premium_requests_warn_and_its_chat_stops():
    told = report_readers.copilot(
        ID,
        {
            "copilot_plan": "individual",
            "quota_reset_date": "2026-04-01",
            "quota_snapshots": {
                "premium_interactions": {"entitlement": 300, "remaining": -1, "percent_remaining": -0.33},
                "chat": {"percent_remaining": 0.0, "unlimited": False},
                "completions": {"percent_remaining": 10.0, "unlimited": False},
                "premium_models": {"percent_remaining": 100.0, "unlimited": True, "entitlement": 0},
                "an odd name": {"percent_remaining": 1.0},
            },
        },
        NOW,
    )
    found = windows(told)
    assert {name: (one.status, one.used_fraction) for name, one in found.items()} == {
        "premium_interactions": ("warning", 1.0), "chat": ("exhausted", 1.0), "premium_models": ("ok", 0.0),
    }  # fmt: skip
    assert found["chat"].resets_at == 1775001600.0
    assert found["premium_models"].resets_at is None
    assert told.readings[0].limit == 300


# Code Assist.


def test_code_assist_counts_each_model_and_the_bucket_that_ends_first_is_told():
    pro = {"modelId": "gemini-3-pro"}
    buckets = [
        {**pro, "tokenType": "REQUESTS", "remainingFraction": 0.75, "resetTime": "2026-12-10T22:19:52Z"},
        {**pro, "tokenType": "INPUT_TOKENS", "remainingFraction": 0.0},
        {"modelId": "gemini-flash"},
    ]  # fmt: skip
    told = report_readers.code_assist(ID, {"buckets": buckets}, NOW)
    assert windows(told) == {
        "gemini-3-pro": Window(ID, "gemini-3-pro", 1.0, None, None, "exhausted", "model:gemini-3-pro", NOW)
    }


# Anything.

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["five_hour", "extra_usage", "utilization", "resets_at", "is_enabled", "rate_limit", "primary_window",
                 "used_percent", "limit_window_seconds", "reset_at", "reset_after_seconds", "credits", "balance",
                 "additional_rate_limits", "limit_name", "quota_snapshots", "chat", "percent_remaining", "buckets",
                 "modelId", "remainingFraction", "resetTime", "entitlement", "quota_reset_date"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=24,
)  # fmt: skip


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@settings(deadline=None)  # a busy machine is no defect
@given(document=_JSON)
def test_whatever_a_vendor_sends_is_read_without_a_word_and_can_be_shown(read, document: object):
    told = read(ID, document if isinstance(document, dict) else {"buckets": document, "rate_limit": document}, NOW)
    assert len(told.readings) <= report_readers.READINGS
    for reading in told.readings:
        assert 0 <= (reading.window.used_fraction or 0.0) <= 1
    orjson.dumps(as_json(Report(ID, "lab", NOW, told)))
