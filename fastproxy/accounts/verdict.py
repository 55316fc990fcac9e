"""What an upstream's refusal means for the account that was asked: who is asked next, and how long this one rests.

One table, _TABLE, is the policy; what stands above it only finds out what the refusal says. A time that the vendor told
is kept to the second: nothing is added, and only LONGEST_COOLDOWN_SECONDS takes off. Must never raise, whatever the
answer, and never quote it: a cause is our own words.
"""

import re
from typing import Literal, NamedTuple

import msgspec

from fastproxy.accounts.cooldown import REFUSED_KEY, REFUSED_TOKEN, Cooldown, Window, covers
from fastproxy.accounts.hints import Headers, retry_after, should_retry
from fastproxy.accounts.limit_words import LONG_WAIT_SECONDS, LimitKind, limit_kind, limit_reach
from fastproxy.accounts.limits import LONGEST_COOLDOWN_SECONDS, USAGE_CAUSE, cause_of, windows_of
from fastproxy.accounts.told import text_of
from fastproxy.snapshot import Account, AccountKind

Step = Literal["serve", "renew", "rotate", "escape"]
_Says = Literal[LimitKind, "closed", "flagged", "bad key", "no model", "not this client", "not this request"]
_Reach = Literal["account", "model", "told"]

USAGE_SECONDS = 1800.0
CLOSED_SECONDS = 1800.0
FORBIDDEN_SECONDS = 60.0
RATE_SECONDS = 30.0
CONCURRENCY_SECONDS = 5.0

NOT_THIS_CLIENT = (
    "the vendor refused this login for this client: not a limit, and waiting does not help; the login serves the"
    " vendor's own client only"
)

_REFUSALS = frozenset(range(400, 600))
_POLICY = frozenset((400, 401, 402, 403))
_UNAUTHORIZED = frozenset((401,))
_LIMITED = frozenset((402, 403, 429))
_NAIVE_OFFSETS_SECONDS = {"zai": 28800.0}  # GLM writes the time in Beijing, in its English messages too


class Verdict(NamedTuple):
    """What is to be done about a refusal.

    step: "serve": it is the request's fault or nobody's, the client gets it as it is. "renew": the login is refreshed
    once and asked again. "rotate": the next account, for good. "escape": another account, for this request only.
    cooldowns: what the account is not to be asked for, and until when. hard: the conversation's pin is dropped.
    cause: a few words for people; "" where the answer speaks for itself.
    """

    step: Step
    cooldowns: tuple[Cooldown, ...] = ()
    hard: bool = False
    cause: str = ""


class _Row(NamedTuple):
    """A line of the table. statuses, says (None: whatever it says), kind (of the account, None: any): when it holds.

    rest_seconds: where the vendor told no time; None for no rest then. is_timed: whether a time that it told counts.
    reach: what the rest is for: the account, the model, or what the words say.
    """

    says: _Says | None
    step: Step
    cause: str
    rest_seconds: float | None = None
    reach: _Reach = "account"
    statuses: frozenset[int] = _REFUSALS
    kind: AccountKind | None = None
    hard: bool = False
    is_timed: bool = True


# Read from the top; the first line that holds counts. Below the last one: "serve".
_TABLE = (
    _Row("flagged", "serve", "the vendor's moderation refused the request", is_timed=False),
    _Row("closed", "rotate", "the vendor has closed the account", CLOSED_SECONDS, hard=True),
    _Row("not this client", "escape", NOT_THIS_CLIENT, is_timed=False),
    _Row("not this request", "escape", "the account's plan does not cover a context this long", is_timed=False),
    _Row("bad key", "rotate", REFUSED_KEY, FORBIDDEN_SECONDS, hard=True, is_timed=False),
    _Row(None, "renew", "the vendor refused the token", statuses=_UNAUTHORIZED, kind="login", is_timed=False),
    _Row(
        None,
        "rotate",
        REFUSED_KEY,
        FORBIDDEN_SECONDS,
        statuses=_UNAUTHORIZED,
        hard=True,
        is_timed=False,
    ),
    _Row("usage", "rotate", USAGE_CAUSE, USAGE_SECONDS, "told"),
    _Row("concurrency", "escape", "too many requests at once", CONCURRENCY_SECONDS),
    _Row("rate", "escape", "too many requests in a short time", RATE_SECONDS, "model"),
    _Row("capacity", "escape", "the host is in trouble", None, "model"),
    _Row("no model", "rotate", "the account may not use this model", FORBIDDEN_SECONDS, "model"),
    _Row(None, "rotate", "the vendor forbids it to this account", FORBIDDEN_SECONDS, statuses=frozenset((403,))),
)

# What words say that are not about limits. The first that is found counts.
_WORDS: tuple[tuple[frozenset[int], AccountKind | None, re.Pattern[str], _Says], ...] = (
    (
        frozenset((403,)),
        None,
        re.compile(
            r"requires moderation|flagged|violat\w{1,5} (?:\w{1,24} ){0,4}(?:guidelines|polic)"
            r"|content[_ ](?:policy|filter)"
        ),
        "flagged",
    ),
    (
        _POLICY,
        None,
        re.compile(
            r"organization has been disabled"
            r"|(?:account|workspace)[_ ](?:\w{1,24} ){0,3}(?:deactivated|suspended|disabled)"
            r"|deactivated_workspace"
        ),
        "closed",
    ),
    (frozenset((400,)), "key", re.compile(r"api[_ ]key[_ ](?:invalid|not valid|expired|service_blocked)"), "bad key"),
    # Anthropic's, to logins that are used outside of the vendor's own client.
    (frozenset((400,)), "login", re.compile(r"draw from your extra usage|out of extra usage"), "not this client"),
    (frozenset((429,)), None, re.compile(r"extra usage is required"), "not this request"),
    (
        frozenset((403,)),
        None,
        re.compile(r"(?:access to|use) (?:the |this )?model|model_not_found|model_not_allowed"),
        "no model",
    ),
)
_RATE_LIMIT_ERROR = re.compile(r'"type"\s{0,8}:\s{0,8}"rate_limit_error"')
_ONLY_ERROR = re.compile(r'"message"\s{0,8}:\s{0,8}"error"')


class _Refusal(NamedTuple):
    """A refusal, read once. wait_seconds: what it asks for; spent: the used-up windows that it is for."""

    status: int
    get: Headers
    text: str
    wait_seconds: float | None
    spent: tuple[Window, ...]


def judge(account: Account, model: str, status: int, get: Headers, body: bytes, now: float) -> Verdict:
    """What follows from an answer to `account`. A login whose refusal is to be renewed more than once: `refused`.

    model: as it was asked for upstream. get: the answer's headers, by lower-case name. body: its first LOOKED_AT_BYTES
    count. An account without a secret (a keyless host, the client's own credential) is never blamed.
    Cost: 35 to 150 us for a body of 300 bytes; 11 ms at most, for 16 KiB of anything.
    """
    if status not in _REFUSALS or account.secret is None:
        return Verdict("serve")
    text = text_of(body)
    wait_seconds = retry_after(get, text, now, _NAIVE_OFFSETS_SECONDS.get(account.provider, 0.0))
    windows = windows_of(account.id, get, now) if status in _LIMITED else ()
    refusal = _Refusal(status, get, text, wait_seconds, _spent(windows, model, get))
    says = _says(refusal, account.kind)
    for row in _TABLE:
        if status in row.statuses and row.says in {None, says} and row.kind in {None, account.kind}:
            return _verdict(row, account, model, refusal, now)
    return Verdict("serve")


def refused(account: Account, now: float) -> Verdict:
    """What follows when a login's token is refused with 401 and there is no newer one: as for a key."""
    until_at = now + FORBIDDEN_SECONDS
    cooldown = Cooldown(account.id, "", until_at, cause=REFUSED_TOKEN)
    return Verdict("rotate", (cooldown,), hard=True, cause=REFUSED_TOKEN)


def _spent(windows: tuple[Window, ...], model: str, get: Headers) -> tuple[Window, ...]:
    """The used-up windows that this model is refused for; those of other models say nothing about a refusal of it.

    Where Anthropic says that a window is the cause, and all of them are of families that the model is not known to be
    of, its family has a name that is new: then they are limits of the model.
    """
    spent = tuple(window for window in windows if window.status == "exhausted")
    of_model = tuple(window for window in spent if not model or covers(window.scope, model))
    if of_model or get(b"anthropic-ratelimit-unified-status") != b"rejected":
        return of_model
    return tuple(msgspec.structs.replace(window, scope=f"model:{model}") for window in spent)


def _says(refusal: _Refusal, kind: AccountKind) -> _Says | None:
    """What a refusal is about. Headers that tell of used-up windows count more than all words but those of a policy."""
    for statuses, kinds, words, says in _WORDS:
        if refusal.status in statuses and kinds in {None, kind} and words.search(refusal.text):
            return says
    if refusal.status == 429:
        return "usage" if refusal.spent else _says_429(refusal, kind)
    return limit_kind(refusal.status, refusal.text, refusal.wait_seconds)


def _says_429(refusal: _Refusal, kind: AccountKind) -> _Says | None:
    text, wait_seconds = refusal.text, refusal.wait_seconds
    if kind == "login" and _RATE_LIMIT_ERROR.search(text) and _ONLY_ERROR.search(text):
        return "not this client"
    if refusal.get(b"x-codex-rate-limit-reached-type"):
        return "usage"
    limit = limit_kind(429, text, wait_seconds, retry=should_retry(refusal.get))
    is_allowed = (refusal.get(b"anthropic-ratelimit-unified-status") or b"").startswith(b"allowed")
    if limit == "usage" and is_allowed and (wait_seconds is None or wait_seconds < LONG_WAIT_SECONDS):
        return "rate"  # the plan's windows are open: Anthropic's "your account's rate limit" is then one per minute
    return limit


def _verdict(row: _Row, account: Account, model: str, refusal: _Refusal, now: float) -> Verdict:
    if row.says == "usage" and refusal.spent:
        cooldowns = _rests_of_windows(refusal, now)
        return Verdict(row.step, cooldowns, row.hard, cooldowns[0].cause if cooldowns else row.cause)
    wait_seconds = refusal.wait_seconds if row.is_timed else None
    rest_seconds = row.rest_seconds if wait_seconds is None else wait_seconds
    if not rest_seconds:
        return Verdict(row.step, (), row.hard, row.cause)
    scope = f"model:{model}" if model and _is_of_model(row.reach, refusal) else ""
    until_at = now + min(rest_seconds, LONGEST_COOLDOWN_SECONDS)
    cooldown = Cooldown(account.id, scope, until_at, timed=wait_seconds is not None, cause=row.cause)
    return Verdict(row.step, (cooldown,), row.hard, row.cause)


def _is_of_model(reach: _Reach, refusal: _Refusal) -> bool:
    """Whether a rest is the model's. Words that don't say mean the model, where a 429 says them: the smaller blame."""
    if reach != "told":
        return reach == "model"
    told = limit_reach(refusal.text)
    return told == "model" or (told == "" and refusal.status == 429)


def _rests_of_windows(refusal: _Refusal, now: float) -> tuple[Cooldown, ...]:
    """The rests of used-up windows: until their resets; where one tells none, as long as the answer says, or a guess.

    A wait that is longer than all of them stretches the longest.
    """
    wait_seconds = refusal.wait_seconds
    is_told = wait_seconds is not None
    else_at = now + (wait_seconds if wait_seconds is not None else USAGE_SECONDS)
    rests = [_rest_of_window(window, else_at, is_told=is_told) for window in refusal.spent]
    rests.sort(key=lambda rest: rest.until_at)
    if is_told and else_at > rests[-1].until_at:
        rests[-1] = msgspec.structs.replace(rests[-1], until_at=else_at)
    longest = {rest.scope: rest for rest in rests}
    capped_at = now + LONGEST_COOLDOWN_SECONDS
    return tuple(
        msgspec.structs.replace(rest, until_at=min(rest.until_at, capped_at))
        for rest in longest.values()
        if rest.until_at > now
    )


def _rest_of_window(window: Window, else_at: float, *, is_told: bool) -> Cooldown:
    until_at = else_at if window.resets_at is None else window.resets_at
    timed = is_told or window.resets_at is not None
    return Cooldown(window.account, window.scope, until_at, timed=timed, cause=cause_of(window))
