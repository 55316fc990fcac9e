"""Windows out of headers as vendors send them, and the rests that follow from used-up ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.accounts.cooldown import Cooldown, Window
from fastproxy.accounts.limits import LONGEST_COOLDOWN_SECONDS, cooldowns_of, windows_of
from support.recordings import folder, load

NOW = 1_764_000_000.0
UNIFIED = "anthropic-ratelimit-unified-"
HOUR, DAY = 3600.0, 86400.0


def windows(told: dict[str, str], now: float = NOW) -> dict[str, Window]:
    found = windows_of("a", {name.encode(): value.encode() for name, value in told.items()}.get, now)
    assert len({window.name for window in found}) == len(found)
    return {window.name: window for window in found}


def rests(told: dict[str, str]) -> dict[str, float]:
    return {rest.scope: rest.until_at - NOW for rest in cooldowns_of(windows(told).values(), NOW)}


def test_an_answer_without_limits_has_no_windows():
    assert windows({"content-type": "application/json", "x-request-id": "r"}) == {}


def test_anthropics_plan_has_a_window_for_the_account_and_one_for_each_model():
    told = {
        f"{UNIFIED}status": "allowed_warning",
        f"{UNIFIED}5h-status": "allowed_warning",
        f"{UNIFIED}5h-utilization": "0.91",
        f"{UNIFIED}5h-reset": "1764003600",
        f"{UNIFIED}7d-status": "allowed",
        f"{UNIFIED}7d-utilization": "0.21",
        f"{UNIFIED}7d-reset": "1764086400",
        f"{UNIFIED}7d_opus-utilization": "0.5",
        f"{UNIFIED}overage-status": "rejected",
        f"{UNIFIED}overage-reset": "1764999999",
    }
    assert windows(told) == {
        "5h": Window("a", "5h", 0.91, NOW + HOUR, 5 * HOUR, "warning", "", NOW),
        "7d": Window("a", "7d", 0.21, NOW + DAY, 7 * DAY, "ok", "", NOW),
        "7d_opus": Window("a", "7d_opus", 0.5, None, 7 * DAY, "ok", "family:opus", NOW),
    }
    assert rests(told) == {}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"status": "rejected", "5h-status": "rejected", "5h-reset": "1764003600"}, {"": HOUR}),
        (
            {
                "status": "rejected",
                "5h-status": "rejected",
                "5h-reset": "1764003600",
                "7d-status": "rejected",
                "7d-reset": "1764086400",
            },
            {"": DAY},
        ),
        # The model's window only: the account's own reset header tells the same time, and must not stop the account.
        (
            {
                "status": "rejected",
                "reset": "1764086400",
                "5h-status": "allowed",
                "7d-status": "allowed",
                "7d_oi-status": "rejected",
                "7d_oi-reset": "1764086400",
            },
            {"family:fable": DAY},
        ),
        ({"status": "allowed", "7d_opus-status": "rejected", "7d_opus-reset": "1764086400"}, {"family:opus": DAY}),
        (
            {"status": "rejected", "7d_sonnet-utilization": "1.01", "7d_sonnet-reset": "1764086400"},
            {"family:sonnet": DAY},
        ),
        # Overage pays: the window is used up, and the account serves.
        ({"status": "allowed", "5h-status": "rejected", "5h-reset": "1764003600"}, {}),
        ({"status": "allowed_warning", "5h-utilization": "1.0", "5h-reset": "1764003600"}, {}),
        ({"status": "rejected", "reset": "1764003600", "representative-claim": "five_hour"}, {"": HOUR}),
        (
            {"status": "rejected", "reset": "1764003600", "representative-claim": "seven_day_opus"},
            {"family:opus": HOUR},
        ),
        ({"status": "rejected", "reset": "1764003600", "representative-claim": "new_words"}, {"": HOUR}),
        ({"status": "rejected", "reset": "1764003600"}, {"": HOUR}),
        ({"status": "rejected"}, {}),
        ({"status": "rejected", "reset": "1763999999"}, {}),
        ({"status": "rejected", "reset": "1799999999"}, {"": LONGEST_COOLDOWN_SECONDS}),
    ],
)
def test_a_rejected_window_rests_what_it_is_a_limit_of(told: dict[str, str], expected: dict[str, float]):
    assert rests({f"{UNIFIED}{name}": value for name, value in told.items()}) == expected


@pytest.mark.parametrize(
    ("told", "name", "used", "reset_seconds", "status"),
    [
        ({"limit-requests": "10", "remaining-requests": "9", "reset-requests": "6ms"}, "requests", 0.1, 0.006, "ok"),
        ({"limit-tokens": "10", "remaining-tokens": "0", "reset-tokens": "1m30s"}, "tokens", 1.0, 90.0, "warning"),
        (
            {"limit-requests": "120", "remaining-requests": "119", "reset-requests": "500"},
            "requests",
            1 / 120,
            500.0,
            "ok",
        ),
        ({"limit": "2", "remaining": "1", "reset": "2"}, "requests", 0.5, 2.0, "ok"),
        ({"limit": "50", "remaining": "0", "reset": "1764003600000"}, "requests", 1.0, HOUR, "warning"),
        ({"remaining": "3"}, "requests", None, None, "ok"),
        ({"limit": "0", "remaining": "0"}, "requests", None, None, "warning"),
    ],
)
def test_a_bucket_tells_how_full_it_is_and_never_stops_an_account(
    told: dict[str, str], name: str, used: float | None, reset_seconds: float | None, status: str
):
    headers = {f"x-ratelimit-{key}": value for key, value in told.items()}
    window = windows(headers)[name]
    assert window.used_fraction == pytest.approx(used)
    assert window.resets_at == (None if reset_seconds is None else pytest.approx(NOW + reset_seconds))
    assert window.status == status
    assert rests(headers) == {}


def test_anthropics_buckets_tell_stamps():
    told = {
        "anthropic-ratelimit-input-tokens-limit": "2000000",
        "anthropic-ratelimit-input-tokens-remaining": "1500000",
        "anthropic-ratelimit-input-tokens-reset": "2025-11-24T16:00:30Z",
        "anthropic-ratelimit-requests-remaining": "10",
    }
    assert windows(told) == {
        "requests": Window("a", "requests", None, None, None, "ok", "", NOW),
        "input-tokens": Window("a", "input-tokens", 0.25, NOW + 30, None, "ok", "", NOW),
    }


def test_chatgpt_has_two_windows():
    told = {
        "x-codex-primary-used-percent": "9",
        "x-codex-primary-window-minutes": "299",
        "x-codex-primary-reset-after-seconds": "1637",
        "x-codex-secondary-used-percent": "31.5",
        "x-codex-secondary-window-minutes": "10079",
        "x-codex-secondary-reset-after-seconds": "5",
        "x-codex-secondary-reset-at": "1764086400",
    }
    assert windows(told) == {
        "5h": Window("a", "5h", 0.09, NOW + 1637, 299 * 60.0, "ok", "", NOW),
        "7d": Window("a", "7d", 0.315, NOW + DAY, 10079 * 60.0, "ok", "", NOW),
    }


SPENT = {"x-codex-primary-used-percent": "100", "x-codex-primary-reset-at": "1764003600"}
CREDITS = {"x-codex-credits-has-credits": "true"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (SPENT, {"": HOUR}),
        (SPENT | {"x-codex-credits-has-credits": "false", "x-codex-credits-balance": "5"}, {"": HOUR}),
        (SPENT | CREDITS | {"x-codex-credits-balance": "0"}, {"": HOUR}),
        (SPENT | CREDITS | {"x-codex-credits-balance": ""}, {"": HOUR}),
        (SPENT | CREDITS | {"x-codex-credits-balance": "$5.00"}, {}),
        (SPENT | CREDITS | {"x-codex-credits-unlimited": "True"}, {}),
        (SPENT | {"x-codex-primary-used-percent": "99.9"}, {}),
        (SPENT | {"x-codex-primary-used-percent": "nan"}, {}),
        ({"x-codex-primary-used-percent": "100"}, {}),
        (
            {
                "x-codex-primary-used-percent": "18",
                "x-codex-bengalfox-limit-name": "GPT-5.3-Codex-Spark",
                "x-codex-bengalfox-primary-used-percent": "100",
                "x-codex-bengalfox-primary-reset-at": "1764003600",
            },
            {"model:gpt-5.3-codex-spark": HOUR},
        ),
        (
            {
                "x-codex-active-limit": "codex_other",
                "x-codex-other-limit-name": "gpt-9",
                "x-codex-other-secondary-used-percent": "100",
                "x-codex-other-secondary-window-minutes": "10080",
                "x-codex-other-secondary-reset-at": "1764003600",
            },
            {"model:gpt-9": HOUR},
        ),
        ({"x-codex-active-limit": "codex_other", "x-codex-other-primary-used-percent": "100"}, {}),
        ({"x-codex-active-limit": "../etc"}, {}),
    ],
)
def test_a_used_up_plan_of_chatgpt_rests_unless_credits_pay(told: dict[str, str], expected: dict[str, float]):
    assert rests(told) == expected


@pytest.mark.parametrize(
    ("name", "value", "used", "status"),
    [
        ("x-quota-snapshot-chat", "ent=-1&ov=0.0&ovPerm=false&rem=100.0", 0.0, "ok"),
        ("x-quota-snapshot-chat", "ent=300&ov=0.0&ovPerm=false&rem=0.0", 1.0, "exhausted"),
        ("x-quota-snapshot-chat", "ent=300&ov=0.0&ovPerm=true&rem=0.0", 1.0, "warning"),
        ("x-quota-snapshot-chat", "ent=-1&ov=0.0&ovPerm=false&rem=0.0", 1.0, "warning"),
        ("x-quota-snapshot-premium_interactions", "ent=300&ov=0.0&ovPerm=false&rem=88.4", 0.116, "ok"),
        ("x-quota-snapshot-premium_interactions", "ent=300&ov=0.0&ovPerm=false&rem=0.0", 1.0, "warning"),
        ("x-usage-ratelimit-weekly", "ent=0&ov=0.0&ovPerm=false&rem=74.9", 0.251, "ok"),
        ("x-usage-ratelimit-weekly", "ent=0&ov=0.0&ovPerm=false&rem=0", 1.0, "exhausted"),
        ("x-usage-ratelimit-session", "rem=-3", 1.0, "exhausted"),
    ],
)
def test_copilot_tells_what_is_left(name: str, value: str, used: float, status: str):
    both = {"x-quota-snapshot-chat": "rem=50", "x-usage-ratelimit-weekly": "rem=50"}
    told = windows(both | {name: f"{value}&rst=2025-11-24T17%3A00%3A00Z"})[name.rpartition("-")[2]]
    assert told.used_fraction == pytest.approx(used)
    assert (told.resets_at, told.status, told.scope) == (NOW + HOUR, status, "")


@pytest.mark.parametrize("value", ["", "rem", "rem=lots", "&" * 200, "rem=1" + "&a=1" * 20])
def test_a_broken_snapshot_tells_nothing(value: str):
    assert windows({"x-quota-snapshot-chat": value}) == {}


def test_one_rest_for_each_scope_until_the_last_reset():
    spent = [
        Window("a", "5h", 1.0, NOW + 60, None, "exhausted"),
        Window("a", "7d", 1.0, NOW + 600, None, "exhausted"),
        Window("a", "7d_opus", 1.0, NOW + 900, None, "exhausted", "family:opus"),
        Window("a", "session", 1.0, None, None, "exhausted"),
        Window("a", "requests", 1.0, NOW + 9000, None, "warning"),
    ]
    assert cooldowns_of(spent, NOW) == (
        Cooldown("a", "", NOW + 600, timed=True, cause="the 7d limit is used up"),
        Cooldown("a", "family:opus", NOW + 900, timed=True, cause="the 7d_opus limit is used up"),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("anthropic-messages/ccp-claude-messages", {"5h": None}),
        ("anthropic-messages/llma-anthropic-tools", dict.fromkeys(("tokens", "input-tokens", "output-tokens"), 0.0)),
        ("openai-responses/ccp-codex-responses-stream", {"5h": 0.09, "7d": 0.31}),
        ("openai-chat/ccp-copilot-chat-completions", {"chat": 0.0, "premium_interactions": 0.113}),
        ("openai-chat/oll-azure-chat-2", {"requests": 1 / 120}),
        ("openai-chat/oll-api.together.xyz-together-chat-legacy", {"requests": 0.5}),
        ("openai-responses/oll-openai-responses-reasoning", {"requests": 1 / 500}),
    ],
)
@pytest.mark.skipif(not folder().is_dir(), reason="no recordings")
def test_recorded_answers_tell_their_windows(name: str, expected: dict[str, float | None]):
    found = windows({header.lower(): value for header, value in load(name).answer_headers})
    for window, used in expected.items():
        assert found[window].used_fraction == (None if used is None else pytest.approx(used))
        assert found[window].resets_at is not None
        assert found[window].status == "ok"


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd(value: bytes):
    for window in windows_of("a", lambda _: value, NOW):
        assert window.used_fraction is None or 0 <= window.used_fraction <= 1
