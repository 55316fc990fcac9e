"""Which account serves a request: one synchronous choice, no I/O, the clock (when it matters) handed in."""

from fastproxy.errors import Fault
from fastproxy.providers.base import Provider
from fastproxy.snapshot import Account, Snapshot

_KEYLESS = ("none", "client")


def lease(provider: Provider, snapshot: Snapshot) -> Account:
    """The account that serves the next request to `provider`: the first that is configured.

    Raises: Fault(no_credential) when the provider needs a credential and has none.
    """
    accounts = snapshot.accounts.get(provider.name, ())
    if accounts:
        return accounts[0]
    if provider.auth in _KEYLESS or provider.local:
        return Account(provider.name, provider.name)
    wanted = " or ".join(provider.key_variables) or f"[providers.{provider.name}] api_key"
    raise Fault("no_credential", f"no credential for {provider.title}: set {wanted}")
