"""Every account of one worker, kept alive: leased, renewed in time, its limits remembered, its news picked up.

The pool decides; this module brings it news and carries its decisions to disk. On the event loop it compares clocks and
stats files; whatever may wait for a disk runs in a thread, one errand at a time.
Never: a renewal in this process (see `renewal`: a process of its own can't be killed between the vendor's rotation and
our write), an account removed because a vendor said no.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from fastproxy.accounts.cooldown import Cooldown, Ended
from fastproxy.accounts.counts import Counts, count, summed
from fastproxy.accounts.facts import AskFacts, Facts, nobody_tells
from fastproxy.accounts.holders import FileHolder
from fastproxy.accounts.inventory import ENDED_CAUSE, Inventory, Stock
from fastproxy.accounts.limits import cooldowns_of, windows_of
from fastproxy.accounts.login import AccountError
from fastproxy.accounts.outbox import Outbox
from fastproxy.accounts.pool import Pool, Want
from fastproxy.accounts.renewal import SKEW_SECONDS, Renewed, digest
from fastproxy.accounts.reports import Report, ended_by
from fastproxy.accounts.sources.tokens import fingerprint
from fastproxy.accounts.under_way import UnderWay
from fastproxy.accounts.verdict import Verdict
from fastproxy.clock import monotonic, wall
from fastproxy.errors import Fault, place_of
from fastproxy.framing.http1 import ResponseHead
from fastproxy.providers.base import Provider
from fastproxy.snapshot import Account, Snapshot
from fastproxy.usage.tally import AccountCounts, Busy

logger = logging.getLogger(__name__)

RENEWALS = 4  # at once, of those that nobody waits for
PATIENCE_PAUSE_SECONDS = 0.1
LOOK_SECONDS = 5.0  # between two looks at the limit headers of one account's good answers
REPORT_LAG_SECONDS = 60.0  # vendors count late: a report that young does not answer a refusal
FINAL_CAUSE = "the vendor refused its token, and it has no refresh token: log in again"

Renew = Callable[[str, str], Awaitable[Renewed]]  # id of the account, SHA-256 of the token that was refused or ""


class Keeper:
    """One per worker. inventory: where accounts come from. renew: starts the process that renews one login.

    ask_facts: asks a vendor for what its backend wants to know of a login besides the token.
    lag_seconds: how much later than other workers this one renews what nobody waits for, and so finds it renewed.
    """

    def __init__(
        self,
        inventory: Inventory,
        snapshot: Snapshot,
        renew: Renew,
        ask_facts: AskFacts = nobody_tells,
        lag_seconds: float = 0.0,
    ) -> None:
        keeping = snapshot.keeping
        self.pool = Pool(pin_seconds=keeping.pin_seconds, pins=keeping.pins)
        self.counts = Counts({}, {}, {})
        self._inventory = inventory
        self._renew = renew
        self._lead_seconds = keeping.refresh_lead_seconds
        self._lag_seconds = lag_seconds
        self._snapshot = snapshot
        self._stock = Stock()
        self.renewals = UnderWay()
        self._looked_at: dict[str, float] = {}
        self._outbox = Outbox(self._begin_errand)
        self._ask_facts = ask_facts
        self._facts = Facts(self._asked)
        self._errand: asyncio.Task[None] | None = None
        self._syncing = asyncio.Lock()
        self._stale = False

    def start(self) -> None:
        """Read all there is. Blocking: before anything is served."""
        self._take(self._inventory.exchange((), self._snapshot), wall())

    def use(self, snapshot: Snapshot) -> None:
        """Go on with another configuration; what is stored is read again at the next tick."""
        self._snapshot = snapshot
        self._lead_seconds = snapshot.keeping.refresh_lead_seconds
        self.pool.limit_pins(snapshot.keeping.pin_seconds, snapshot.keeping.pins)
        self._stale = True
        self._stock = self._stock.under(snapshot)
        self._admit(self._stock)

    @property
    def stock(self) -> Stock:
        """All accounts as they were read last."""
        return self._stock

    def reset(self, account_id: str | None) -> int:
        """End the rests of one account, or of all, for every process: how many. Blocking: for the command line."""
        self.pool.reset(account_id, wall())
        return self._inventory.store.reset(account_id)

    def numbers(self) -> AccountCounts:
        """What there is and what has happened since the start, for metrics. Cost: 1 us for each account."""
        return summed(self.counts, self.pool.states(wall()))

    def busy(self) -> dict[str, Busy]:
        """How each account is used here, by id. Cost: as Pool.standing."""
        return {one.account.id: Busy(one.in_flight, one.uses, one.pins) for one in self.pool.standing(wall())}

    def whole(self, snapshot: Snapshot) -> Snapshot:
        """A configuration with all accounts that can be used."""
        return self._stock.within(snapshot)

    # For requests: all of it at once, but for a renewal that has to be waited for.

    def several(self, provider: str) -> bool:
        """Whether there is a choice of accounts."""
        return len(self._stock.accounts.get(provider, ())) > 1

    def only(self, provider: str) -> Account | None:
        """The one account that there is, where it is a key; None where there is something to choose or to renew."""
        return self._stock.only.get(provider)

    def lease(self, want: Want, now: float) -> Account:
        """Who is to serve a request. Raises: Fault(no_credential, rate_limited)."""
        return self.pool.lease(want, now)

    async def any_fresh(self, provider: Provider) -> Account:
        """An account for a question of our own, which anybody may ask. Raises: Fault, as `lease` and `unready`."""
        account = self.lease(Want(provider, ""), wall())
        fresh = await self.fresh(account)
        if fresh is None:
            raise self.unready(account)
        return fresh

    async def fresh(self, account: Account, wait_seconds: float | None = None) -> Account | None:
        """The account with a token that lasts; None when there is none to be had. Costs nothing while it is fresh.

        wait_seconds: for all that it takes (a renewal, what its backend wants to know of it), which goes on all the
        same; None: to its end.
        """
        began = monotonic()
        if account.expires_at is not None and account.expires_at - wall() <= SKEW_SECONDS:
            if self._may_renew(account.id):
                await asyncio.wait({self._begin_renewal(account, "")}, timeout=wait_seconds)
            account = self._stock.current(account)
            if account.expires_at is not None and account.expires_at <= wall():
                return None
        if account.id not in self._stock.lacking:
            return account
        return await self._completed(account, wait_seconds and max(0.0, wait_seconds - (monotonic() - began)))

    async def _completed(self, account: Account, wait_seconds: float | None) -> Account | None:
        """The account with what its backend wants to know of it besides; without it where nobody tells.

        None where nobody has told it yet.
        """
        facts = await self._facts.of(account, wait_seconds)
        return None if facts is None else self._stock.current(account)

    async def _asked(self, account: Account) -> Mapping[str, str]:
        """What a backend wants to know, remembered also where nobody waits for it any more. Raises: Fault."""
        login = self._stock.logins.get(account.id)  # the one that is asked about; it may be another in the end
        facts = await self._ask_facts(account) if login is not None else {}
        if login is not None and facts:
            self._inventory.tell(login, facts)
            self._stale = True
            await self._look()
        return facts

    def is_renewing(self, account_id: str) -> bool:
        """Whether what `fresh` waits for is under way here: a renewal, or an answer of its backend."""
        return self.renewals.has(account_id) or self._facts.is_asking(account_id)

    def unready(self, account: Account) -> Fault:
        """Why `fresh` has none, for the client."""
        if account.id in self._stock.final_ids:
            remedy = f"type `fastproxy account login {account.provider}`"
            return Fault("no_credential", f"{account.id}: {ENDED_CAUSE}: {remedy}")
        wait_seconds = self.renewals.left_seconds(account.id)
        again = f"; next try in {wait_seconds:.0f} s" if wait_seconds is not None else ""
        message = f"the login of {account.id} has ended and can't be renewed just now{again}"
        return Fault("no_credential", message, retry_after_seconds=wait_seconds)

    async def renewed(
        self, account: Account, *, mint: bool = True, wait_seconds: float | None = None
    ) -> Account | None:
        """The account with another token than the one that was just refused; None when there is none to be had.

        mint: whether the vendor may be asked for one; else it must be there already. wait_seconds: as for `fresh`.
        """
        current = self._stock.current(account)
        if current.secret != account.secret:  # somebody else has renewed it meanwhile
            return current
        if account.kind != "login" or account.secret is None:
            return None
        if account.id in self._stock.final_ids:
            replaced = await self._replaced(account)
            if replaced is None:
                await self._end(account)
            return replaced
        if not self._may_renew(account.id):
            return None
        if not mint or self._stock.is_young(account.id, wall()):
            return await self._replaced(account)
        await asyncio.wait({self._begin_renewal(account, digest(account.secret.reveal()))}, timeout=wait_seconds)
        current = self._stock.current(account)
        return current if current.secret != account.secret else None

    async def _replaced(self, account: Account) -> Account | None:
        """The account with a token that somebody else has made: a vendor's tool may be about to write it down."""
        give_up_at = monotonic() + (FileHolder.patience_seconds if account.id in self._stock.linked_ids else 0.0)
        while True:
            await self._look()  # the last one may be a second old
            current = self._stock.current(account)
            if current.secret != account.secret:
                return current
            if monotonic() >= give_up_at:
                return None
            await asyncio.sleep(PATIENCE_PAUSE_SECONDS)

    async def _end(self, account: Account) -> None:
        """Disable a login that was refused and that nobody can renew, until there is another one."""
        version = next((one.version for one in self._stock.stored if one.id == account.id), None)
        login = self._stock.logins.get(account.id)
        if version is None or login is None:  # it has been removed meanwhile
            return
        disable = self._inventory.store.disable
        try:
            await asyncio.to_thread(disable, account.id, FINAL_CAUSE, version, fingerprint(login))
        except AccountError as error:
            logger.warning("%s: not disabled: %s", account.id, error)
        finally:  # also when the client goes away: what we write ourselves is no news of others
            self._stale = True
        await self._look()

    def learned(self, account: Account, session: str, verdict: Verdict) -> None:
        """An upstream has refused an account."""
        count(self.counts.steps, (account.provider, verdict.step))
        if not verdict.cooldowns:
            logger.debug("%s: %s", account.id, verdict.cause)
        self._cool(verdict.cooldowns)
        if verdict.hard:
            self.pool.unpin(account.provider, session, account.id)

    def saw(self, account: Account, head: ResponseHead) -> None:
        """What an answer's headers tell of the account's limits; of good answers now and then."""
        at = monotonic()
        if head.status < 400 and at - self._looked_at.get(account.id, -LOOK_SECONDS) < LOOK_SECONDS:
            return
        self._looked_at[account.id] = at
        now = wall()
        windows = windows_of(account.id, head.get, now)
        if windows:
            self._outbox.add(self.pool.see(windows))
            if account.kind == "login" or self.several(account.provider):  # the only key is asked in any case
                self._cool(cooldowns_of(windows, now))

    def reported(self, report: Report) -> None:
        """What a vendor has just told of an account's quotas; a rest that it proves wrong is over."""
        self._outbox.add(self.pool.see(report.windows))
        wrong = ended_by(report, self.pool.cooldowns(report.account, wall()))
        for cooldown in self.pool.end(wrong, report.fetched_at - REPORT_LAG_SECONDS):
            logger.info("%s: usable again, as its vendor's report shows: %s", report.account, cooldown.cause)
            self._outbox.add((Ended(cooldown),))

    def served(self, want: Want, account: Account) -> None:
        """An account has begun to answer well: the conversation is at home there, and what was only guessed is over."""
        for cooldown in self.pool.served(want, account.id, wall()):
            self._outbox.add((Ended(cooldown),))

    def last_of(self, provider: str, session: str) -> str:
        """The account that answered this conversation last; "" if that is not known."""
        return self.pool.last_of(provider, session)

    # For the worker.

    def tick(self) -> None:
        """Once a second: news are read, decisions written, and tokens renewed before they end."""
        self.pool.observe(wall())
        for account in self._due():
            if len(self.renewals) >= RENEWALS:
                break
            self._begin_renewal(account, "")
        if self._errand is None or self._errand.done():
            self._stale = self._inventory.changed() or self._stale or self._stock.is_outdated(wall())
            if self._stale or self._outbox:
                self._begin_errand()

    async def close(self) -> None:
        """Write what is not yet written. A renewal that runs goes on by itself."""
        self._outbox.close()
        self._facts.close()
        self.renewals.close()
        if self._errand is not None:
            await asyncio.wait({self._errand})
        await self._sync()
        self._inventory.store.close()

    # Renewals.

    def _due(self) -> list[Account]:
        """Every login whose token ends soon, whatever else is known of it: also idle and cooling ones."""
        lead_seconds = self._lead_seconds - min(self._lag_seconds, self._lead_seconds / 2)
        return [account for account in self._stock.due(wall(), lead_seconds) if self._may_renew(account.id)]

    def _may_renew(self, account_id: str) -> bool:
        return account_id in self._stock.renewable_ids and self.renewals.may_begin(account_id)

    def _begin_renewal(self, account: Account, used: str) -> "asyncio.Task[Renewed]":
        """The one renewal of an account; a caller that goes away must not end it for the others."""
        return self.renewals.begin(account.id, lambda: self._run_renewal(account, used))

    async def _run_renewal(self, account: Account, used: str) -> Renewed:
        await self._look()  # the last one may be a second old, and it costs less than a process
        if self._stock.current(account).secret != account.secret:
            result = Renewed("adopted", "somebody else has renewed it")
        else:
            result = await self._renew(account.id, used)
        count(self.counts.renewals, (account.provider, result.outcome))
        self.renewals.note(account.id, result)
        self._stale = True
        await self._look()
        if result.outcome != "failed" and self._is_due_still(account):
            self.renewals.pause(account.id)
        return result

    def _is_due_still(self, account: Account) -> bool:
        current = self._stock.current(account)
        return current.expires_at is not None and current.expires_at <= wall() + min(self._lead_seconds, SKEW_SECONDS)

    # To and from the disk.

    def _begin_errand(self) -> bool:
        """Have `_sync` run; False while it runs already, with what it took."""
        if self._errand is not None and not self._errand.done():
            return False
        self._errand = asyncio.get_running_loop().create_task(self._sync())
        return True

    async def _look(self) -> None:
        """Read what others have written by now. Whoever goes away while it is read does not end it for all."""
        if self._errand is not None:
            await asyncio.shield(self._errand)  # it may have read before they wrote
        self._stale = self._inventory.changed() or self._stale
        if self._stale:
            self._begin_errand()
        if self._errand is not None:
            await asyncio.shield(self._errand)

    async def _sync(self) -> None:
        """Write what is new, then read what others have written.

        In this order, or the pool would take its own news for reset.
        """
        async with self._syncing:
            unsaved = self._outbox.take()
            stale, self._stale = self._stale, False
            read_at = wall()
            try:
                if stale:
                    self._take(await asyncio.to_thread(self._inventory.exchange, unsaved, self._snapshot), read_at)
                else:
                    await asyncio.to_thread(self._inventory.write, unsaved)
            except Exception as error:  # noqa: BLE001 - a disk that fails must not end the keeping of accounts
                logger.warning(
                    "accounts not saved or read: %s", error if isinstance(error, AccountError) else place_of(error)
                )
                self._outbox.put_back(unsaved)
                self._stale = stale

    def _take(self, stock: Stock, read_at: float) -> None:
        for id_, cause in stock.disabled.items():
            if self._stock.disabled.get(id_) != cause:
                logger.error("%s can't be used: %s", id_, cause)
        before, self._stock = self._stock, stock
        if (stock.accounts, stock.disabled) != (before.accounts, before.disabled):
            self._admit(stock)
        self.pool.restore(stock.cooldowns, stock.windows, read_at, wall())

    def _admit(self, stock: Stock) -> None:
        """Let these accounts serve. What rested because its secret was refused, and has another one now, is asked."""
        self._outbox.add(Ended(cooldown) for cooldown in self.pool.replace(stock.accounts, stock.disabled))

    def _cool(self, cooldowns: tuple[Cooldown, ...]) -> None:
        """Let accounts rest. A storm of refusals is told once: when a rest begins, and when it has another cause."""
        now = wall()
        known = {
            (rest.account, rest.scope, rest.cause)
            for account in {cooldown.account for cooldown in cooldowns}
            for rest in self.pool.cooldowns(account, now)
        }
        changed = self.pool.cool(cooldowns, now)
        for cooldown in changed:
            provider = cooldown.account.partition(":")[0]
            count(self.counts.cooldowns, provider)
            if (cooldown.account, cooldown.scope, cooldown.cause) not in known:
                logger.warning("%s: %s", cooldown.account, cooldown.cause)
        self._outbox.send(changed)
