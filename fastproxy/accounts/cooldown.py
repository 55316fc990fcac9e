"""What is known of an account's limits: how long it can't be used for what, and how much of each window is spent.

Values only.
"""

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

WindowStatus = Literal["ok", "warning", "exhausted", "unknown"]
State = Literal["ready", "cooling", "disabled"]
STATES: tuple[State, ...] = get_args(State)


REFUSED_KEY = "the vendor refused the key"
REFUSED_TOKEN = "the vendor refused the token, and there is no newer one"  # noqa: S105 - a cause
OF_SECRET = frozenset((REFUSED_KEY, REFUSED_TOKEN))
"""Causes of rests that say nothing about an account whose secret is another by now."""


class Cooldown(msgspec.Struct, frozen=True):
    """An account that is not to be asked before `until_at`.

    scope: "" for the whole credential, "family:opus" for models with that word in their name, "model:NAME" for one.
    timed: whether the vendor told the time; a guess is probed early. cause: a few words for people, never a body.
    """

    account: str
    scope: str
    until_at: float
    timed: bool = False
    cause: str = ""


class Window(msgspec.Struct, frozen=True):
    """One of an account's quotas. name: "5h", "7d", "7d_opus", "requests". used_fraction: 0.0 to 1.0, None if unknown.

    scope: as in Cooldown: what it is a limit of. length_seconds: how long the window is; None if unknown.
    """

    account: str
    name: str
    used_fraction: float | None = None
    resets_at: float | None = None
    length_seconds: float | None = None
    status: WindowStatus = "unknown"
    scope: str = ""
    seen_at: float = 0.0


class Ended(msgspec.Struct, frozen=True):
    """A cooldown that is over before its time: the vendor's own report says so."""

    cooldown: Cooldown


News = Cooldown | Window | Ended
"""What a pool has learned and the store must keep."""


def state_of(disabled: str, cooldowns: Iterable[Cooldown]) -> tuple[State, str]:
    """How it is, and why. cooldowns: those in effect; one for a model or a family leaves an account ready."""
    if disabled:
        return "disabled", disabled
    resting = [cooldown for cooldown in cooldowns if not cooldown.scope]
    return ("cooling", resting[0].cause) if resting else ("ready", "")


def covers(scope: str, model: str) -> bool:
    """Whether a limit of this scope is one for `model`."""
    kind, _, word = scope.partition(":")
    if kind == "family":
        return word in model
    return kind == "" or (kind == "model" and word == model)
