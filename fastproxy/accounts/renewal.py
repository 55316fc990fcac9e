"""One renewal of one login, from the lock to the disk. Exactly one request for each token, whoever else wants it.

    alone with the login          all processes of this machine wait here, and the vendor's tool where it locks too
    read it again                 renewed meanwhile, or not due any more: take that, and ask nobody
    prove that it can be kept     a refresh token that can be used once is worth nothing once it is used
    ask
    refused for good              read again: a peer without our lock may have been first; else disabled, with a cause
    renewed                       on the disk before anybody uses it; what can't be written is tried again for a while
    anything else                 told, and nothing is changed

It never deletes anything, and it holds no clock: `now` is handed in, and may jump.
It blocks while it waits for the lock and the disk, so it runs where nothing else does: in a process of its own, which a
relay that is killed leaves to its work.
"""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Literal, NamedTuple

from fastproxy.accounts.grants import Post, Refusal, login_of, refresh_grant
from fastproxy.accounts.holders import Holder
from fastproxy.accounts.login import AccountError, Login
from fastproxy.errors import Fault, place_of
from fastproxy.providers.base import OAuth

LOCK_SECONDS = 25.0  # somebody else's renewal, which is ours too when it is done
YOUNG_SECONDS = 300.0  # a token that young is not renewed because it was refused: the next one would be too
SKEW_SECONDS = 60.0  # a token that ends sooner may end on its way
KEEP_SECONDS = 30.0  # how long writing a renewed login is tried again
_KEEP_PAUSE_SECONDS = 0.5
_PEER_PAUSE_SECONDS = 0.1

Outcome = Literal["renewed", "adopted", "current", "refused", "failed"]


class Renewed(NamedTuple):
    """How a renewal ended.

    outcome: renewed by us; adopted, since somebody else had renewed it; current, since it is not due; refused by the
    vendor for good; failed for now. cause: one sentence for people, without a secret.
    """

    outcome: Outcome
    cause: str = ""
    retry_after_seconds: float | None = None


class Wanted(NamedTuple):
    """Why a login is to be renewed. used: `digest` of the access token that was refused; "" to renew what ends soon."""

    used: str = ""
    lead_seconds: float = 300.0


async def renew(holder: Holder, oauth: OAuth, post: Post, wanted: Wanted, now: Callable[[], float]) -> Renewed:
    """Renew the login if it still needs it. now: wall seconds."""
    try:
        with holder.locked(LOCK_SECONDS):
            login = holder.login()
            if (settled := _settled(login, wanted, now())) is not None:
                return settled
            holder.prepare()
            asked_at = now()
            try:
                answer = login_of(await post(refresh_grant(oauth, login)), oauth, login, asked_at)
            except Fault as fault:
                return Renewed("failed", fault.message, fault.retry_after_seconds)
            if isinstance(answer, Refusal):
                return await _refused(holder, login, answer)
            return await _kept(holder, login, answer)
    except AccountError as error:
        return Renewed("failed", str(error))


def digest(access: str) -> str:
    """How an access token is told from others where it must not be written."""
    return hashlib.sha256(access.encode()).hexdigest()


def _settled(login: Login, wanted: Wanted, now: float) -> Renewed | None:
    """Why nothing is to be asked; None when it is.

    A token of the future was made by a clock that was wrong: neither its youth nor its end is believed when the vendor
    refuses it.
    """
    age_seconds = None if login.minted_at is None else now - login.minted_at
    young = age_seconds is not None and 0 <= age_seconds < YOUNG_SECONDS
    access = login.access.reveal()
    if not access or _ends_within(login, now, SKEW_SECONDS if young else max(SKEW_SECONDS, wanted.lead_seconds)):
        return None
    if not wanted.used:
        return Renewed("current", "its token is not due yet")
    if digest(access) != wanted.used:
        return Renewed("adopted", "somebody else has renewed it")
    return Renewed("current", "its token is a few minutes old and is not renewed again so soon") if young else None


def _ends_within(login: Login, now: float, seconds: float) -> bool:
    return login.expires_at is not None and login.expires_at - now <= seconds


async def _refused(holder: Holder, used: Login, refusal: Refusal) -> Renewed:
    if not refusal.definitive:
        return Renewed("failed", refusal.cause, refusal.retry_after_seconds)
    for attempt in range(1 + int(holder.patience_seconds / _PEER_PAUSE_SECONDS)):
        if attempt:
            await asyncio.sleep(_PEER_PAUSE_SECONDS)
        login = holder.login()
        if (login.access, login.refresh) != (used.access, used.refresh):
            return Renewed("adopted", "somebody else has renewed it")
    holder.end(refusal.cause)
    return Renewed("refused", refusal.cause)


async def _kept(holder: Holder, used: Login, new: Login) -> Renewed:
    """Raises: AccountError when it could not be written for KEEP_SECONDS; the login has then to be made anew."""
    left = int(KEEP_SECONDS / _KEEP_PAUSE_SECONDS)
    while True:
        try:
            kept = holder.keep(used, new)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, what the vendor gave is not given up
            if not left:
                why = error if isinstance(error, AccountError) else place_of(error)
                raise AccountError(f"it was renewed and can't be kept, so log in again: {why}") from None
        else:
            return Renewed("renewed") if kept.access == new.access else Renewed("adopted", "another login came first")
        left -= 1
        await asyncio.sleep(_KEEP_PAUSE_SECONDS)
