"""One small request of our own on a connection of its own: a report or a probe. A cold path.

A credential goes out here, so: to a provider's configured address alone, never a redirect, no cookie, no netrc. Foreign
exceptions become Faults that say what was not reachable and nothing else.
"""

from typing import NamedTuple

import aiohttp
from yarl import URL

from fastproxy import __version__
from fastproxy.errors import Fault, Header
from fastproxy.upstream.proxies import Proxy, way_to

ANSWER_BYTES = 1048576
LIMIT_SECONDS = 10.0


class OwnRequest(NamedTuple):
    """What is asked. url: below the address of a configured provider. headers hold a secret."""

    method: str
    url: str
    headers: tuple[Header, ...]
    body: bytes = b""

    def __repr__(self) -> str:
        return f"OwnRequest({self.method} {self.url!r}, ...)"


class OwnAnswer(NamedTuple):
    """headers: by lower-case name."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


async def ask(request: OwnRequest, proxy: str) -> OwnAnswer:
    """The answer, whatever its status. proxy: as `[upstream] proxy`.

    Raises: Fault(unreachable, timeout, upstream_garbage). Takes LIMIT_SECONDS at most.
    """
    url = URL(request.url)
    way = way_to(url, proxy, in_clear=True)
    try:
        timeout = aiohttp.ClientTimeout(total=LIMIT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            return await exchange(session, request, url, way, ANSWER_BYTES)
    except TimeoutError:
        raise Fault("timeout", f"{url.host} did not answer within {LIMIT_SECONDS:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Fault("unreachable", f"{url.host} can't be asked: {type(error).__name__}") from None


async def exchange(
    session: aiohttp.ClientSession, request: OwnRequest, url: URL, way: Proxy, answer_bytes: int
) -> OwnAnswer:
    """The answer to a request that carries a credential. Raises: Fault(upstream_garbage), and what aiohttp raises."""
    before, login = way
    to_proxy = {"proxy-authorization": login.encode()} if login is not None else None
    headers = {name.decode(): value.decode() for name, value in request.headers}
    headers["user-agent"] = f"fastproxy/{__version__}"
    async with session.request(
        request.method,
        url,
        headers=headers,
        data=request.body or None,
        allow_redirects=False,
        proxy=before,
        proxy_headers=to_proxy,
    ) as response:
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > answer_bytes:
                raise Fault("upstream_garbage", f"{url.host} answered with more than {answer_bytes} bytes")
        heads = {
            name.lower().encode(): value.encode("utf-8", "surrogateescape") for name, value in response.headers.items()
        }
        return OwnAnswer(response.status, heads, bytes(body))
