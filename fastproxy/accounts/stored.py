"""What the store says of an account beside its secret: names, order, whom it serves. Values only; never a secret."""

import re

import msgspec

from fastproxy.snapshot import AccountKind, Serves

LABEL_RULE = "a label has up to 64 letters, digits, and . _ - + @, and begins with a letter or digit"

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,63}")


class StoredAccount(msgspec.Struct, frozen=True):
    """One account of the store.

    id: `account_id(provider, label)` as it was when the account was added, unique, what people type and logs show. It
    stays when the label changes: usage records, client tokens and the seal of the login hold on to it.
    source: "" when the store holds the secret; else "SOURCE:PATH" of a vendor's file that owns it, of which no copy is
    kept. disabled: the cause, for people; "" = usable. expires_at, minted_at: of the access token in the store.
    refused: `fingerprint` of the login that it was disabled for; "" = not known, or not disabled.
    version: counts the logins that have stood here, for compare-and-set; no other change touches it.
    """

    id: str
    provider: str
    label: str
    kind: AccountKind
    source: str = ""
    serves: Serves = "any"
    weight: int = 1
    position: int = 0
    disabled: str = ""
    expires_at: float | None = None
    minted_at: float | None = None
    version: int = 0
    created_at: float = 0.0
    changed_at: float = 0.0
    refused: str = ""


def account_id(provider: str, label: str) -> str:
    """How an account is named when it is added."""
    return f"{provider}:{label}"


def is_label(text: str) -> bool:
    """Whether this can be a label: plain text that stands in a header, a log line and a shell without quotes."""
    return _LABEL.fullmatch(text) is not None
