"""Where the objects meet: one worker process from its first socket to its last byte."""

import asyncio
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import msgspec

from fastproxy import __version__
from fastproxy.access.check import Gate
from fastproxy.access.store import TokenStore
from fastproxy.account_reports import AccountReports
from fastproxy.accounts.inventory import Inventory
from fastproxy.accounts.keeper import Keeper
from fastproxy.accounts.store import AccountStore
from fastproxy.admin import Admin
from fastproxy.asked import RequestIds, View
from fastproxy.attempts import Attempts
from fastproxy.clock import Sweep, monotonic
from fastproxy.config import ConfigError
from fastproxy.current import Source
from fastproxy.errors import place_of
from fastproxy.formats.base import Action
from fastproxy.relay import Relay
from fastproxy.renewing import spawn_renewal
from fastproxy.server.listener import Listener
from fastproxy.service import Notifier
from fastproxy.snapshot import Limits, Snapshot
from fastproxy.upstream.catalog import Catalog
from fastproxy.upstream.pool import Pool
from fastproxy.upstream.projects import project_asker
from fastproxy.usage.journal import Journal
from fastproxy.usage.metrics import Metrics, Names, Shared
from fastproxy.usage.store import DATABASE, Ledger

logger = logging.getLogger(__name__)

RESERVED_FILES = 48  # for the database, journals, listeners and model lists
MIN_CONNECTIONS = 4
SWEEP_SECONDS = 1.0
RENEWAL_LAG_SECONDS = 5.0  # of each worker behind the one before it: longer than most renewals take
SETTLE_SECONDS = 1.0  # for exchanges that were cut off to write their usage record


class Worker:
    """One process that serves. Made once; `run` returns when it has been told to stop."""

    def __init__(self, source: Source, snapshot: Snapshot, state_directory: Path, shared: Shared | None = None) -> None:
        self._source = source
        self._snapshot = snapshot
        self._tokens = TokenStore(state_directory)
        self._notifier = Notifier(os.environ)
        self._stopping = asyncio.Event()
        self._parent_pid = os.getppid() if shared is not None else None
        self._reloading: asyncio.Task[None] | None = None
        self._swept_at = 0.0
        self._sweep = Sweep()
        self._journal = Journal(state_directory)
        metrics = Metrics(__version__, _names(snapshot), self._journal, shared)
        self._ledger = Ledger(state_directory)
        self._retired: list[Pool] = []  # pools of older settings, until the end: their exchanges may still run
        inventory = Inventory(state_directory, AccountStore(state_directory, snapshot.keeping.key))
        renew = spawn_renewal(lambda: self._snapshot, state_directory)
        lag_seconds = RENEWAL_LAG_SECONDS * shared.worker if shared is not None else 0.0
        ask_facts = project_asker(lambda: self._snapshot)
        self._keeper = Keeper(inventory, snapshot, renew, ask_facts, lag_seconds)
        self._stock = self._keeper.stock
        self._catalog = Catalog(self._keeper.any_fresh)
        attempts = Attempts(Pool(snapshot.upstream, self._sweep), self._keeper)
        self._admin = Admin(self._catalog, metrics, state_directory / DATABASE, AccountReports(attempts))
        self._relay = Relay(
            view=View(snapshot, Gate(snapshot, self._tokens)),
            attempts=attempts,
            sweep=self._sweep,
            catalog=self._catalog,
            journal=self._journal,
            metrics=metrics,
            admin=self._admin,
            ids=RequestIds(),
        )
        self._listener = Listener(_within_files(snapshot.limits), self._relay, self._sweep)

    async def run(self, sockets: list[socket.socket], announce: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT, then drain. A second signal ends at once.

        announce: called when signals are handled and connections accepted.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_log_by_place)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        self._ledger.start()
        self._keeper.start()
        self._look_at_accounts()
        self._look_at_accounts()
        self._admin.ready = True
        await self._listener.start(sockets)
        self._swept_at = loop.time()
        self._tick()
        announce()
        self._notifier.ready(f"serving {len(self._relay.view.snapshot.providers)} providers")
        await self._stopping.wait()
        await self._drain()

    def reload(self) -> asyncio.Task[None]:
        """Take the configuration anew, one reload at a time: a file that changes meanwhile is seen at the next tick."""
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.get_running_loop().create_task(self._reload())
        return self._reloading

    async def _reload(self) -> None:
        """A bad configuration is logged with its place, and the old one stays."""
        self._notifier.reloading()
        try:
            self._swap(await asyncio.to_thread(self._source.load))  # it reads files and looks at ports
        except ConfigError as error:
            logger.error("configuration not reloaded, the old one stays: %s", error)  # noqa: TRY400 - no traceback wanted
        self._notifier.ready()

    def _swap(self, snapshot: Snapshot) -> None:
        """Every exchange that begins from now on sees the new snapshot, whole."""
        old = self._relay.view.snapshot
        if snapshot.upstream != old.upstream:
            self._retired.append(self._relay.attempts.pool)
            self._relay.attempts.pool = Pool(snapshot.upstream, self._sweep)
        if (snapshot.server.listen, snapshot.server.workers) != (old.server.listen, old.server.workers):
            logger.warning("server.listen and server.workers take effect at the next start")
        if snapshot.keeping.key != old.keeping.key:
            logger.warning("accounts.key takes effect at the next start")
        self._snapshot = snapshot
        self._keeper.use(snapshot)
        self._show(self._keeper.whole(snapshot))
        self._listener.limits = _within_files(snapshot.limits)
        logger.info("configuration reloaded: %d providers", len(snapshot.providers))

    def _tick(self) -> None:
        """Once a second: every wait is looked at, and so are the files that others may have changed."""
        loop = asyncio.get_running_loop()
        loop.call_later(SWEEP_SECONDS, self._tick)  # first: whatever goes wrong below must not be the last tick
        now = loop.time()
        self._relay.metrics.observe_lag(max(0.0, now - self._swept_at - SWEEP_SECONDS))
        self._swept_at = now
        self._sweep.run(monotonic())
        self._reload_tokens()
        self._keeper.tick()
        self._look_at_accounts()
        self._journal.flush()
        self._relay.metrics.publish()
        if self._source.changed():
            self.reload()
        self._notifier.watchdog()
        if self._parent_pid not in (None, os.getppid()) and not self._stopping.is_set():
            logger.error("the parent of this worker is gone: stopping, so that the port is free for the next one")
            self._stopping.set()

    def _look_at_accounts(self) -> None:
        """A provider that has got its first account, or lost its last one, is chosen otherwise from now on."""
        self._relay.metrics.accounts = self._keeper.numbers()
        if self._parent_pid is not None:  # there are other workers, and any of them may be asked
            self._relay.metrics.busy = self._keeper.busy()
        if self._stock is not self._keeper.stock:
            self._stock = self._keeper.stock
            whole = self._keeper.whole(self._snapshot)
            if _with_accounts(whole) != _with_accounts(self._relay.view.snapshot):
                self._show(whole)

    def _show(self, whole: Snapshot) -> None:
        """Let every exchange that begins from now on see this configuration."""
        self._relay.view = View(whole, Gate(whole, self._tokens))
        self._relay.metrics.rename(_names(whole))

    def _reload_tokens(self) -> None:
        before = self._tokens.problem
        self._tokens.reload_if_changed()
        if self._tokens.problem not in ("", before):
            logger.error("issued tokens not reloaded, those known stay: %s", self._tokens.problem)

    def _stop(self) -> None:
        if self._stopping.is_set():
            logger.warning("told twice to stop: %d connections cut off", len(self._listener.connections))
            self._listener.abort()
        self._stopping.set()

    async def _drain(self) -> None:
        self._admin.ready = False
        self._notifier.stopping()
        cut = await self._listener.drain(self._relay.view.snapshot.limits.drain_seconds)
        if cut:
            logger.warning("%d connections cut off at the end of the drain", cut)
        deadline = monotonic() + SETTLE_SECONDS
        while self._relay.metrics.in_flight and monotonic() < deadline:  # noqa: ASYNC110 - polled once in a process's life
            await asyncio.sleep(0.01)
        await self._catalog.close()
        await self._admin.accounts.close()
        for pool in (self._relay.attempts.pool, *self._retired):
            await pool.close()
        await self._keeper.close()
        self._journal.close()
        await asyncio.to_thread(self._ledger.close)


def _within_files(limits: Limits) -> Limits:
    """No more connections than there are file descriptors for: each may need one to its upstream as well.

    Out of descriptors, accepting fails at once and for ever, at full CPU. Refusing the last few with 503 is kinder.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = max(MIN_CONNECTIONS, (soft - RESERVED_FILES) // 2)
    return msgspec.structs.replace(limits, connections=min(limits.connections, room))


def _with_accounts(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(name for name, accounts in snapshot.accounts.items() if accounts)


def _names(snapshot: Snapshot) -> Names:
    """What may become a metric's label."""
    return Names(frozenset(snapshot.providers), frozenset(get_args(Action)))


def _log_by_place(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """The loop's own error report, by type and place only: its message and locals may hold what a client sent."""
    error = context.get("exception")
    logger.error("event loop: %s", place_of(error) if isinstance(error, BaseException) else "callback failed")
