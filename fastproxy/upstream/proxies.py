"""Which HTTP proxy stands before an address. Asks the environment or the configuration; never netrc."""

from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import aiohttp
from aiohttp.helpers import strip_auth_from_url
from yarl import URL

Proxy = tuple[URL | None, aiohttp.BasicAuth | None]


def proxy_for(url: URL, setting: str) -> Proxy:
    """The proxy before `url` and its credential, or (None, None).

    setting: "env" (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY in either case), "direct", or the proxy's URL.
    aiohttp's own `trust_env` would also send whatever netrc holds for the host, so it is never switched on.
    """
    if setting == "direct":
        return None, None
    if setting == "env":
        proxies = getproxies_environment()
        setting = proxies.get(url.scheme) or proxies.get("all") or ""
        if not setting or proxy_bypass_environment(f"{url.host}:{url.port}", proxies):
            return None, None
    return strip_auth_from_url(URL(setting))
