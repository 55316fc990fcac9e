"""Connections to providers: aiohttp's connector is the pool (DNS, TLS, proxies, keep-alive), the exchange is ours.

This is the only file that touches aiohttp below its documented surface: `ClientRequest`, `TCPConnector.connect` and
`_create_connection`, `Connection.protocol.should_close`. `tests/upstream/test_contract.py` fails loudly when the pinned
range changes them.

Never: a connection with bytes on it that no request of ours has asked for. aiohttp keeps such bytes for whoever comes
next (aio-libs/aiohttp#13656), which would be another account's answer; here the connection is thrown away.
"""

import asyncio
import os
import select
import ssl
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp import ClientRequest, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace
from yarl import URL

from fastproxy.clock import Sweep
from fastproxy.errors import Fault
from fastproxy.snapshot import Upstream
from fastproxy.upstream.exchange import Exchange, Lent
from fastproxy.upstream.proxies import proxy_for

# New connections to one origin that may be on their way at the same time. Beyond that requests wait, bounded by
# connect_seconds: 500 at once took 8 KiB of memory each that nobody needed a second later.
OPENING_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class _Peer:
    """One origin: what names its connections in the pool, and what a plain HTTP proxy wants in each head."""

    request: ClientRequest
    absolute: bytes  # b"http://host:port" before the path when a plain-HTTP proxy is in between, else b""
    proxy_authorization: bytes | None


class _Connector(TCPConnector):
    """aiohttp's pool, which opens at most OPENING_AT_ONCE connections to one origin at a time."""

    def __init__(self, settings: Upstream) -> None:
        super().__init__(limit=settings.connections, keepalive_timeout=settings.keepalive_seconds, ttl_dns_cache=60)
        self._opening: dict[object, asyncio.Semaphore] = {}  # as many as the configuration names origins

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> ResponseHandler:
        opening = self._opening.setdefault(req.connection_key, asyncio.Semaphore(OPENING_AT_ONCE))
        async with opening:  # `connect` bounds the wait
            return await super()._create_connection(req, traces, timeout)


class _Watch(Protocol):
    """What select.poll() makes."""

    def poll(self, timeout: float, /) -> list[tuple[int, int]]: ...


class Pool:
    """All upstream connections of one process."""

    def __init__(self, settings: Upstream, sweep: Sweep) -> None:
        self._settings = settings
        self._sweep = sweep
        # Kept, because asyncio.get_running_loop() is a system call on Python 3.11 (getpid): 2 us each, four a request.
        self._loop = asyncio.get_running_loop()
        self._peers: dict[str, _Peer] = {}  # as many as the configuration names
        self._watches: WeakKeyDictionary[ResponseHandler, _Watch] = WeakKeyDictionary()  # of those used before
        self._timeout = aiohttp.ClientTimeout(
            total=None,
            connect=settings.connect_seconds,
            sock_connect=settings.connect_seconds,
        )
        self._connector = _Connector(settings)

    async def open(self, origin: str, *, fresh: bool = False) -> Exchange:
        """A connection to `origin` ("https://host:port"), pooled or new, ready for one request.

        fresh: only a new one; idle connections met on the way are closed, since one of them has just proved dead.
        Raises: Fault(unreachable) or Fault(timeout), with a message that names the host and never a URL's path.
        """
        peer = self._peers.get(origin)
        if peer is None:
            peer = self._peers[origin] = self._peer(origin)
        while True:
            try:
                connection = await self._connector.connect(peer.request, [], self._timeout)
            except (TimeoutError, ssl.SSLError, aiohttp.ClientError, OSError) as error:
                raise _fault(error, peer.request.host) from None
            handler, transport = connection.protocol, connection.transport
            watch = self._watches.get(handler) if handler is not None else None
            if handler is not None and transport is not None and _is_clean(handler, watch):
                if watch is None:
                    self._watches[handler] = _watch(transport)
                    break
                if not fresh:
                    break
            connection.close()
        lent = Lent(connection, handler, transport, watch is not None, peer.absolute, peer.proxy_authorization)
        return Exchange(lent, self._settings, self._sweep, self._loop)

    async def close(self) -> None:
        """Close every connection, busy or idle."""
        await self._connector.close()

    def _peer(self, origin: str) -> _Peer:
        url = URL(origin)
        proxy, auth = proxy_for(url, self._settings.proxy)
        request = ClientRequest("GET", url, loop=self._loop, proxy=proxy, proxy_auth=auth)
        plain = proxy is not None and url.scheme == "http"
        return _Peer(
            request,
            origin.encode() if plain else b"",
            auth.encode().encode() if plain and auth is not None else None,
        )


def _fault(error: Exception, host: str) -> Fault:
    """Why there is no connection. Names the host, and never a URL's path."""
    match error:
        case TimeoutError() | aiohttp.ServerTimeoutError():
            return Fault("timeout", f"no connection to {host} within the time allowed")
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLError():
            return Fault("unreachable", f"the certificate of {host} was not accepted")
        case aiohttp.ClientConnectorDNSError():
            return Fault("unreachable", f"the name {host} could not be resolved")
    code = error.errno if isinstance(error, OSError) else None
    reason = os.strerror(code) if code else type(error).__name__
    return Fault("unreachable", f"no connection to {host}: {reason}")


def _watch(transport: asyncio.Transport) -> _Watch:
    """Tells at once whether there is anything to read on a connection, from the kernel and not from the loop."""
    watch = select.poll()
    watch.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return watch


def _is_clean(handler: ResponseHandler, watch: _Watch | None) -> bool:
    """Whether a connection is alive and has nothing on it that no request has asked for.

    watch: of a connection that was used before. Bytes, or an end, that wait in the kernel unread are unknown to the
    handler, and the next request would take them for its answer. Cost: 0.6 us.
    """
    return not handler.should_close and (watch is None or not watch.poll(0))
