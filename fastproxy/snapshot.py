"""The configuration as one frozen value.

`config` builds it whole or not at all; a running exchange keeps the one it started with. Field names and
defaults are the contract with users (README, "Configuration"): every field is read somewhere, every limit is here.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from fastproxy.payload import Rule
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where we listen, and for whom."""

    listen: tuple[str, ...] = ("127.0.0.1:8484",)
    workers: int = 1
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every buffer and wait on the client's side has a name here."""

    head_bytes: int = 65536
    head_count: int = 100
    target_bytes: int = 16384
    body_bytes: int = 33554432
    connections: int = 8192
    head_seconds: float = 10.0
    body_idle_seconds: float = 30.0
    keepalive_seconds: float = 75.0
    write_stall_seconds: float = 300.0
    write_buffer_bytes: int = 262144
    sse_line_bytes: int = 16777216
    ping_seconds: float = 15.0
    drain_seconds: float = 30.0


class Upstream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How we speak to providers. proxy: "env" (HTTP(S)_PROXY, NO_PROXY), "direct", or a URL; never netrc."""

    connect_seconds: float = 10.0
    first_byte_seconds: float = 600.0
    idle_seconds: float = 300.0
    keepalive_seconds: float = 30.0
    connections: int = 4096
    head_bytes: int = 65536
    proxy: str = "env"


class Access(msgspec.Struct, frozen=True):
    """Who may call. tokens and admin_token: SHA-256 digests of the configured static tokens."""

    require_token: bool = True
    tokens: frozenset[bytes] = frozenset()
    admin_token: bytes | None = None


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where usage is kept. url: "sqlite" (in the state directory) or postgresql://; shared: valkey://."""

    url: str = "sqlite"
    shared: str = ""


AccountKind = Literal["key", "login"]
Serves = Literal["own-client", "any"]


class Account(msgspec.Struct, frozen=True):
    """One credential of one provider, as it is now.

    id: what logs and usage may show ("openai:OPENAI_API_KEY"), unique over all providers. secret: what goes upstream:
    a key, or the access token of a login. weight: its share where the strategy is "weighted". position: lower ones come
    first. serves: whom a login may be used for (DESIGN 7). expires_at: of the access token. facts: what shaping needs
    of a login beside its token ("account_id", "project", "base_url"), never a secret.
    """

    provider: str
    id: str
    secret: Secret | None = None
    kind: AccountKind = "key"
    label: str = ""
    weight: int = 1
    position: int = 0
    serves: Serves = "any"
    expires_at: float | None = None
    facts: Mapping[str, str] = {}


class Accounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How accounts are kept and chosen.

    key: what encrypts logins at rest: "file" (accounts.key in the state directory), "cred:NAME" (systemd), "keyring".
    pin_seconds: how long a silent session keeps its account; pins: how many sessions are remembered.
    refresh_lead_seconds: how long before its end a token is renewed. attempts, retry_seconds: how many accounts one
    request may try, and for how long, before its first byte goes out.
    """

    key: str = "file"
    pin_seconds: float = 3600.0
    pins: int = 10000
    refresh_lead_seconds: float = 300.0
    attempts: int = 16
    retry_seconds: float = 60.0


class Snapshot(msgspec.Struct, frozen=True):
    """Everything an exchange may ask of the configuration.

    providers: those that can be used, by name, in order of preference (configured, then found in the environment).
    accounts: provider name -> its credentials from the configuration and the environment, in order.
    aliases: name -> model or `provider/model`.
    payload: the rules for request bodies, in the order in which they apply.
    unusable: provider name -> one sentence why not (a missing key), for `doctor` and 404 messages.
    keyless: those of them that lack nothing but an account, which may be in the store.
    """

    server: Server = Server()
    limits: Limits = Limits()
    upstream: Upstream = Upstream()
    access: Access = Access()
    storage: Storage = Storage()
    keeping: Accounts = Accounts()
    providers: Mapping[str, Provider] = {}
    accounts: Mapping[str, tuple[Account, ...]] = {}
    aliases: Mapping[str, str] = {}
    payload: tuple[Rule, ...] = ()
    unusable: Mapping[str, str] = {}
    keyless: Mapping[str, Provider] = {}

    def waits_for_login(self, name: str) -> bool:
        """Whether a provider has no account and can have one at any time, because logins come and go."""
        return self.providers[name].oauth is not None and not self.accounts.get(name)
