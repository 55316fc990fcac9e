"""Which kind of limit a refusal speaks of: used up for hours, too fast for a moment, too many at once, the host's own.

What is used up moves a session to another account; what is transient leaves it where its prompt cache is. So a word
that says "transient" counts more than one that only sounds like "used up". Must never raise; all patterns are linear.
Source: the vendors' error texts as collected in the notes on their clients (3.7, 1.6), and public bug reports with
recorded bodies (Google's boilerplate, DashScope's anchors, GLM's and Copilot's codes); read 2026-11-21.
"""

import re
from typing import Literal, NamedTuple

LimitKind = Literal["usage", "rate", "concurrency", "capacity"]

LONG_WAIT_SECONDS = 300.0  # a limit per minute is over sooner; whoever is told to wait longer has used something up

# Google's google.rpc.ErrorInfo.reason counts more than any word beside it.
_REASON = re.compile(r'"reason"\s{0,8}:\s{0,8}"([a-z0-9_]{1,64})"')
_REASONS: dict[str, LimitKind] = {
    "quota_exhausted": "usage",
    "insufficient_g1_credits_balance": "usage",
    "model_capacity_exhausted": "capacity",
}
_GOOGLE = re.compile(r'"resource_exhausted"')
_DETAILS = re.compile(r'"details"\s{0,8}:\s{0,8}\[\s{0,8}\{')
_QUOTA = re.compile(r"per(day)|per(?:minute)")
_MODEL_SPENT = re.compile(r"exhausted your capacity|quota will reset")

_BILLING = (
    r"billing_hard_limit|billing_not_active|insufficient[ _](?:balance|credits?|funds)|credit balance is too low"
    r"|credit_balance_too_low|out of credits|余额不足|欠费"
)
# Codes and words that mean one thing only.
_CERTAIN = (
    rf"usage_limit_reached|usage_not_included|insufficient_quota|user_(?:weekly|global)_rate_limited|{_BILLING}"
    r"|personal-team-blocked|free-models-per-day|additional_spend_limit_reached|session_quota_exceeded"
)
_USED_UP = (
    r"usage[ _]limits?\b|(?<!rate_)limit_reached"
    r"|quota(?: \w{1,24}){0,3} (?:exceeded|reached|insufficient|exhausted)|quota_(?:exceeded|exhausted|reached)"
    r"|(?:insufficient|exceeded your(?: \w{1,24}){0,3}) quota|quota will reset"
    r"|resources? exhausted|exhausted your capacity"
    r"|balance (?:is )?(?:exhausted|insufficient|too low)"
    r"|credits? (?:\w{1,24} ){0,3}(?:exhausted|insufficient|depleted|used up)|exceed\w{0,4} (?:\w{1,24} ){0,4}credits"
    r"|spend(?:ing)?[ _]limit|clinepass limit|free limit reached on model|per[ -]day\b|daily limit"
    r"|(?:week|month)ly(?: \w{1,24}){0,2} limit|(?:reached|hit) your (?:(?!rate\b)[\w-]{1,24} ){0,4}limit"
    r"|额度不足|额度(?:已经?)?(?:耗尽|用完|用尽)|使用上限"
)
_OF_A_PLAN = r"\b(?:account|subscription|plan|membership)\b[^.]{0,40}?(?:rate limit|\bquota\b|\bcap\b)"
_OF_AN_OWNER = r"\b(?:organi[sz]ation|team|workspace)\b[^.]{0,40}?rate limit|\byour [^.]{0,40}?will reset"


class _Sign(NamedTuple):
    """What words mean, in answers of some statuses. The first that is found counts."""

    statuses: frozenset[int]
    words: re.Pattern[str]
    kind: LimitKind


_LIMITED = frozenset((403, 429))
_SIGNS = (
    _Sign(frozenset((400,)), re.compile(_BILLING), "usage"),
    _Sign(_LIMITED, re.compile(r"error-code#token-limit|throttling\.|limit_burst_rate"), "rate"),  # DashScope
    _Sign(_LIMITED, re.compile(_CERTAIN), "usage"),
    _Sign(_LIMITED, re.compile(r"concurren|simultaneous|parallel requests|并发"), "concurrency"),
    _Sign(
        _LIMITED,
        re.compile(
            r"per[ -]?(?:minute|second|min\b|sec\b)|/ ?min\b|\b[rt]pm\b|too many requests"
            r"|每分钟|每秒|速率|频率|过于频繁"
        ),
        "rate",
    ),
    _Sign(
        frozenset((429,)),
        re.compile(
            r"overload|(?:at|over|no|insufficient) capacity|capacity constraints|high demand|负载|繁忙"
            r"|(?:currently|temporarily) unavailable|(?:server|system|service|engine) is (?:too )?busy"
        ),
        "capacity",
    ),
    _Sign(_LIMITED, re.compile(rf"{_USED_UP}|{_OF_A_PLAN}"), "usage"),
    _Sign(frozenset((403,)), re.compile(_OF_AN_OWNER), "usage"),
)
_FRAMING = re.compile(r"\b(?:https?|status|code|error|message|type|detail|no|body|null|none|client)\b|[\W\d_]+")

_OF_ONE_MODEL = re.compile(
    r"this model|per[ _-]?model|for (?:the )?model|on model|user_model_rate_limited|rate limit reached for"
    r"|premium (?:request|model)|[该此]模型"
)
_OF_THE_ACCOUNT = re.compile(
    r"usage[ _]limit|usage_not_included|insufficient|billing|credit|balance|spend|subscription|\bplan\b|membership"
    r"|account|organi[sz]ation|workspace|\bteam\b|user_(?:weekly|global)|weekly|monthly|quota_exhausted|clinepass"
    r"|余额|额度|欠费|使用上限"
)


def limit_kind(
    status: int, text: str, wait_seconds: float | None = None, *, retry: bool | None = None
) -> LimitKind | None:
    """The kind of limit that an answer of `status` speaks of; None where it is no matter of limits.

    text: of the body (`told.text_of`). wait_seconds: `hints.retry_after` of the answer. retry: its `should_retry`.
    An own word of the host counts before the wait, and the wait before a guess. The status of a host in trouble (5xx,
    408) counts before any word.
    """
    if status >= 500 or status == 408:
        return "capacity"
    if status == 402:
        return "usage"
    if status == 429 and (kind := _googles_kind(text, wait_seconds)) is not None:
        return kind
    for sign in _SIGNS:
        if status in sign.statuses and sign.words.search(text):
            return sign.kind
    return _kind_without_words(text, wait_seconds, retry=retry) if status == 429 else None


def limit_reach(text: str) -> Literal["model", "account", ""]:
    """What words say a limit is one of; "" where they don't say."""
    if _OF_ONE_MODEL.search(text):
        return "model"
    return "account" if _OF_THE_ACCOUNT.search(text) else ""


def _googles_kind(text: str, wait_seconds: float | None) -> LimitKind | None:
    """What google.rpc's details say; None where the words must."""
    if not _GOOGLE.search(text):
        return None
    is_long = wait_seconds is not None and wait_seconds >= LONG_WAIT_SECONDS
    reasons = _REASON.findall(text)
    for reason in reasons:
        if reason in _REASONS:
            return _REASONS[reason]
    if "rate_limit_exceeded" in reasons:
        return "usage" if is_long or "exhausted your capacity on this model" in text else "rate"
    if violated := _QUOTA.search(text):
        return "usage" if violated[1] == "day" else "rate"
    # "Resource has been exhausted (e.g. check quota).", and no more, is told to accounts with all of their quota left.
    return None if is_long or _MODEL_SPENT.search(text) or _DETAILS.search(text) else "capacity"


def _kind_without_words(text: str, wait_seconds: float | None, *, retry: bool | None) -> LimitKind:
    """The kind of a 429 that says nothing of its own: by its wait, its x-should-retry, and whether it says anything."""
    if wait_seconds is not None:
        return "usage" if wait_seconds >= LONG_WAIT_SECONDS else "rate"
    if retry is not None:
        return "rate" if retry else "usage"
    return "rate" if _FRAMING.sub("", text) else "usage"
