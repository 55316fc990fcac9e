"""Which daemons on this machine answer.

A quick look before serving, so it may block for a moment: at most LOOK_SECONDS for each to connect and as much again to
answer whole, and a port that nobody listens on refuses at once.
"""

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterable
from urllib.parse import urlsplit

import orjson

from fastproxy.providers.base import Provider

LOOK_SECONDS = 0.3
LIST_BYTES = 1048576


def alive(providers: Iterable[Provider]) -> frozenset[str]:
    """The names of local providers whose model list answers. An unrelated server on the same port does not count."""
    return frozenset(provider.name for provider in providers if provider.local and _answers(provider))


def _answers(provider: Provider) -> bool:
    base_url = provider.formats.get("openai-chat")
    if base_url is None:
        return False
    url = urlsplit(base_url)
    connection = http.client.HTTPConnection(url.hostname or "127.0.0.1", url.port or 80, timeout=LOOK_SECONDS)
    try:
        connection.connect()
        cut = threading.Timer(LOOK_SECONDS, _hang_up, (connection.sock,))  # the timeout begins anew with every byte
    except OSError:
        return False
    cut.start()
    try:
        connection.request("GET", f"{url.path}/models")
        response = connection.getresponse()
        listed = orjson.loads(response.read(LIST_BYTES)) if response.status == 200 else None
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError):
        return False
    finally:
        cut.cancel()
        connection.close()
    return isinstance(listed, dict) and isinstance(listed.get("data"), list)


def _hang_up(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
