"""A login without a browser on this machine: a code that the person types in elsewhere. Source: RFC 8628.

Asks no faster than the vendor allows. What the person sees is the user code and an address; the device code, which is
worth a login, is never shown.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from fastproxy.accounts.grants import (
    Post,
    Refusal,
    TokenAnswer,
    device_grant,
    device_request,
    login_of,
    refusal_of,
)
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.pkce import Proof, new_proof
from fastproxy.accounts.sources.tokens import token_text
from fastproxy.errors import Fault
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret

INTERVAL_SECONDS = 5.0  # where the vendor names none; RFC 8628 3.2
SLOWER_SECONDS = 5.0  # after each slow_down; RFC 8628 3.5
LONGEST_INTERVAL_SECONDS = 60.0
LONGEST_LIFE_SECONDS = 1800.0  # of a code, whatever the vendor says
FAILURES = 5  # in a row, of the network or the vendor, until we give up

_USER_CODE_CHARACTERS = 64
_DENIED = "access_denied"
_EXPIRED = ("expired_token", "token_expired")  # the second is GitHub's


class Invitation(NamedTuple):
    """What the person is asked to do. address: to open; complete: the same with the code in it, "" if there is none."""

    user_code: str
    address: str
    complete: str = ""


class _Device(msgspec.Struct):
    """The vendor's answer. Source: RFC 8628 3.2."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    expires_in: float = 900.0
    interval: float = INTERVAL_SECONDS


class Times(NamedTuple):
    """Clocks that are handed in: of the wall, monotonic, and one that waits."""

    wall: Callable[[], float]
    monotonic: Callable[[], float]
    pause: Callable[[float], Awaitable[None]]


async def login_by_device(oauth: OAuth, post: Post, invite: Callable[[Invitation], None], times: Times) -> Login:
    """The login, once the person has said yes. invite: called once. Raises: AccountError, Fault."""
    proof = new_proof()
    device = _device_of(await post(device_request(oauth, proof)), times.wall())
    invite(Invitation(device.user_code, device.verification_uri, device.verification_uri_complete))
    give_up_at = times.monotonic() + min(device.expires_in, LONGEST_LIFE_SECONDS)
    interval_seconds, failures = _interval(device.interval), 0
    while times.monotonic() + interval_seconds < give_up_at:
        await times.pause(interval_seconds)
        answer = await _asked(oauth, post, device, proof, times)
        if isinstance(answer, Login):
            return answer
        if answer.code == "authorization_pending":
            failures = 0
        elif answer.code == "slow_down":
            failures, interval_seconds = 0, _interval(interval_seconds + SLOWER_SECONDS)
        elif answer.code == _DENIED:
            raise AccountError("the login was refused in the browser")
        elif answer.code in _EXPIRED:
            break
        else:
            failures += 1
            if answer.definitive or failures == FAILURES:
                raise AccountError(f"no login: {answer.cause}")
            interval_seconds = _interval(max(interval_seconds, answer.retry_after_seconds or 0.0))
    raise AccountError("the code was not used in time: begin again")


async def _asked(oauth: OAuth, post: Post, device: _Device, proof: Proof, times: Times) -> Login | Refusal:
    asked_at = times.wall()
    try:
        answer = await post(device_grant(oauth, Secret(device.device_code), proof))
    except Fault as fault:
        return Refusal(definitive=False, code="", cause=fault.message)
    return login_of(answer, oauth, None, asked_at)


def _device_of(answer: TokenAnswer, now: float) -> _Device:
    """Raises: AccountError."""
    if answer.status != 200:
        raise AccountError(f"no code to show: {refusal_of(answer, now).cause}")
    try:
        device = msgspec.json.decode(answer.body, type=_Device, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise AccountError("its device endpoint gave no code") from None
    token_text(device.device_code, "device_code")
    shown = (device.user_code, device.verification_uri, device.verification_uri_complete)
    if (
        not all(text.isascii() and text.isprintable() for text in shown)
        or len(device.user_code) > _USER_CODE_CHARACTERS
    ):
        raise AccountError("its device endpoint gave a code that can't be shown")
    for address in shown[1:]:
        if address and urlsplit(address).scheme not in ("https", "http"):
            raise AccountError("its device endpoint gave an address that is none")
    return device


def _interval(seconds: float) -> float:
    return min(max(seconds, 1.0), LONGEST_INTERVAL_SECONDS)
