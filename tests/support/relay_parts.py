"""A relay of real parts in the test's own process: only the client's transport is a fake one."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fastproxy.access.check import Gate
from fastproxy.access.store import TokenStore
from fastproxy.access.tokens import digest
from fastproxy.account_reports import AccountReports
from fastproxy.accounts.inventory import Inventory
from fastproxy.accounts.keeper import Keeper
from fastproxy.accounts.renewal import Renewed
from fastproxy.accounts.store import AccountStore
from fastproxy.admin import Admin
from fastproxy.asked import RequestIds, View
from fastproxy.attempts import Attempts
from fastproxy.clock import Sweep
from fastproxy.providers import echo
from fastproxy.providers.base import Provider
from fastproxy.relay import Relay
from fastproxy.secret import Secret
from fastproxy.server.connection import Connection
from fastproxy.snapshot import Access, Account, Limits, Snapshot, Upstream
from fastproxy.upstream.catalog import Catalog
from fastproxy.upstream.pool import Pool
from fastproxy.usage.journal import Journal
from fastproxy.usage.metrics import Metrics, Names
from fastproxy.usage.record import UsageRecord
from fastproxy.usage.store import DATABASE
from support.fake_transport import FakeTransport
from support.loops import turns

CLIENT_TOKEN = "fp-client"
ADMIN_TOKEN = "fp-admin"
UPSTREAM_KEY = "sk-lab-key"


def provider(name: str, origin: str, **fields: object) -> Provider:
    """A host that speaks all four formats at `origin` and serves every model."""
    formats = {"openai-chat": f"{origin}/v1", "openai-responses": f"{origin}/v1", "anthropic": origin, "gemini": origin}
    return Provider(**({"name": name, "title": name, "formats": formats, "models": ("*",), "discover": False} | fields))


def snapshot(providers: Iterable[Provider], **fields: object) -> Snapshot:
    """A configuration with these providers, each with a key, and one client token."""
    known = {one.name: one for one in (*providers, echo.PROVIDER)}
    accounts = {one.name: (Account(one.name, f"{one.name}:key", Secret(UPSTREAM_KEY)),) for one in known.values()}
    access = Access(tokens=frozenset({digest(CLIENT_TOKEN.encode())}), admin_token=digest(ADMIN_TOKEN.encode()))
    whole = Snapshot(access=access, upstream=Upstream(proxy="direct"), providers=known, accounts=accounts)
    return msgspec.structs.replace(whole, **fields)


@dataclass
class Parts:
    """A relay, and the door's side of a listener: what a Connection asks of it."""

    door: Relay
    sweep: Sweep
    limits: Limits
    directory: Path
    connections: set[Connection]
    draining: bool = False

    @property
    def records(self) -> list[UsageRecord]:
        """What has been written down, in order."""
        lines = (
            line for file in sorted(self.directory.glob("usage-*.jsonl")) for line in file.read_bytes().splitlines()
        )
        return [msgspec.json.decode(line, type=UsageRecord) for line in lines]

    def connect(self) -> "Client":
        return Client(self)


class Client:
    """One connection of a client."""

    def __init__(self, parts: Parts) -> None:
        self.connection = Connection(parts)
        self.transport = FakeTransport(self.connection)
        self.connection.connection_made(self.transport)

    def says(self, data: bytes) -> None:
        self.connection.data_received(data)

    async def sees(self, mark: bytes) -> bytes:
        """What came, once `mark` is in it or the connection has ended; the test's own time limit bounds the wait."""
        while mark not in self.transport.written and not self.transport.is_closing():
            await turns(1)
        return self.transport.written

    def leaves(self) -> None:
        self.transport.close()


async def _no_renewal(account_id: str, used: str) -> Renewed:
    raise AssertionError(f"nothing is to be renewed here, not {account_id}")


@asynccontextmanager
async def relay(directory: Path, configured: Snapshot) -> AsyncIterator[Parts]:
    """A running relay. When the block ends nothing may be lent out, watched or in flight."""
    sweep, journal = Sweep(), Journal(directory)
    metrics = Metrics("test", Names(frozenset(configured.providers), frozenset(("generate",))), journal)
    pool = Pool(configured.upstream, sweep)
    view = View(configured, Gate(configured, TokenStore(directory)))
    keeper = Keeper(Inventory(directory, AccountStore(directory)), configured, _no_renewal)
    keeper.start()
    catalog = Catalog(keeper.any_fresh)
    attempts = Attempts(pool, keeper)
    admin = Admin(catalog, metrics, directory / DATABASE, AccountReports(attempts), ready=True)
    whole = Relay(view, attempts, sweep, catalog, journal, metrics, admin, RequestIds())
    parts = Parts(whole, sweep, configured.limits, directory, set())
    try:
        yield parts
        for connection in tuple(parts.connections):
            connection.abort()
        await turns(10)
        assert metrics.in_flight == 0, "an exchange has not ended"
        assert not pool._connector._acquired, "a connection was never given back"
        assert len(sweep) == 0, "something is still watched"
    finally:
        await catalog.close()
        await pool.close()
        journal.close()


def ask(path: str, body: bytes, *headers: str, method: str = "POST", token: str = CLIENT_TOKEN) -> bytes:
    """A request's bytes."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1:8484", f"authorization: Bearer {token}", *headers]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]
