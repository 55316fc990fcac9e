"""Why no account can serve a request, as the Fault that says what to do about it. Never names a secret."""

from collections.abc import Sequence

from fastproxy.accounts.cooldown import covers
from fastproxy.accounts.seat import Seat
from fastproxy.errors import Fault
from fastproxy.providers.base import Provider
from fastproxy.snapshot import Account

_KEYLESS = ("none", "client")


def without_accounts(provider: Provider) -> Account:
    """The account without a secret, of a provider that needs none.

    Raises: Fault(no_credential) that says what to set or to type.
    """
    if provider.auth in _KEYLESS or provider.local:
        return Account(provider.name, provider.name)
    key = " or ".join(provider.key_variables) or ("" if provider.oauth else f"[providers.{provider.name}] api_key")
    ways = [f"set {key}"] if key else []
    if provider.oauth is not None:
        ways.append(f"type `fastproxy account import` or `fastproxy account login {provider.name}`")
    raise Fault("no_credential", f"no credential for {provider.title}: {', or '.join(ways)}")


def unknown(provider: Provider, account: str) -> Fault:
    """Of a request that is bound to an account which is not there: the caller's mistake, no trouble that passes.

    account: as the client wrote it; cut and quoted.
    """
    return Fault("bad_request", f"{provider.title} has no account {account[:64]!r}; `fastproxy account list` has all")


def unavailable(provider: Provider, seats: Sequence[Seat], client: str, model: str, now: float) -> Fault:
    """Why none of these accounts, all that come into question, serves `client` now.

    rate_limited when they rest; retry_after_seconds: until the first of them may be asked again. None of it when one
    does not rest, and was asked by this very request: when that will work again, nobody knows.
    """
    enabled = [seat for seat in seats if not seat.disabled]
    if not enabled:
        return _disabled(provider, seats)
    serving = [seat for seat in enabled if not seat.own_client or (client and client == provider.own_client)]
    if not serving:
        return _not_for_this_client(provider)
    first = min(serving, key=lambda seat: seat.ready_at(model))
    ready_at = first.ready_at(model)
    if ready_at <= now:
        return Fault("rate_limited", f"every account of {provider.title} that could serve this request has refused it")
    wait_seconds = ready_at - now
    which = "the account" if len(serving) == 1 else "every account"
    causes = [cooldown.cause for cooldown in first.cooldowns(now) if covers(cooldown.scope, model)]
    why = f" ({causes[0]})" if causes and causes[0] else ""
    message = f"{which} of {provider.title} rests for {model[:128]!r}{why}; try again in {_spoken(wait_seconds)}"
    return Fault("rate_limited", message, retry_after_seconds=wait_seconds)


def _disabled(provider: Provider, seats: Sequence[Seat]) -> Fault:
    causes = "; ".join(f"{seat.id}: {seat.disabled}" for seat in seats[:3])
    remedy = f": type `fastproxy account login {provider.name}`" if provider.oauth is not None else ""
    return Fault("no_credential", f"no usable account of {provider.title} ({causes}){remedy}")


def _not_for_this_client(provider: Provider) -> Fault:
    own = (
        f" A token for it: `fastproxy token issue LABEL --client {provider.own_client}`." if provider.own_client else ""
    )
    return Fault(
        "no_credential",
        f'the logins of {provider.title} serve its own client only (serves = "own-client").{own}'
        ' serves = "any" (`--serves any` of `fastproxy account import` and `login`) opens them to every client.',
    )


def _spoken(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    if seconds < 7200:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"
