"""Asks a vendor's token endpoint: one request, one answer, on a connection of its own. A cold path.

Tokens go out here, so: https or this machine, never a redirect, no cookie, no netrc. Foreign exceptions become Faults,
and no Fault says more than what was not reachable. The answer is waited for far longer than for a connection: a
refresh token may be spent from the moment it is sent, and giving up would lose what came for it.
"""

from collections.abc import Awaitable, Callable

import aiohttp
from yarl import URL

from fastproxy.accounts.grants import TokenAnswer, TokenRequest
from fastproxy.errors import Fault
from fastproxy.upstream.once import OwnRequest, exchange
from fastproxy.upstream.proxies import way_to

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
ANSWER_BYTES = 262144


def poster(proxy: str) -> Callable[[TokenRequest], Awaitable[TokenAnswer]]:
    """What posts a grant. proxy: as `[upstream] proxy`."""

    async def post(request: TokenRequest) -> TokenAnswer:
        return await ask(request, proxy)

    return post


async def ask(request: TokenRequest, proxy: str) -> TokenAnswer:
    """The answer, whatever its status. Raises: Fault(unreachable, timeout, upstream_garbage)."""
    url = URL(request.url)
    way = way_to(url, proxy)
    headers = tuple((name.encode(), value.encode()) for name, value in request.headers)
    own = OwnRequest(request.method, request.url, headers, request.body)
    timeout = aiohttp.ClientTimeout(total=CONNECT_SECONDS + ANSWER_SECONDS, connect=CONNECT_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            return TokenAnswer(*await exchange(session, own, url, way, ANSWER_BYTES))
    except aiohttp.ConnectionTimeoutError:
        raise Fault("timeout", f"{url.host} did not take a connection within {CONNECT_SECONDS:g} s") from None
    except TimeoutError:
        raise Fault("timeout", f"{url.host} did not answer within {ANSWER_SECONDS:g} s") from None
    except aiohttp.ClientConnectorError as error:
        raise Fault(
            "unreachable", f"{url.host} is not reachable: {error.os_error.strerror or 'no connection'}"
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Fault("unreachable", f"{url.host} broke off: {type(error).__name__}") from None
