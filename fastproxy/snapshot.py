"""The configuration as one frozen value.

`config` builds it whole or not at all; a running exchange keeps the one it started with. Field names and
defaults are the contract with users (README, "Configuration"): every field is read somewhere, every limit is here.
"""

from collections.abc import Mapping

import msgspec

from fastproxy.payload import Rule
from fastproxy.providers.base import Provider


class Secret:
    """A credential whose repr hides it. `reveal()` is called where it goes into a header, and nowhere else."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


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


class Account(msgspec.Struct, frozen=True):
    """One credential of one provider. id: what logs and usage may show ("openai:OPENAI_API_KEY")."""

    provider: str
    id: str
    secret: Secret | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """Everything an exchange may ask of the configuration.

    providers: those that can be used, by name, in order of preference (configured, then found in the environment).
    accounts: provider name -> its credentials, in order.
    aliases: name -> model or `provider/model`.
    payload: the rules for request bodies, in the order in which they apply.
    unusable: provider name -> one sentence why not (a missing key), for `doctor` and 404 messages.
    """

    server: Server = Server()
    limits: Limits = Limits()
    upstream: Upstream = Upstream()
    access: Access = Access()
    storage: Storage = Storage()
    providers: Mapping[str, Provider] = {}
    accounts: Mapping[str, tuple[Account, ...]] = {}
    aliases: Mapping[str, str] = {}
    payload: tuple[Rule, ...] = ()
    unusable: Mapping[str, str] = {}
