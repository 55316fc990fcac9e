"""An account as reports show it: names, state, limits, and how it is used. Pure; never a secret, whatever is given."""

from collections.abc import Mapping

import msgspec

from fastproxy.accounts.cooldown import state_of
from fastproxy.accounts.pool import Standing

CONFIGURED = "configuration"
STORED = "store"


def described(standing: Standing, sources: Mapping[str, str]) -> dict[str, object]:
    """One account for `GET /v1/accounts` and `account list --json`. Times: epoch seconds.

    sources: id -> `StoredAccount.source`, of the stored accounts.
    """
    account = standing.account
    state, cause = state_of(standing.disabled, standing.cooldowns)
    return {
        "id": account.id,
        "provider": account.provider,
        "label": account.label,
        "kind": account.kind,
        "source": source_of(account.id, sources),
        "serves": account.serves,
        "state": state,
        "cause": cause,
        "weight": account.weight,
        "position": account.position,
        "expires_at": account.expires_at,
        "cooldowns": [_without_account(cooldown) for cooldown in standing.cooldowns],
        "windows": [_without_account(window) for window in standing.windows],
    }


def source_of(account_id: str, sources: Mapping[str, str]) -> str:
    """Where the secret is kept: "configuration", "store", or "SOURCE:PATH" of a vendor's file."""
    return (sources[account_id] or STORED) if account_id in sources else CONFIGURED


def _without_account(value: msgspec.Struct) -> dict[str, object]:
    fields = msgspec.structs.asdict(value)
    del fields["account"]
    return fields
