"""Proof keys for logins (RFC 7636, S256) and the state that tells one login's answer from another's.

Made anew for every login and never kept.
"""

import base64
import hashlib
import secrets
from typing import NamedTuple

from fastproxy.secret import Secret

RANDOM_BYTES = 32  # 43 characters, the fewest that RFC 7636 4.1 allows


class Proof(NamedTuple):
    """verifier: what only we know until the code is redeemed. challenge: its digest, which goes through the browser."""

    verifier: Secret
    challenge: str


def new_proof() -> Proof:
    """A verifier of 256 random bits and its challenge."""
    verifier = secrets.token_urlsafe(RANDOM_BYTES)
    return Proof(Secret(verifier), challenge_of(verifier))


def challenge_of(verifier: str) -> str:
    """BASE64URL(SHA256(verifier)) without padding. Source: RFC 7636 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def new_state() -> str:
    """What an answer must bring back to be ours."""
    return secrets.token_urlsafe(RANDOM_BYTES)
