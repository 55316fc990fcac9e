"""What a login consists of, wherever it is kept: tokens, when they end, and everything else the vendor told.

Values only. Must never be logged or shown: `kept` may hold secrets that we have no name for.
"""

from collections.abc import Mapping

import msgspec

from fastproxy.secret import Secret


class AccountError(Exception):
    """Why something can't be done with an account; str() is one sentence for a person, without a secret."""


class Login(msgspec.Struct, frozen=True):
    """Tokens as a vendor gave them.

    expires_at, minted_at: of the access token; None where nobody knows. kept: every other field of the vendor's file or
    answer, as it was, so that it can be written back.
    """

    access: Secret
    refresh: Secret | None = None
    expires_at: float | None = None
    minted_at: float | None = None
    kept: Mapping[str, object] = {}

    def __repr__(self) -> str:
        return "Login(...)"


def completed(new: Login, used: Login) -> Login:
    """A renewed login, with what its vendor did not say again taken from the one that it was renewed with."""
    return msgspec.structs.replace(new, refresh=new.refresh or used.refresh, kept={**used.kept, **new.kept})
