"""All accounts that there are, from everywhere: the configuration, the store, and the files of the vendors' own tools.

Reading may block on a disk. One account that can't be read does not hide the others: it is listed with its reason.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

import msgspec

from fastproxy.accounts.cooldown import Cooldown, Ended, News, Window
from fastproxy.accounts.linked import Linked
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.renewal import SKEW_SECONDS, YOUNG_SECONDS
from fastproxy.accounts.sources import facts_of
from fastproxy.accounts.sources.tokens import fingerprint, identity
from fastproxy.accounts.store import AccountStore
from fastproxy.accounts.stored import StoredAccount
from fastproxy.clock import wall
from fastproxy.providers import echo
from fastproxy.providers.base import Provider
from fastproxy.snapshot import Account, Snapshot

ENDED_CAUSE = "its token has ended, and it has no refresh token: log in again"
MAX_TOLD = 1024  # logins of which something is remembered that their vendor was asked for


@dataclass(frozen=True)
class Stock:
    """What was read. accounts: provider -> its accounts in order, also those that can't be used.

    disabled: id of an account that can't be used -> why. told: id of an account -> what its vendor was asked for.
    lacking: ids of logins whose backend wants to know more of them than is known.
    """

    accounts: Mapping[str, tuple[Account, ...]] = field(default_factory=dict)
    stored: tuple[StoredAccount, ...] = ()
    logins: Mapping[str, Login] = field(default_factory=dict)
    disabled: Mapping[str, str] = field(default_factory=dict)
    cooldowns: tuple[Cooldown, ...] = ()
    windows: tuple[Window, ...] = ()
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lacking: frozenset[str] = frozenset()

    @cached_property
    def renewable(self) -> tuple[Account, ...]:
        """Logins that can be renewed and have not been refused for good."""
        return tuple(
            account
            for accounts in self.accounts.values()
            for account in accounts
            if account.kind == "login" and account.id not in self.disabled and self._has_refresh(account.id)
        )

    @cached_property
    def only(self) -> Mapping[str, Account]:
        """Provider -> its only account, where that is a key that can be used."""
        return {
            name: accounts[0]
            for name, accounts in self.accounts.items()
            if len(accounts) == 1 and accounts[0].kind == "key" and accounts[0].id not in self.disabled
        }

    @cached_property
    def renewable_ids(self) -> frozenset[str]:
        return frozenset(account.id for account in self.renewable)

    @cached_property
    def final_ids(self) -> frozenset[str]:
        """Stored secrets in use that nobody can renew: they have no refresh token."""
        return frozenset(id_ for id_, login in self.logins.items() if login.refresh is None).difference(self.disabled)

    @cached_property
    def linked_ids(self) -> frozenset[str]:
        """Accounts whose login a file of their vendor's tool owns."""
        return frozenset(account.id for account in self.stored if account.source)

    @cached_property
    def _ending(self) -> Mapping[str, float]:
        """Logins that nobody can renew -> when their token ends, but for those that are disabled for another reason."""
        return {
            id_: login.expires_at
            for id_, login in self.logins.items()
            if login.refresh is None
            and login.expires_at is not None
            and self.disabled.get(id_, ENDED_CAUSE) == ENDED_CAUSE
        }

    def is_outdated(self, now: float) -> bool:
        """Whether a login has ended since, or has not after all: the clock was set. Cost: 0.2 us for each of those."""
        return any((ends_at <= now) != (id_ in self.disabled) for id_, ends_at in self._ending.items())

    def due(self, now: float, lead_seconds: float) -> Iterator[Account]:
        """Every login that can be renewed and whose token ends within the lead; a young one, when it ends shortly."""
        for account in self.renewable:
            lead = SKEW_SECONDS if self.is_young(account.id, now) else lead_seconds
            if account.expires_at is not None and account.expires_at - now <= lead:
                yield account

    def is_young(self, account_id: str, now: float) -> bool:
        """Whether its token has just been made. One of the future was made by a clock that was wrong."""
        minted_at = self.minted_at.get(account_id)
        return minted_at is not None and 0 <= now - minted_at < YOUNG_SECONDS

    def current(self, account: Account) -> Account:
        """The account as it is now; as it was where it is there no more."""
        members = self.accounts.get(account.provider, ())
        return next((one for one in members if one.id == account.id), account)

    @cached_property
    def minted_at(self) -> Mapping[str, float]:
        """Id of a login -> when its token was made."""
        return {id_: login.minted_at for id_, login in self.logins.items() if login.minted_at is not None}

    def under(self, snapshot: Snapshot) -> "Stock":
        """The same store beside another configuration."""
        accounts = _merged(snapshot, self.stored, self.logins, self.told)
        return replace(self, accounts=accounts, lacking=_lacking(snapshot, accounts))

    def within(self, snapshot: Snapshot) -> Snapshot:
        """The configuration with every account that can be used, and the providers that these make usable."""
        usable = {
            name: tuple(account for account in accounts if account.id not in self.disabled)
            for name, accounts in self.accounts.items()
        }
        opened = {name: provider for name, provider in snapshot.keyless.items() if usable.get(name)}
        if not opened:
            return msgspec.structs.replace(snapshot, accounts=usable)
        here = {name: one for name, one in snapshot.providers.items() if one.local or one is echo.PROVIDER}
        hosts = {name: one for name, one in snapshot.providers.items() if name not in here}
        return msgspec.structs.replace(
            snapshot,
            accounts=usable,
            providers={**hosts, **opened, **here},
            unusable={name: reason for name, reason in snapshot.unusable.items() if name not in opened},
            keyless={name: provider for name, provider in snapshot.keyless.items() if name not in opened},
        )

    def _has_refresh(self, account_id: str) -> bool:
        login = self.logins.get(account_id)
        return login is not None and login.refresh is not None


class Inventory:
    """The accounts of one state directory. links: the vendors' files that are watched, by account id."""

    def __init__(self, directory: Path, store: AccountStore) -> None:
        self._directory = directory
        self.store = store
        self._links: dict[str, Linked] = {}
        self._resets: Mapping[str, int] | None = None
        self._told: Mapping[str, Mapping[str, str]] = {}  # by identity of the login: another one has other facts

    def exchange(self, news: Iterable[News], snapshot: Snapshot) -> Stock:
        """Write what the pool has learned, then read everything as it is. Raises: AccountError when the store can't."""
        self.write(news)
        stored = self.store.accounts()
        cooldowns, windows = self.store.cooldowns(), self.store.windows()
        logins: dict[str, Login] = {}
        disabled: dict[str, str] = {}
        now = wall()
        for account in stored:
            try:
                login = logins[account.id] = self.login(account)
                if account.disabled and not self._is_back(account, login):
                    disabled[account.id] = account.disabled
                elif has_ended(login, now):
                    disabled[account.id] = ENDED_CAUSE
            except AccountError as error:
                disabled[account.id] = account.disabled or str(error)
        linked = {account.id for account in stored if account.source}  # also one that can't be read: it may come back
        self._links = {id_: link for id_, link in self._links.items() if id_ in linked}
        told = self._told_of(logins)
        accounts = _merged(snapshot, stored, logins, told)
        return Stock(accounts, stored, logins, disabled, cooldowns, windows, told, _lacking(snapshot, accounts))

    def _told_of(self, logins: Mapping[str, Login]) -> Mapping[str, Mapping[str, str]]:
        if not self._told:
            return {}
        return {id_: facts for id_, login in logins.items() if (facts := self._told.get(identity(login)))}

    def tell(self, login: Login, facts: Mapping[str, str]) -> None:
        """Remember what a vendor told of a login, for as long as this process runs."""
        self._told = dict([*self._told.items(), (identity(login), facts)][-MAX_TOLD:])

    def write(self, news: Iterable[News]) -> None:
        """Keep what the pool has learned. What was learned before somebody reset an account is no news any more.

        Raises: AccountError.
        """
        news = tuple(news)
        resets = self.store.resets()
        before = resets if self._resets is None else self._resets
        reset = {account for account, times in resets.items() if times != before.get(account, 0)}
        if news:
            self.store.end([one.cooldown for one in news if isinstance(one, Ended)])
            self.store.cool([c for c in _lasting(news) if not {"", c.account} & reset])
            self.store.see([one for one in news if isinstance(one, Window)])
        self._resets = resets

    def _is_back(self, account: StoredAccount, login: Login) -> bool:
        """Whether the vendor's tool has another login than the one that was disabled: it is used again then.

        By what it is and not by when it was written: clocks are set, and the row is changed for other reasons too.
        """
        if not account.source or fingerprint(login) == account.refused:
            return False
        self.store.enable(account.id)
        return True

    def login(self, account: StoredAccount) -> Login:
        """The login of one account, from where it is kept. Raises: AccountError."""
        if not account.source:
            return self.store.login(account.id)
        return self.linked(account).login()

    def linked(self, account: StoredAccount) -> Linked:
        """The vendor's file that owns an account."""
        link = self._links.get(account.id)
        if link is None or link.source != account.source:  # removed, and imported from elsewhere
            link = self._links[account.id] = Linked(account.source, self._directory, self.store.cipher)
        return link

    def changed(self) -> bool:
        """Whether others have written since the last read. Cost: one or two stats for each place."""
        links = tuple(self._links.values())  # a thread that reads may add one meanwhile
        return self.store.changed() or any(link.changed() for link in links)


def has_ended(login: Login, now: float) -> bool:
    """Whether nobody can use a login any more, nor renew it."""
    return login.refresh is None and login.expires_at is not None and login.expires_at <= now


def _lasting(news: Iterable[News]) -> Iterator[Cooldown]:
    """The cooldowns of which no later news says that they have ended: what has ended is written first."""
    lasting: dict[tuple[str, str], list[Cooldown]] = {}
    for one in news:
        if isinstance(one, Cooldown):
            lasting.setdefault((one.account, one.scope), []).append(one)
        elif isinstance(one, Ended):
            lasting.pop((one.cooldown.account, one.cooldown.scope), None)
    return chain.from_iterable(lasting.values())


def _merged(
    snapshot: Snapshot,
    stored: tuple[StoredAccount, ...],
    logins: Mapping[str, Login],
    told: Mapping[str, Mapping[str, str]],
) -> dict[str, tuple[Account, ...]]:
    merged = {name: list(accounts) for name, accounts in snapshot.accounts.items()}
    taken = {account.id for accounts in merged.values() for account in accounts}
    for account in stored:
        if account.id in taken:  # what is configured counts more than what was added
            continue
        record = _record(snapshot, account.provider)
        known = {**(record.facts if record is not None else {}), **told.get(account.id, {})}
        added = _account(account, logins.get(account.id), known)
        merged.setdefault(account.provider, []).append(added)
    return {name: tuple(sorted(accounts, key=_position)) for name, accounts in merged.items()}


def _position(account: Account) -> int:
    return account.position


def _lacking(snapshot: Snapshot, accounts: Mapping[str, tuple[Account, ...]]) -> frozenset[str]:
    return frozenset(
        account.id
        for name, members in accounts.items()
        if (record := _record(snapshot, name)) is not None and record.fact_variables
        for account in members
        if account.kind == "login" and any(fact not in account.facts for fact, _ in record.fact_variables)
    )


def _record(snapshot: Snapshot, provider: str) -> Provider | None:
    return snapshot.providers.get(provider) or snapshot.keyless.get(provider)


def _account(stored: StoredAccount, login: Login | None, known: Mapping[str, str]) -> Account:
    """known: facts that count where the login does not tell them itself."""
    bare = Account(
        provider=stored.provider,
        id=stored.id,
        kind=stored.kind,
        label=stored.label,
        weight=stored.weight,
        position=stored.position,
        serves=stored.serves,
    )
    if login is None:
        return bare
    ended = 0.0 if not login.access.reveal() else login.expires_at  # nothing but a token to get one with
    facts = {**known, **facts_of(stored.provider, login)}
    return msgspec.structs.replace(bare, secret=login.access, expires_at=ended, facts=facts)
