"""A token as text, a token's claims, and a time as vendors write it: checked, because a file may hold anything.

Pure. A JWT is read without its signature: what it says is used for shaping and display, never to let somebody in.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from fastproxy.accounts.login import AccountError, Login

TOKEN_BYTES = 65536  # the longest that vendors make is a JWT of 4 KB
_MILLISECONDS = 1e11  # as seconds, this is the year 5138; as milliseconds, 1973
_LATEST_AT = 253402300799.0  # the end of the year 9999, the last that the notations know
FACT_BYTES = 256
_FACT = re.compile(r"[A-Za-z0-9._:@-]+")
_CLAIMS = msgspec.json.Decoder(dict[str, object])


def token_text(value: object, name: str) -> str:
    """A token that can stand in a header; "" for one that is missing, null or empty.

    Raises: AccountError, with `name` and without the value.
    """
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        raise AccountError(f"{name} is not a string")
    if len(value) > TOKEN_BYTES:
        raise AccountError(f"{name} is longer than {TOKEN_BYTES} characters")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise AccountError(f"{name} holds characters that no token has")
    return value


def fact_text(value: object) -> str:
    """A short text that can stand in a header or a path; "" for anything else."""
    good = isinstance(value, str) and len(value) <= FACT_BYTES and _FACT.fullmatch(value) is not None
    return str(value) if good else ""


def identity(login: Login) -> str:
    """The SHA-256, in hexadecimal, of its refresh token or else its access token: tells logins apart, is no secret."""
    return hashlib.sha256((login.refresh or login.access).reveal().encode()).hexdigest()


def fingerprint(login: Login) -> str:
    """The SHA-256, in hexadecimal, of both its tokens: another one once either was replaced; is no secret."""
    refresh = "" if login.refresh is None else login.refresh.reveal()
    return hashlib.sha256(f"{refresh}\n{login.access.reveal()}".encode()).hexdigest()


def claims_of(token: object) -> Mapping[str, object]:
    """What a JWT says of itself, {} for anything that is none."""
    parts = token.split(".") if isinstance(token, str) and len(token) <= TOKEN_BYTES else []
    if len(parts) != 3:
        return {}
    try:
        return _CLAIMS.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        return {}


def told_at(value: object) -> float | None:
    """Seconds since the epoch of a time in seconds, in milliseconds, or in RFC 3339; None where it tells none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        value = int(value)
    try:
        if isinstance(value, int | float):
            return _positive(value / 1000 if value > _MILLISECONDS else float(value))
        if not isinstance(value, str):
            return None
        when = datetime.fromisoformat(value)
        return _positive((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def written_like(old: object, at: float) -> bytes:
    """The JSON text of a time, in the notation that the file has used so far; milliseconds where it has used none."""
    at = min(max(at, 0.0), _LATEST_AT)
    if isinstance(old, str) and not old.isdecimal():
        return msgspec.json.encode(rfc3339(at))
    if isinstance(old, str):
        return msgspec.json.encode(str(round(at * 1000 if float(old) > _MILLISECONDS else at)))
    in_seconds = isinstance(old, int | float) and 0 < old <= _MILLISECONDS
    return msgspec.json.encode(round(at if in_seconds else at * 1000))


def rfc3339(at: float) -> str:
    """For example 2026-11-21T09:30:00Z."""
    return datetime.fromtimestamp(min(max(at, 0.0), _LATEST_AT), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _positive(at: float) -> float | None:
    return at if 0 < at < _MILLISECONDS else None
