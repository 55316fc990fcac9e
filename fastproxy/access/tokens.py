"""Client tokens as values: how one is made, what is kept of it, when it counts no longer.

A token is 32 random bytes, so its plain SHA-256 is as hard to reverse as the token is to guess; a slow hash would add
nothing but delay. Must never hold a token in clear outside `Secret`, and never touch a file or a clock.
"""

import hashlib
import secrets
from typing import NamedTuple

import msgspec

from fastproxy.secret import Secret

PREFIX = "fp-"  # marks a leaked token as ours, for people and for secret scanners
RANDOM_BYTES = 32
ID_BYTES = 4
LABEL_CHARACTERS = 64


class TokenError(Exception):
    """What can't be done with tokens: one sentence for a person."""


class ClientToken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is kept of one issued token.

    id: short, for people and usage records; stays when the token is rotated.
    digest: SHA-256 of the token, hexadecimal. Times: epoch seconds; None = never.
    models: globs over the model as the client writes it; empty = all. client: the program that it was issued for
    ("claude-code"), which a login may be meant for alone; "" = any. account: the only one it may use; "" = any.
    """

    id: str
    label: str
    digest: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    models: tuple[str, ...] = ()
    client: str = ""
    account: str = ""

    @property
    def fingerprint(self) -> str:
        """The first 8 digits of the digest: enough to tell tokens apart, useless to anyone else."""
        return self.digest[:8]

    def state(self, now: float) -> str:
        """One of "active", "expired", "revoked" at `now`, epoch seconds."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "active"


class Issued(NamedTuple):
    """A token at the one moment when its clear text is known."""

    secret: Secret
    token: ClientToken


def digest(credential: bytes) -> bytes:
    """What stands for a credential wherever it is kept or compared."""
    return hashlib.sha256(credential).digest()


class Grant(NamedTuple):
    """What a token may be used for; see ClientToken."""

    models: tuple[str, ...] = ()
    client: str = ""
    account: str = ""


EVERYTHING = Grant()


def issue(label: str, *, now: float, expires_at: float | None = None, grant: Grant = EVERYTHING) -> Issued:
    """A new token. Raises: TokenError for a label or a glob that no listing could show, or an end in the past."""
    label = label.strip()
    if not label or len(label) > LABEL_CHARACTERS or not label.isprintable():
        raise TokenError(f"a label has 1 to {LABEL_CHARACTERS} printable characters")
    if not all(glob and glob.isprintable() for glob in grant.models):
        raise TokenError("a model glob is not empty and has printable characters only")
    if expires_at is not None and expires_at <= now:
        raise TokenError("a token can't expire before it is made")
    secret = _secret()
    token = ClientToken(
        id=secrets.token_hex(ID_BYTES),
        label=label,
        digest=digest(secret.reveal().encode()).hex(),
        created_at=now,
        expires_at=expires_at,
        models=grant.models,
        client=grant.client,
        account=grant.account,
    )
    return Issued(secret, token)


def rotate(token: ClientToken, *, now: float) -> Issued:
    """The same token with a new secret. Raises: TokenError when it no longer counts."""
    if (state := token.state(now)) != "active":
        raise TokenError(f"token {token.id} ({token.label}) is {state}: issue a new one")
    secret = _secret()
    return Issued(secret, msgspec.structs.replace(token, digest=digest(secret.reveal().encode()).hex()))


def revoke(token: ClientToken, *, now: float) -> ClientToken:
    """The same token, refused from now on. The first revocation's time stays."""
    return token if token.revoked_at is not None else msgspec.structs.replace(token, revoked_at=now)


def named(tokens: tuple[ClientToken, ...], name: str) -> ClientToken:
    """The token whose id is `name`, else the only one with that label. Raises: TokenError."""
    matching = [token for token in tokens if token.id == name] or [token for token in tokens if token.label == name]
    if not matching:
        raise TokenError(f"no token {name!r}: see `fastproxy token list`")
    if len(matching) > 1:
        raise TokenError(f"{len(matching)} tokens are labelled {name!r}: name one by its id")
    return matching[0]


def _secret() -> Secret:
    return Secret(PREFIX + secrets.token_urlsafe(RANDOM_BYTES))
