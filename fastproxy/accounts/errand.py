"""What a process that renews one login is told on its standard input: all that it needs of a configuration.

So a relay renews by the configuration that it runs with, whatever has become of the file since.
Holds a client secret, and a proxy's password where it has one: never for an argument, an environment or a log.
"""

from collections.abc import Mapping

import msgspec

from fastproxy.accounts.login import AccountError
from fastproxy.providers import BY_NAME
from fastproxy.providers.base import OAuth
from fastproxy.providers.oauth import with_secret
from fastproxy.secret import Secret
from fastproxy.snapshot import Snapshot

ERRAND_BYTES = 65536  # what a pipe takes while nobody reads it


class Errand(msgspec.Struct, frozen=True):
    """oauth: of the login's provider. proxy: as Upstream.proxy. key: what kind of key seals the store."""

    oauth: OAuth
    proxy: str
    lead_seconds: float
    key: str

    def __repr__(self) -> str:
        return "Errand(...)"


def errand_for(provider: str, snapshot: Snapshot, environ: Mapping[str, str]) -> Errand:
    """Raises: AccountError where the provider has no logins."""
    record = snapshot.providers.get(provider) or snapshot.keyless.get(provider) or BY_NAME.get(provider)
    if record is None or record.oauth is None:
        raise AccountError(f"there is no provider {provider!r} that has logins: `fastproxy doctor` lists them")
    keeping = snapshot.keeping
    oauth = with_secret(record.oauth, environ)
    return Errand(oauth, snapshot.upstream.proxy, keeping.refresh_lead_seconds, keeping.key)


def packed(errand: Errand) -> bytes:
    """For a pipe to `unpacked`. Holds secrets in clear."""
    return _ENCODER.encode(errand)


def unpacked(told: bytes) -> Errand:
    """Raises: AccountError."""
    try:
        return _DECODER.decode(told)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise AccountError("what was to be told on standard input is not there, or is not whole") from None


def _revealed(value: object) -> str:
    """Raises: TypeError for what is no secret."""
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(type(value).__name__)


def _hidden(_type: type, value: str) -> Secret:
    return Secret(value)


_ENCODER = msgspec.json.Encoder(enc_hook=_revealed)
_DECODER = msgspec.json.Decoder(Errand, dec_hook=_hidden)
