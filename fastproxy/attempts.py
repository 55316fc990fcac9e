"""One request's search for an answer among the accounts of one provider: who is asked, and who next after a refusal.

    401 -> renew the login, once -> the same account again
    usage limit, 402, 403        -> the next account, this one rests
    429, 5xx                     -> another account for this request only

Nothing has reached the client yet, so every step is safe; none asks with a bearer that was refused. Ends with the first
answer that is the request's own, or with the last refusal as it came. Never: a retry after the first output event.
"""

import logging
import re
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import NamedTuple

from fastproxy.accounts.keeper import Keeper
from fastproxy.accounts.pool import Want
from fastproxy.accounts.verdict import Step, Verdict, judge, refused
from fastproxy.answering import Answering, dropped_value, without_secret
from fastproxy.asked import Asked
from fastproxy.clock import monotonic, wall
from fastproxy.errors import STATUS, Fault
from fastproxy.formats import BY_NAME
from fastproxy.framing.http1 import ResponseHead
from fastproxy.outgoing import outgoing
from fastproxy.prelude import PRELUDE_BYTES, REFUSAL_BYTES, Prelude, enough_of, failure_in, nothing_is_enough
from fastproxy.routing import Route
from fastproxy.sessions import PARENT_HEADERS, first_words, named
from fastproxy.snapshot import Account
from fastproxy.translate.memory import Memories
from fastproxy.translating import Translating
from fastproxy.upstream.exchange import DeadConnection, Exchange
from fastproxy.upstream.pool import Pool

logger = logging.getLogger(__name__)

LATE_SECONDS = 3.0  # how long a request waits for renewals as long as another account may serve it
_ACCOUNT = b"x-fastproxy-account"


class Got(NamedTuple):
    """An upstream's answer, not yet relayed. step: what it would have meant for another account; see Verdict."""

    upstream: Exchange
    answering: Answering | Translating
    account: Account
    head: ResponseHead
    step: Step = "serve"


@dataclass(slots=True)
class Search:
    """What one request has tried.

    previous: the account that answered this conversation last. started_at: monotonic seconds. renewed: ids of logins
    whose token has been renewed for this request. again: the renewed account, which is asked next. last: the answer of
    the latest attempt; broken: why there is none, or none that is whole. unready: why an account could not be asked.
    late: accounts whose renewals took too long to be waited for while others could serve.
    waits: whether one was refused for now only; nobody: why nobody else can be asked.
    """

    want: Want
    previous: str
    started_at: float
    attempts: int = 0
    renewed: set[str] = field(default_factory=set)
    again: Account | None = None
    last: Got | None = None
    broken: Fault | None = None
    unready: Fault | None = None
    late: dict[str, Account] = field(default_factory=dict)
    waits: bool = False
    nobody: Fault | None = None

    def let_go(self) -> None:
        """Nobody will hear the latest answer."""
        if self.last is not None:
            self.last.upstream.close()
        self.last = self.broken = None

    def ending(self, wait_seconds: float | None) -> Got:
        """What the client hears: the last answer. Raises: Fault when that broke off, or would mislead.

        A client that hears of a wrong key logs out, although waiting would help; one that hears of a wait gives up,
        although another account is back sooner. wait_seconds: what the last answer asks for.
        """
        if self.broken is not None:
            raise self.broken
        assert self.last is not None  # noqa: S101 - `_next` raises when nobody has been asked
        if self.nobody is not None:
            back_seconds, status = self.nobody.retry_after_seconds, self.last.head.status
            is_longer = wait_seconds is not None and back_seconds is not None and back_seconds + 1 < wait_seconds
            if (self.waits and status in _NOT_FOR_NOW) or (status == 429 and is_longer):
                raise self.nobody
        return self.last

    def pass_over(self, account: Account) -> None:
        """Never ask this one again for this request."""
        self.want = self.want._replace(tried=self.want.tried | {account.id})


@dataclass(slots=True)
class Attempts:
    """Made once. pool: of connections; rebound by a reload."""

    pool: Pool
    keeper: Keeper
    memories: Memories = field(default_factory=Memories)

    def answer(self, asked: Asked, route: Route, *, elsewhere: bool) -> Coroutine[object, object, Got]:
        """The answer of one of the provider's accounts, to be awaited. elsewhere: whether another provider stands by.

        Raises: Fault(no_credential, rate_limited) when no account can be asked; of the upstream, when it is not
        reached.
        """
        only = None if elsewhere else self.keeper.only(route.provider.name)
        if only is None or asked.client.account or _ACCOUNT in asked.head.names.first:
            return self._search(asked, route)
        return self._ask_only(asked, route, only)

    async def _search(self, asked: Asked, route: Route) -> Got:
        """The first answer that is the request's own, else the last refusal."""
        keeping = asked.view.snapshot.keeping
        search = self._begin(asked, route)
        try:
            while (account := await self._next(asked, search)) is not None:
                search.let_go()
                search.attempts += 1
                asked.moved = asked.moved or search.previous not in ("", account.id)
                verdict = await self._attempt(asked, route, search, account)
                if verdict.step == "serve":
                    if search.last is not None and search.last.head.status < 400:
                        self.keeper.served(search.want, account)
                    break
                await self._learn(search, account, verdict)
                spent = monotonic() - search.started_at >= keeping.retry_seconds
                if (spent and search.again is None) or search.attempts >= keeping.attempts:
                    break
            return search.ending(asked.retry_after_seconds)
        except BaseException:
            search.let_go()
            raise

    async def _attempt(self, asked: Asked, route: Route, search: Search, account: Account) -> Verdict:
        """Ask one account. One whose answer breaks off before its first word costs the request no more than a refusal.

        Raises: Fault for trouble that another account would be in as well.
        """
        try:
            search.last = got = await self._ask(asked, route, account)
            self.keeper.saw(account, got.head)
            verdict = await self._judge(asked, route, got)
        except Fault as fault:
            if fault.kind not in _BREAKS:
                raise
            search.broken = fault
            return _BROKEN
        search.last = got._replace(step=verdict.step)
        search.waits = search.waits or got.head.status not in _NOT_FOR_NOW
        return verdict

    async def _ask_only(self, asked: Asked, route: Route, account: Account) -> Got:
        """The answer of the only key that there is, whatever it says: nobody else could be asked, so it never rests."""
        self._begin_with(asked, account)
        got = await self._ask(asked, route, account)
        if got.head.status >= 400:
            try:
                verdict = await self._judged(asked, route, got)
            except BaseException:
                got.upstream.close()
                raise
            if verdict is _AGAIN:
                got.upstream.close()
                got = await self._ask(asked, route, account)
        self.keeper.saw(account, got.head)
        return got

    def _begin(self, asked: Asked, route: Route) -> Search:
        provider, session, parent, previous = route.provider, "", "", ""
        if self.keeper.several(provider.name):
            session = asked.record.session or first_words(asked.body, asked.format.name)
            parent = named(asked.head, PARENT_HEADERS)
            previous = self.keeper.last_of(provider.name, session)
        want = Want(provider, route.model, session, parent, _account_named(asked), asked.client.program)
        return Search(want, previous, monotonic())

    async def _next(self, asked: Asked, search: Search) -> Account | None:
        """Who is asked now; None when nobody is left and somebody has answered. Raises: Fault."""
        if search.again is not None:
            again, search.again = search.again, None
            return again
        while True:
            wait_seconds: float | None = _left_seconds(search)
            try:
                account = self._lease(asked, search.want)
            except Fault as fault:
                if not search.late:
                    if not search.attempts:
                        raise search.unready or fault from None
                    search.nobody = fault
                    return None
                account, wait_seconds = search.late.pop(await self.keeper.renewals.first_over(search.late)), None
                self._begin_with(asked, account)
            fresh = await self._ready(search, account, wait_seconds)
            if fresh is not None:
                return fresh
            if wait_seconds is not None and self.keeper.is_renewing(account.id):
                search.late[account.id] = account
            search.unready = self.keeper.unready(account)
            search.pass_over(account)

    async def _ready(self, search: Search, account: Account, wait_seconds: float | None) -> Account | None:
        """The account as it may be asked; None when it can't be, now or within `wait_seconds`."""
        if account.kind != "login":
            return account
        if account.id not in search.renewed:
            return await self.keeper.fresh(account, wait_seconds)
        again = await self.keeper.renewed(account)  # its token was refused: only another one will do
        if again is None:
            self._refused(search, account)
        return again

    def _refused(self, search: Search, account: Account) -> None:
        """The account was refused, and there is no other token for it."""
        search.waits = search.waits or self.keeper.unready(account).retry_after_seconds is not None
        self.keeper.learned(account, search.want.session, refused(account, wall()))

    def _lease(self, asked: Asked, want: Want) -> Account:
        """An account to ask, the one before given back. Raises: Fault."""
        account = self.keeper.lease(want, wall())
        self._begin_with(asked, account)
        return account

    def _begin_with(self, asked: Asked, account: Account) -> None:
        if asked.leased:
            self.keeper.pool.ended(asked.leased)
        self.keeper.pool.began(account.id)
        asked.leased = account.id

    async def _judge(self, asked: Asked, route: Route, got: Got) -> Verdict:
        """What the answer means for the account. A stream is held until it has begun to answer."""
        asked.retry_after_seconds = None  # of this answer, never of the one before
        if got.head.status >= 400:
            return await self._judged(asked, route, got)
        return await self._judge_stream(asked, route, got) if got.answering.streamed else _SERVE

    async def _judged(self, asked: Asked, route: Route, got: Got) -> Verdict:
        """The verdict on a refusal. Its body is read, and goes to the client all the same if it is served."""
        account, head = got.account, got.head
        try:
            body = await Prelude(got.upstream, nothing_is_enough, REFUSAL_BYTES).read()
        except Fault as fault:
            raise Fault(fault.kind, fault.message, status=head.status) from None  # what it had told counts most
        if head.status == 400 and not asked.moved and _STRANGE_STATE.search(body):
            asked.moved = True
            return _AGAIN
        verdict = judge(account, route.model, head.status, head.get, body, wall())
        asked.retry_after_seconds = _wait_of(verdict)
        return verdict

    async def _judge_stream(self, asked: Asked, route: Route, got: Got) -> Verdict:
        format_, limits = BY_NAME[route.format], asked.view.snapshot.limits
        held = await Prelude(got.upstream, enough_of(format_), PRELUDE_BYTES, limits.ping_seconds).read()
        failure = failure_in(format_, held, limits.sse_line_bytes) if len(held) < PRELUDE_BYTES else None
        if failure is None:
            return _SERVE
        verdict = judge(got.account, route.model, STATUS[failure.told.kind], got.head.get, failure.data, wall())
        asked.retry_after_seconds = _wait_of(verdict)
        return verdict

    async def _learn(self, search: Search, account: Account, verdict: Verdict) -> None:
        """Take the verdict to heart: the account rests or is renewed, and who is asked next follows from that."""
        if verdict is _AGAIN:
            search.again = account
            return
        if verdict.step == "renew":
            # A second refusal: its vendor's tool may have renewed it once more, but we don't.
            mint = account.id not in search.renewed
            search.renewed.add(account.id)
            search.again = await self.keeper.renewed(account, mint=mint, wait_seconds=_left_seconds(search))
            if search.again is not None:
                return
            search.pass_over(account)
            if self.keeper.is_renewing(account.id):
                search.late[account.id] = account
            else:
                self._refused(search, account)
            return
        self.keeper.learned(account, search.want.session, verdict)
        search.pass_over(account)

    async def _ask(self, asked: Asked, route: Route, account: Account) -> Got:
        """One account's answer. A pooled connection that proves dead is replaced once by a fresh one."""
        asked.record.account = account.id
        sent = outgoing(asked, route, account, self.memories)
        asked.dropped = sent.dropped
        if sent.dropped:
            logger.debug("not told to %s: %s", route.provider.name, dropped_value(sent.dropped).decode())
        started = monotonic()
        call, fresh = sent.call, False
        while True:
            upstream = await self.pool.open(call.origin, fresh=fresh)
            try:
                upstream.send(asked.head.method, call.target, call.lines, call.body)
                head = await upstream.head()
                break
            except DeadConnection:
                fresh = True
            except BaseException:
                upstream.close()
                raise
        asked.waited_seconds += upstream.answered_at - started
        head = without_secret(head, account)
        if sent.translated is None:
            return Got(upstream, Answering(asked, route, account, head), account, head)
        memory = self.memories.of(asked.caller())
        return Got(upstream, Translating(asked, route, account, head, sent.translated, memory), account, head)


_SERVE = Verdict("serve")
_BROKEN = Verdict("escape", cause="its answer broke off before it had begun")
_NOT_FOR_NOW = (401, 403)
_BREAKS = ("unreachable", "upstream_garbage")
_AGAIN = Verdict("renew", cause="the conversation holds state that this account can't read")
# What vendors say of a signature or of encrypted reasoning that was not made for the account.
_STRANGE_STATE = re.compile(
    rb"(?i)invalid .{0,4}signature.{0,4} in .{0,4}thinking|encrypted content .{0,80}could not be"
)


def _account_named(asked: Asked) -> str:
    """The only account that may serve, by the caller's token or its own word; "" for any."""
    return asked.client.account or named(asked.head, (_ACCOUNT,))


def _left_seconds(search: Search) -> float:
    """How long a renewal may be waited for before somebody else is asked."""
    return max(0.0, LATE_SECONDS - (monotonic() - search.started_at))


def _wait_of(verdict: Verdict) -> float | None:
    """How long the refusal asks to wait, where it does."""
    told = [cooldown.until_at for cooldown in verdict.cooldowns if cooldown.timed]
    return max(0.0, max(told) - wall()) if told else None
