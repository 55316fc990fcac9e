"""Which models each provider says it has: a bounded cache of live model lists, asked for when somebody needs them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import aiohttp
import orjson
from yarl import URL

from fastproxy import __version__
from fastproxy.clock import monotonic
from fastproxy.errors import Fault
from fastproxy.providers.base import Provider
from fastproxy.providers.shape import base_url_of, credential_for
from fastproxy.snapshot import Account, Snapshot
from fastproxy.upstream.proxies import proxy_for

logger = logging.getLogger(__name__)

FRESH_SECONDS = 600.0
RETRY_SECONDS = 30.0  # how soon an unknown model, or a host that failed, may cause another look
LOOK_SECONDS = 4.0  # the longest a caller waits for model lists; slower hosts are known next time
MODELS_PER_PROVIDER = 2000
LIST_BYTES = 4194304

Lease = Callable[[Provider], Awaitable[Account]]
"""Which account asks a provider. Raises: Fault when none can."""


class Catalog:
    """Model ids by provider. `models` is replaced whole, never changed in place; `generation` tells when."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self.models: Mapping[str, tuple[str, ...]] = MappingProxyType({})
        self.generation = 0
        self._looked_at: dict[str, float] = {}
        self._looking: asyncio.Task[None] | None = None

    async def refresh(self, snapshot: Snapshot) -> bool:
        """Ask every provider whose list is stale, all at once, one look at a time. True if anything was asked."""
        if self._looking is None or self._looking.done():
            due = [provider for provider in snapshot.providers.values() if self._is_due(provider)]
            if not due:
                return False
            self._looking = asyncio.create_task(self._look(due, snapshot))
        await asyncio.wait({self._looking}, timeout=LOOK_SECONDS)
        return True

    async def close(self) -> None:
        """Stop a running look."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    def _is_due(self, provider: Provider) -> bool:
        if not provider.discover or "openai-chat" not in provider.formats:
            return False
        looked_at = self._looked_at.get(provider.name)
        rest = FRESH_SECONDS if provider.name in self.models else RETRY_SECONDS
        return looked_at is None or monotonic() - looked_at > rest

    async def _look(self, due: list[Provider], snapshot: Snapshot) -> None:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            lists = await asyncio.gather(*(self._list(session, provider, snapshot) for provider in due))
        found = dict(self.models)
        for provider, ids in zip(due, lists, strict=True):
            self._looked_at[provider.name] = monotonic()
            if ids is not None:
                found[provider.name] = ids
        self.generation += 1
        self.models = MappingProxyType({name: ids for name, ids in found.items() if name in snapshot.providers})

    async def _list(
        self, session: aiohttp.ClientSession, provider: Provider, snapshot: Snapshot
    ) -> tuple[str, ...] | None:
        """What one provider lists; None when it can't be asked, or not in LOOK_SECONDS."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):  # a login may have to be renewed first
                account = await self._lease(provider)
                return await _listed(session, provider, account, snapshot.upstream.proxy)
        except (aiohttp.ClientError, OSError, TimeoutError, Fault, orjson.JSONDecodeError) as error:
            logger.debug("no model list from %s: %s", provider.name, type(error).__name__)
            return None


async def _listed(
    session: aiohttp.ClientSession, provider: Provider, account: Account, setting: str
) -> tuple[str, ...] | None:
    """The ids that an OpenAI-compatible host lists, at most MODELS_PER_PROVIDER; None where it refuses.

    setting: as `[upstream] proxy`. Raises: aiohttp.ClientError, OSError, TimeoutError; JSONDecodeError for no list.
    """
    headers = dict(provider.headers)
    for name, value in credential_for(provider, account):
        headers[name.decode()] = value.decode()
    headers["user-agent"] = f"fastproxy/{__version__}"
    url = URL(base_url_of(provider, "openai-chat", account.facts).rstrip("/") + "/models")
    proxy, login = proxy_for(url, setting)
    to_proxy = {"proxy-authorization": login.encode()} if login is not None else None
    async with session.get(
        url, headers=headers, allow_redirects=False, proxy=proxy, proxy_headers=to_proxy
    ) as response:
        if response.status != 200:
            return None
        body = await response.content.read(LIST_BYTES)
        while not response.content.at_eof() and len(body) < LIST_BYTES:
            body += await response.content.read(LIST_BYTES - len(body))
    return _ids(orjson.loads(body))


def _ids(listed: object) -> tuple[str, ...]:
    """Ids from `{"data": [{"id"}]}`, or a bare list as Together answers."""
    rows = listed.get("data") if isinstance(listed, dict) else listed
    if not isinstance(rows, list):
        return ()
    found = (row.get("id") for row in rows if isinstance(row, dict))
    ids = (id_.removeprefix("models/") for id_ in found if isinstance(id_, str) and id_)
    return tuple(dict.fromkeys(ids))[:MODELS_PER_PROVIDER]
