"""Which kind of limit a refusal speaks of, a row for each rule; and that what is transient stays put."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.limit_words import LONG_WAIT_SECONDS, LimitKind, limit_kind, limit_reach
from fastproxy.accounts.told import text_of

GOOGLE = '{{"error":{{"code":429,"message":"{message}","status":"RESOURCE_EXHAUSTED"{details}}}}}'
REASON = ',"details":[{{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"{}"}}]'
QUOTA = ',"details":[{{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaId":"{}"}}]}}]'
DASHSCOPE = (
    "You exceeded your current quota, please check your plan and billing details. For details, see:"
    " https://help.aliyun.com/zh/model-studio/error-code#token-limit insufficient_quota"
)
BOILERPLATE = "Resource has been exhausted (e.g. check quota)."


def kind(status: int, body: str, wait_seconds: float | None = None, *, retry: bool | None = None) -> LimitKind | None:
    return limit_kind(status, text_of(body.encode()), wait_seconds, retry=retry)


@pytest.mark.parametrize(
    "body",
    [
        '{"error":{"type":"usage_limit_reached","message":"The usage limit has been reached"}}',
        "You have hit the usage limit",
        "usage limits apply",
        '{"error":{"code":"usage_not_included"}}',
        '{"error":{"type":"limit_reached"}}',
        "Quota exceeded for this key",
        "quota has been reached",
        "Your quota is insufficient",
        "You exceeded your current quota, please check your plan and billing details.",
        '{"error":{"code":"insufficient_quota"}}',
        "Resource exhausted",
        "You have exhausted your capacity on this model.",
        "Your quota will reset after 2h",
        "Insufficient balance or no resource package. Please recharge.",
        "insufficient quota",
        "Balance exhausted",
        "You have run out of credits",
        "out of credits",
        "Spending limit reached",
        "monthly spend limit",
        "Your credits are exhausted",
        "insufficient credits",
        "This exceeds your available credits",
        '{"error":{"code":"personal-team-blocked"}}',
        "Rate limit exceeded: free-models-per-day",
        "This request would exceed your account's rate limit. Please try again later.",
        "Your subscription has reached its rate limit",
        "the plan's quota",
        "membership cap",
        "clinepass limit",
        "free limit reached on model x",
        "You've hit your session limit",
        "Too many tokens per day, please wait before trying again.",
        "Rate limit reached for model `m` in organization `o` on tokens per day (TPD): Limit 100000",
        '{"error":{"code":"user_weekly_rate_limited","message":"You\'ve exceeded your weekly rate limit"}}',
        '{"error":{"code":"user_global_rate_limited:pro"}}',
        "额度不足",
        "您的额度已耗尽",
        "额度已用完",
        "已达到 5 小时的使用上限",
        "余额不足",
    ],
)
def test_what_is_used_up_moves_the_session(body: str):
    assert kind(429, body) == "usage"


@pytest.mark.parametrize(
    "body", ["", "429", "HTTP 429", "HTTP/1.1 429", "429 status code (no body)", '{"code":429}', "{}"]
)
def test_a_429_without_a_word_is_a_usage_limit(body: str):
    assert kind(429, body) == "usage"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Too many concurrent requests for your subscription plan quota", "concurrency"),
        ("concurrency limit reached for this account: rate limit", "concurrency"),
        ("您的账户已达到并发上限, 额度不足", "concurrency"),
        ("Too many requests", "rate"),
        ("429 Too Many Requests", "rate"),
        ("<html><h1>429 Too Many Requests</h1></html>", "rate"),
        ("Your plan's rate limit of 60 requests per minute was reached", "rate"),
        ("This request would exceed your organization's rate limit of 50,000 input tokens per minute", "rate"),
        ("subscription quota: 5 per second", "rate"),
        ("Rate limit reached for gpt-5 on tokens per min (TPM): Limit 30000", "rate"),
        ("limit: 10000 / min", "rate"),
        ("Rate limit exceeded: free-models-per-min", "rate"),
        ("您的账户已达到速率限制, 使用上限", "rate"),
        ("请求频率过高", "rate"),
        ("每分钟请求数使用上限", "rate"),
        ("The model is overloaded", "capacity"),
        ("We are at capacity. Your account quota is untouched", "capacity"),
        ("The engine is currently overloaded, please try again later", "capacity"),
        ("模型繁忙", "capacity"),
        ("google/gemini-2.0-flash-exp:free is temporarily rate-limited upstream. Please retry shortly", "rate"),
        ('{"error":{"type":"rate_limit_exceeded","code":"rate_limit_exceeded","message":"slow down"}}', "rate"),
        ('{"type":"rate_limit_reached"}', "rate"),
        (DASHSCOPE, "rate"),
        ("Throttling.AllocationQuota: Allocated quota exceeded", "rate"),
    ],
)
def test_what_is_transient_stays_put(body: str, told: LimitKind):
    assert kind(429, body) == told


@pytest.mark.parametrize(
    ("message", "details", "wait_seconds", "told"),
    [
        ("x", REASON.format("QUOTA_EXHAUSTED"), None, "usage"),
        ("too many requests per minute", REASON.format("QUOTA_EXHAUSTED"), 2.0, "usage"),
        ("x", REASON.format("INSUFFICIENT_G1_CREDITS_BALANCE"), None, "usage"),
        ("No capacity available", REASON.format("MODEL_CAPACITY_EXHAUSTED"), None, "capacity"),
        ("quota exceeded", REASON.format("RATE_LIMIT_EXCEEDED"), None, "rate"),
        ("quota exceeded", REASON.format("RATE_LIMIT_EXCEEDED"), LONG_WAIT_SECONDS - 1, "rate"),
        ("quota exceeded", REASON.format("RATE_LIMIT_EXCEEDED"), LONG_WAIT_SECONDS, "usage"),
        ("You have exhausted your capacity on this model.", REASON.format("RATE_LIMIT_EXCEEDED"), 2.0, "usage"),
        (BOILERPLATE, "", None, "capacity"),
        (BOILERPLATE, ',"details":[]', 30.0, "capacity"),
        (BOILERPLATE, "", 3600.0, "usage"),
        ("You have exhausted your capacity on this model.", "", None, "usage"),
        ("Your quota will reset after 18h31m10s.", "", 66670.0, "usage"),
        (
            "You exceeded your current quota",
            QUOTA.format("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
            34.4,
            "rate",
        ),
        (
            "You exceeded your current quota",
            QUOTA.format("GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
            34.4,
            "usage",
        ),
    ],
)
def test_googles_details_count_more_than_its_words(
    message: str, details: str, wait_seconds: float | None, told: LimitKind
):
    assert kind(429, GOOGLE.format(message=message, details=details), wait_seconds) == told


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (402, "", "usage"),
        (402, '{"detail":{"code":"x"}}', "usage"),
        (402, "too many concurrent requests", "usage"),
        (400, '{"error":{"message":"Your credit balance is too low to access the Anthropic API."}}', "usage"),
        (400, '{"error":{"code":"billing_hard_limit_reached"}}', "usage"),
        (400, "max_tokens exceeds the limit of your plan: usage limits", None),
        (403, "Your weekly allowance will reset on Monday", "usage"),
        (403, "The organization's rate limit was reached", "usage"),
        (403, "workspace rate limit", "usage"),
        (403, '{"error":{"code":"usage_not_included"}}', "usage"),
        (403, "Too many concurrent sessions", "concurrency"),
        (403, "account rate limit: 5 per second", "rate"),
        (403, "", None),
        (403, "You are not allowed to do this", None),
        (401, "usage limit", None),
        (404, "quota exceeded", None),
        (422, "too many requests", None),
        (408, "usage limit reached", "capacity"),
        (500, "quota exceeded, usage_limit_reached", "capacity"),
        (503, "rate limit", "capacity"),
        (529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "capacity"),
    ],
)
def test_the_status_counts_before_the_words(status: int, body: str, told: LimitKind | None):
    assert kind(status, body) == told


@pytest.mark.parametrize(
    ("body", "wait_seconds", "retry", "told"),
    [
        ("we do not know this", None, None, "rate"),
        ("we do not know this", LONG_WAIT_SECONDS, None, "usage"),
        ("we do not know this", LONG_WAIT_SECONDS - 1, None, "rate"),
        ("we do not know this", None, False, "usage"),
        ("", None, True, "rate"),
        ("", 20.0, None, "rate"),
        ("", 7200.0, True, "usage"),
        ("Too many requests", 7200.0, None, "rate"),
    ],
)
def test_where_no_word_is_known_the_wait_tells(
    body: str, wait_seconds: float | None, retry: bool | None, told: LimitKind
):
    assert kind(429, body, wait_seconds, retry=retry) == told


@pytest.mark.parametrize(
    ("body", "reach"),
    [
        ("You have exhausted your capacity on this model.", "model"),
        ("GenerateRequestsPerDayPerProjectPerModel: check your plan and billing", "model"),
        ("Rate limit reached for gpt-5 in organization org", "model"),
        ("user_model_rate_limited", "model"),
        ("premium requests are used up for this account", "model"),
        ("usage_limit_reached", "account"),
        ("insufficient_quota", "account"),
        ("quota_exhausted", "account"),
        ("billing_hard_limit_reached", "account"),
        ("credit_balance_too_low", "account"),
        ("your account's rate limit", "account"),
        ("余额不足", "account"),
        ("quota exceeded", ""),
        ("", ""),
    ],
)
def test_words_tell_what_a_limit_is_one_of(body: str, reach: str):
    assert limit_reach(text_of(body.encode())) == reach


@given(st.sampled_from((400, 401, 402, 403, 429, 503)), st.binary(max_size=300), st.none() | st.floats(0, 1e9))
def test_no_bytes_are_too_odd(status: int, body: bytes, wait_seconds: float | None):
    told = limit_kind(status, text_of(body), wait_seconds)
    assert told in {None, "usage", "rate", "concurrency", "capacity"}
    assert told is not None or status != 429
