"""Whether each provider can be reached and takes our credential: one request for its model list, asked live.

For `fastproxy doctor` alone; costs no tokens. Must never follow a redirect, and never repeat a credential or a body.
"""

import asyncio
import errno
import os
from collections.abc import Mapping

import aiohttp
import msgspec
from yarl import URL

from fastproxy import __version__
from fastproxy.clock import monotonic
from fastproxy.errors import Header
from fastproxy.formats.base import FormatName
from fastproxy.providers import echo
from fastproxy.providers.base import Provider
from fastproxy.providers.shape import base_url_of, credential_for, login_headers
from fastproxy.snapshot import Account, Snapshot
from fastproxy.upstream.proxies import proxy_for

LIMIT_SECONDS = 5.0

LIST_PATHS: Mapping[FormatName, str] = {
    "openai-chat": "/models",
    "openai-responses": "/models",
    "anthropic": "/v1/models",
    "gemini": "/v1beta/models",
}
_VERDICTS = {
    301: "answers with a redirect, which is never followed: correct base_url",
    302: "answers with a redirect, which is never followed: correct base_url",
    307: "answers with a redirect, which is never followed: correct base_url",
    308: "answers with a redirect, which is never followed: correct base_url",
    401: "refuses the key",
    403: "refuses the key, or this key may not list models",
    404: "answers, but has no model list there: check base_url",
    429: "takes the key, but its limit is reached for now",
}


class Reach(msgspec.Struct, frozen=True):
    """What one account of one provider got. works: a request may be expected to succeed. seconds: until the answer."""

    provider: str
    account: str
    works: bool
    says: str
    seconds: float


async def reach(snapshot: Snapshot) -> list[Reach]:
    """One finding for each account of each provider that has a model list, asked all at once. Never raises.

    Takes LIMIT_SECONDS at most. Left out: providers with auth = "client" and those that wait for a login, for which we
    have no credential to try, and the echo model, which answers in this process.
    """
    timeout = aiohttp.ClientTimeout(total=LIMIT_SECONDS)
    asked = [
        (provider, account)
        for provider in snapshot.providers.values()
        if provider.auth != "client" and provider is not echo.PROVIDER and not snapshot.waits_for_login(provider.name)
        for account in snapshot.accounts.get(provider.name) or (Account(provider.name, provider.name),)
    ]
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        return await asyncio.gather(*(_ask(session, snapshot, *one) for one in asked))


def own_headers(provider: Provider, account: Account) -> list[Header]:
    """What a request of ours carries of an account: its credential, and what its vendor wants beside a login."""
    lists = login_headers(provider, lambda _name: []) if account.kind == "login" else ()
    return [*credential_for(provider, account), *lists]


async def _ask(session: aiohttp.ClientSession, snapshot: Snapshot, provider: Provider, account: Account) -> Reach:
    format_ = next(iter(provider.formats))
    base_url = base_url_of(provider, format_, account.facts)
    headers = dict(provider.headers) | {"user-agent": f"fastproxy/{__version__}"}
    for name, value in own_headers(provider, account):
        headers[name.decode()] = value.decode()
    began = monotonic()
    try:
        url = URL(base_url.rstrip("/") + LIST_PATHS[format_])
        proxy, login = proxy_for(url, snapshot.upstream.proxy)
        to_proxy = {"proxy-authorization": login.encode()} if login is not None else None
        answer = await session.get(url, headers=headers, allow_redirects=False, proxy=proxy, proxy_headers=to_proxy)
        answer.close()
    except TimeoutError:
        says = f"does not answer within {LIMIT_SECONDS:g} seconds"
        return Reach(provider.name, account.id, works=False, says=says, seconds=monotonic() - began)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Reach(provider.name, account.id, works=False, says=_trouble(error), seconds=monotonic() - began)
    works = answer.status in (200, 429)
    verdict = _VERDICTS.get(answer.status, "works" if works else "answers with an error")
    says = verdict if answer.status == 200 else f"{verdict} ({answer.status})"
    return Reach(provider.name, account.id, works=works, says=says, seconds=monotonic() - began)


def _trouble(error: Exception) -> str:
    """Why there was no answer, from the kind of error alone: its text may hold a URL of a proxy with its password."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return "its certificate can't be verified"
        case aiohttp.ClientConnectorDNSError():
            return "its name can't be resolved"
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return "the proxy before it can't be used"
        case aiohttp.ClientConnectorError():
            return f"can't be reached: {os.strerror(error.os_error.errno or errno.EIO)}"
        case _:
            return f"gives no valid answer ({type(error).__name__})"
