"""Which HTTP proxy stands before an address, and which addresses our own questions may go to.

Asks the environment or the configuration; never netrc.
"""

from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import aiohttp
from aiohttp.helpers import strip_auth_from_url
from yarl import URL

from fastproxy.config.addresses import is_loopback
from fastproxy.errors import Fault

Proxy = tuple[URL | None, aiohttp.BasicAuth | None]


def proxy_for(url: URL, setting: str) -> Proxy:
    """The proxy before `url` and its credential, or (None, None).

    setting: "env" (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY in either case), "direct", or the proxy's URL.
    What the environment names is for the way out: this machine is reached directly, as no proxy could reach it.
    aiohttp's own `trust_env` would also send whatever netrc holds for the host, so it is never switched on.
    Raises: Fault(unreachable) for a proxy that is no address.
    """
    if setting == "direct":
        return None, None
    if setting == "env":
        if is_loopback(url.host or ""):
            return None, None
        proxies = getproxies_environment()
        setting = proxies.get(url.scheme) or proxies.get("all") or ""
        if not setting or proxy_bypass_environment(f"{url.host}:{url.port}", proxies):
            return None, None
    return _address(setting if "://" in setting else f"http://{setting}")


def _address(proxy: str) -> Proxy:
    """A proxy's address and its credential, which may stand in no message. As curl, http where no scheme is named."""
    try:
        address, auth = strip_auth_from_url(URL(proxy))
    except (ValueError, AssertionError):
        address, auth = None, None
    if address is None or not address.host or address.scheme not in ("http", "https"):
        raise Fault("unreachable", "the proxy that HTTP_PROXY or [upstream] names is no http address")
    return address, auth


def way_to(url: URL, setting: str, *, in_clear: bool = False) -> Proxy:
    """The proxy before an address that a question of our own goes to with a credential. setting: as above.

    What goes to this machine in clear goes past every proxy. in_clear: whether another machine may be asked without
    encryption too: one that is configured as a provider's, which gets its requests, with the same credential, the same
    way. Raises: Fault(unreachable) for an address that must not get one.
    """
    if not url.host or url.scheme not in ("http", "https"):
        raise Fault("unreachable", "its address is not https, so nothing was sent")
    if url.scheme == "https":
        return proxy_for(url, setting)
    if is_loopback(url.host):
        return None, None
    if not in_clear:
        raise Fault("unreachable", f"the address of {url.host} is not https, so nothing was sent")
    return proxy_for(url, setting)
