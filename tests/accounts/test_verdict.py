"""What a refusal means for the account: the next step, and a rest that is what the vendor said, to the second."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.cooldown import Cooldown
from fastproxy.accounts.limits import LONGEST_COOLDOWN_SECONDS
from fastproxy.accounts.verdict import NOT_THIS_CLIENT, Step, Verdict, judge, refused
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, AccountKind

NOW = 1_764_000_000.0
MODEL = "claude-fable-5"
KEY = Account("openai", "openai:work", Secret("sk-not-shown"))
LOGIN = Account("anthropic", "anthropic:home", Secret("oat-not-shown"), "login")
UNIFIED = "anthropic-ratelimit-unified-"
ONLY_ERROR = '{"type":"error","error":{"type":"rate_limit_error","message":"Error"},"request_id":"req_1"}'
ACCOUNT_LIMIT = (
    '{"error":{"type":"rate_limit_error","message":"This request would exceed your account\'s rate limit."}}'
)

Told = dict[str, str]


def verdict(account: Account, status: int, body: str = "", told: Told | None = None, model: str = MODEL) -> Verdict:
    headers = {name.encode(): value.encode() for name, value in (told or {}).items()}
    return judge(account, model, status, headers.get, body.encode(), NOW)


def rests(found: Verdict) -> dict[str, float]:
    return {rest.scope: rest.until_at - NOW for rest in found.cooldowns}


@pytest.mark.parametrize("status", [200, 302, 400, 404, 405, 409, 413, 415, 422, 424])
def test_what_is_the_requests_own_fault_goes_to_the_client(status: int):
    assert verdict(KEY, status, '{"error":{"message":"max_tokens is too large"}}', {"retry-after": "60"}) == Verdict(
        "serve"
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"error":{"code":403,"message":"x requires moderation on Y. Your input was flagged for \\"violence\\""}}',
        '{"error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}',
        '{"error":{"code":"content_policy_violation"}}',
    ],
)
def test_a_flagged_request_is_not_sent_to_other_accounts(body: str):
    found = verdict(KEY, 403, body)
    assert (found.step, found.cooldowns, found.hard) == ("serve", (), False)


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500])
def test_an_account_without_a_secret_is_never_blamed(status: int):
    assert verdict(Account("ollama", "ollama"), status, "usage_limit_reached", {"retry-after": "60"}) == Verdict(
        "serve"
    )


def test_a_login_whose_token_is_refused_is_renewed():
    found = verdict(LOGIN, 401, '{"error":{"type":"authentication_error"}}', {"retry-after": "60"})
    assert (found.step, found.cooldowns, found.hard) == ("renew", (), False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, '{"error":{"code":"invalid_api_key"}}'),
        (400, '{"error":{"code":400,"message":"API key not valid. Please pass a valid API key."}}'),
        (400, '{"error":{"details":[{"reason":"API_KEY_INVALID"}]}}'),
    ],
)
def test_a_refused_key_is_left_at_once(status: int, body: str):
    found = verdict(KEY, status, body)
    assert (found.step, found.hard, rests(found)) == ("rotate", True, {"": 60.0})
    assert not found.cooldowns[0].timed


def test_a_login_that_is_refused_with_a_fresh_token_is_left_too():
    found = refused(LOGIN, NOW)
    assert (found.step, found.hard, rests(found)) == ("rotate", True, {"": 60.0})


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, '{"error":{"message":"This organization has been disabled."}}'),
        (401, '{"error":{"code":"account_deactivated","message":"Your account has been deactivated"}}'),
        (402, '{"detail":{"code":"deactivated_workspace"}}'),
        (403, "Your account is suspended"),
    ],
)
@pytest.mark.parametrize("account", [KEY, LOGIN])
def test_a_closed_account_is_left_and_not_renewed(account: Account, status: int, body: str):
    found = verdict(account, status, body)
    assert (found.step, found.hard, rests(found)) == ("rotate", True, {"": 1800.0})


@pytest.mark.parametrize(
    ("status", "body", "told", "step", "expected"),
    [
        (429, '{"error":{"type":"usage_limit_reached","resets_in_seconds":3600}}', {}, "rotate", {"": 3600.0}),
        (429, '{"error":{"code":"insufficient_quota"}}', {}, "rotate", {"": 1800.0}),
        (429, "", {}, "rotate", {f"model:{MODEL}": 1800.0}),
        (429, "quota exceeded", {"retry-after": "7200"}, "rotate", {f"model:{MODEL}": 7200.0}),
        (429, "You have exhausted your capacity on this model.", {}, "rotate", {f"model:{MODEL}": 1800.0}),
        (429, "usage limit reached", {"retry-after": "0"}, "rotate", {}),
        (402, "", {}, "rotate", {"": 1800.0}),
        (402, "", {"retry-after": "600"}, "rotate", {"": 600.0}),
        (402, "You have used all premium requests", {}, "rotate", {f"model:{MODEL}": 1800.0}),
        (400, "Your credit balance is too low to access the API", {}, "rotate", {"": 1800.0}),
        (403, "Your weekly allowance will reset in 3 days", {}, "rotate", {"": 259200.0}),
        (403, "", {}, "rotate", {"": 60.0}),
        (403, "", {"retry-after": "600"}, "rotate", {"": 600.0}),
        (
            403,
            '{"error":{"message":"Project does not have access to model `x`"}}',
            {},
            "rotate",
            {f"model:{MODEL}": 60.0},
        ),
        (429, "Too many requests", {}, "escape", {f"model:{MODEL}": 30.0}),
        (429, "Too many requests", {"retry-after": "7"}, "escape", {f"model:{MODEL}": 7.0}),
        (429, "Too many requests", {"retry-after": "0"}, "escape", {}),
        (429, "Please try again in 250ms (60 requests per minute)", {}, "escape", {f"model:{MODEL}": 0.25}),
        (429, "Too many concurrent requests", {}, "escape", {"": 5.0}),
        (429, "Too many concurrent requests", {"retry-after": "2"}, "escape", {"": 2.0}),
        (429, "The engine is overloaded", {}, "escape", {}),
        (529, '{"type":"error","error":{"type":"overloaded_error"}}', {}, "escape", {}),
        (529, "", {"retry-after": "5"}, "escape", {f"model:{MODEL}": 5.0}),
        (408, "", {}, "escape", {}),
        (500, "usage_limit_reached", {}, "escape", {}),
        (503, "", {"retry-after": "0"}, "escape", {}),
        (504, "<html>", {}, "escape", {}),
    ],
)
def test_each_kind_of_trouble_has_its_step_and_its_rest(
    status: int, body: str, told: Told, step: Step, expected: dict[str, float]
):
    found = verdict(KEY, status, body, told)
    assert (found.step, found.hard) == (step, False)
    assert rests(found) == pytest.approx(expected)
    assert found.cause


def test_a_rest_says_whether_the_vendor_told_it():
    assert verdict(KEY, 429, "usage limit", {"retry-after": "9"}).cooldowns[0].timed
    assert not verdict(KEY, 429, "usage limit").cooldowns[0].timed


def test_a_limit_of_no_known_model_is_the_accounts():
    assert rests(verdict(KEY, 429, "Too many requests", model="")) == {"": 30.0}


def test_a_refused_login_of_another_client_is_no_limit():
    found = verdict(LOGIN, 429, ONLY_ERROR, {"retry-after": "3600", f"{UNIFIED}status": "allowed"})
    assert found == Verdict("escape", (), hard=False, cause=NOT_THIS_CLIENT)
    assert verdict(LOGIN, 400, "Third-party apps now draw from your extra usage, not your plan limits.") == found
    assert verdict(KEY, 429, ONLY_ERROR).cause != NOT_THIS_CLIENT


def test_a_login_that_is_spent_as_well_rests():
    told = {f"{UNIFIED}status": "rejected", f"{UNIFIED}5h-status": "rejected", f"{UNIFIED}5h-reset": "1764003600"}
    assert rests(verdict(LOGIN, 429, ONLY_ERROR, told)) == {"": 3600.0}


def test_a_request_that_the_plan_does_not_cover_leaves_the_account_as_it_is():
    found = verdict(LOGIN, 429, "Extra usage is required for long context requests.", {"retry-after": "3600"})
    assert (found.step, found.cooldowns) == ("escape", ())


def test_windows_tell_what_rests_and_until_when():
    told = {
        "retry-after": "60",
        f"{UNIFIED}status": "rejected",
        f"{UNIFIED}reset": "1764086400",
        f"{UNIFIED}5h-status": "allowed",
        f"{UNIFIED}7d_oi-status": "rejected",
        f"{UNIFIED}7d_oi-reset": "1764086400",
    }
    cause = "the 7d_oi limit is used up"
    rest = Cooldown(LOGIN.id, "family:fable", 1764086400.0, timed=True, cause=cause)
    assert verdict(LOGIN, 429, ACCOUNT_LIMIT, told) == Verdict("rotate", (rest,), cause=cause)


@pytest.mark.parametrize(
    ("told", "expected", "timed"),
    [
        ({f"{UNIFIED}status": "rejected", "retry-after": "7200"}, {"": 7200.0}, True),
        ({f"{UNIFIED}status": "rejected"}, {"": 1800.0}, False),
        ({f"{UNIFIED}status": "rejected", f"{UNIFIED}reset": "1764003600", "retry-after": "7200"}, {"": 7200.0}, True),
        ({f"{UNIFIED}status": "rejected", f"{UNIFIED}reset": "1764003600", "retry-after": "60"}, {"": 3600.0}, True),
        ({f"{UNIFIED}status": "rejected", f"{UNIFIED}reset": "1799999999"}, {"": LONGEST_COOLDOWN_SECONDS}, True),
        ({"x-codex-primary-used-percent": "100", "x-codex-primary-reset-after-seconds": "1637"}, {"": 1637.0}, True),
        (
            {
                "x-codex-primary-used-percent": "100",
                "x-codex-primary-reset-after-seconds": "604800",
                "x-codex-secondary-used-percent": "100",
                "x-codex-secondary-reset-after-seconds": "1637",
            },
            {"": 604800.0},
            True,
        ),
    ],
)
def test_a_used_up_window_rests_as_long_as_the_longest_that_is_told(
    told: Told, expected: dict[str, float], timed: bool
):
    found = verdict(LOGIN, 429, ACCOUNT_LIMIT, told)
    assert (found.step, rests(found)) == ("rotate", expected)
    assert found.cooldowns[0].timed is timed


OPUS_SPENT = {f"{UNIFIED}7d_opus-status": "rejected", f"{UNIFIED}7d_opus-reset": "1764086400"}


def test_a_used_up_window_of_other_models_is_not_the_cause():
    told = OPUS_SPENT | {f"{UNIFIED}status": "allowed", "retry-after": "7"}
    found = verdict(LOGIN, 429, "Too many requests", told)
    assert (found.step, rests(found)) == ("escape", {f"model:{MODEL}": 7.0})


def test_a_window_that_is_the_cause_rests_the_model_whatever_its_family_is_called():
    found = verdict(LOGIN, 429, ACCOUNT_LIMIT, OPUS_SPENT | {f"{UNIFIED}status": "rejected"})
    assert (found.step, rests(found)) == ("rotate", {f"model:{MODEL}": 86400.0})


def test_a_plan_with_open_windows_is_only_asked_too_fast():
    told = {f"{UNIFIED}status": "allowed"}
    assert verdict(LOGIN, 429, ACCOUNT_LIMIT, told).step == "escape"
    assert verdict(LOGIN, 429, ACCOUNT_LIMIT, told | {"retry-after": "7200"}).step == "rotate"
    assert verdict(LOGIN, 429, ACCOUNT_LIMIT).step == "rotate"


def test_chatgpt_says_in_a_header_that_a_limit_is_reached():
    told = {"x-codex-rate-limit-reached-type": "workspace_member_usage_limit_reached", "retry-after": "90"}
    assert verdict(LOGIN, 429, "Too many requests", told).step == "rotate"


def test_a_429_without_a_word_that_is_to_be_retried_stays_put():
    assert verdict(KEY, 429, "", {"x-should-retry": "true"}).step == "escape"
    assert verdict(KEY, 429, "", {"x-should-retry": "false"}).step == "rotate"


def test_a_time_without_a_zone_is_that_of_the_provider():
    body = "Usage limit reached for 5 hour. Your limit will reset at 2025-11-25 00:10:00"
    assert rests(verdict(Account("zai", "zai:x", Secret("k")), 429, body)) == {"": 600.0}
    assert rests(verdict(KEY, 429, body)) == {"": 8 * 3600 + 600.0}


def test_nothing_of_the_answer_or_the_secret_is_quoted():
    told = repr(verdict(KEY, 429, "sk-not-shown usage limit for somebody@example.com"))
    assert "sk-not-shown" not in told
    assert "somebody" not in told


@given(st.integers(1, 691_200), st.sampled_from((402, 403, 429)))
def test_a_told_deadline_is_kept_to_the_second(seconds: int, status: int):
    for told, body in (
        ({"retry-after": str(seconds)}, "usage limit reached"),
        ({}, f'{{"error":{{"type":"usage_limit_reached","resets_at":{int(NOW) + seconds}}}}}'),
        ({f"{UNIFIED}status": "rejected", f"{UNIFIED}reset": str(int(NOW) + seconds)}, "usage limit reached"),
    ):
        (rest,) = verdict(LOGIN, status, body, told).cooldowns
        assert rest.until_at == NOW + seconds
        assert rest.timed


SPEECH = st.sampled_from(
    ("", "usage limit reached", "quota exceeded", "Too many requests", "concurrent", "we do not know this")
)


@given(st.sampled_from((402, 403, 429, 503, 529)), SPEECH, st.integers(0, 10**9), st.integers(0, 10**9), st.booleans())
def test_a_longer_wait_never_makes_a_shorter_rest(status: int, body: str, one: int, other: int, spent: bool):
    told = {f"{UNIFIED}status": "rejected", f"{UNIFIED}reset": "1764003600"} if spent else {}
    shorter, longer = (
        max(rests(verdict(LOGIN, status, body, told | {"retry-after": str(seconds)})).values(), default=0.0)
        for seconds in sorted((one, other))
    )
    assert shorter <= longer <= LONGEST_COOLDOWN_SECONDS


@given(st.integers(100, 999), st.binary(max_size=400), st.binary(max_size=60), st.sampled_from(("key", "login")))
def test_no_answer_is_too_odd(status: int, body: bytes, value: bytes, kind: AccountKind):
    account = Account("anthropic", "a", Secret("k"), kind)
    found = judge(account, MODEL, status, lambda _: value, body, NOW)
    assert all(NOW < rest.until_at <= NOW + LONGEST_COOLDOWN_SECONDS for rest in found.cooldowns)


PIECES = (
    "1", "1.", "9h", "1 h ", "1小时", " ", "{", "[", '"', "\\", "\\u5c06", "a", "account ", "account_", "your ",
    "quota a ", "retry in 1s ", "reset at 2026-09-01 09:44:51", "exceed a ", "reached your a ", "violates a ",
)  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("status", [403, 429])
def test_a_megabyte_of_anything_is_judged_in_an_instant(piece: str, status: int):
    body = (piece * (1_000_000 // len(piece))).encode()
    costs = []
    for _ in range(3):
        before = time.process_time()
        judge(LOGIN, MODEL, status, {}.get, body, NOW)
        costs.append(time.process_time() - before)
    assert min(costs) < 0.05
