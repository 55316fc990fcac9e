"""From one configured base URL to the address of every format that a host speaks.

A base URL is written as the SDK of the first format takes it: with /v1 for the OpenAI formats, without for the others.
Never joins a path of one host to the name of another.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from fastproxy.formats.base import FormatName

_WITH_VERSION = ("openai-chat", "openai-responses")


def spread(base_url: str, formats: Sequence[FormatName]) -> dict[FormatName, str]:
    """Format -> base URL for a host of the user's own, in the order given.

    `http://host/v1` for ["openai-chat", "anthropic"] is http://host/v1 and http://host; `http://host` for
    ["anthropic", "openai-chat"] the same pair. An OpenAI host without /v1 is left as it is.
    """
    url = base_url.rstrip("/")
    root = url.removesuffix("/v1")
    versioned = url if formats[0] in _WITH_VERSION else f"{root}/v1"
    return {name: versioned if name in _WITH_VERSION else root for name in formats}


def moved(formats: Mapping[FormatName, str], base_url: str) -> dict[FormatName, str]:
    """Format -> base URL for a built-in provider that is reached somewhere else.

    Where only the host differs every format moves to it. Where the path differs too, formats that share the first
    one's address (or differ from it by /v1) move with it, and the others are left out: their place there is unknown,
    and the credential must not go to the old host.
    """
    first, old = next(iter(formats.items()))
    new = spread(base_url, [first])[first]
    old_url, new_url = urlsplit(old), urlsplit(new)
    found: dict[FormatName, str] = {}
    for name, url in formats.items():
        if url == old:
            found[name] = new
        elif old_url.path == new_url.path and urlsplit(url).netloc == old_url.netloc:
            found[name] = f"{new_url.scheme}://{new_url.netloc}{urlsplit(url).path}"
        elif old == f"{url}/v1":
            found[name] = new.removesuffix("/v1")
    return found
