"""From a client's request to what goes upstream: address, headers, credential. Passthrough takes this step too.

The client's end-to-end headers and query go up as they came, in order, repeats repeated; a named deny set does not.
Nothing is invented: no user agent, no fingerprint (DESIGN 7, identity policy). The host is always the configured one:
a path or a model can't change it, because the URL is put together from parsed parts.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import compress
from urllib.parse import quote, unquote_to_bytes, urlsplit

import msgspec

from fastproxy import __version__
from fastproxy.errors import Header
from fastproxy.formats.base import Action, Format
from fastproxy.framing.http1 import KNOWN_NAMES, Head, RequestHead, ResponseHead
from fastproxy.providers.base import Auth, Provider
from fastproxy.secret import Secret

CREDENTIALS = frozenset((b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key"))
HOP_BY_HOP = frozenset((
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
    b"trailer", b"transfer-encoding", b"upgrade",
))  # fmt: skip
_NOT_UPSTREAM = CREDENTIALS | HOP_BY_HOP | frozenset((
    b"host", b"content-length", b"expect", b"accept-encoding", b"cookie", b"cookie2",
    b"forwarded", b"via", b"x-real-ip", b"origin", b"referer",
))  # fmt: skip
_NOT_UPSTREAM_PREFIXES = (b"x-fastproxy-", b"x-amp-", b"x-forwarded-", b"sec-", b"proxy-")
_NOT_DOWNSTREAM = HOP_BY_HOP | frozenset((
    b"content-length", b"set-cookie", b"set-cookie2", b"alt-svc", b"strict-transport-security", b"server-timing",
    b"x-accel-redirect", b"x-sendfile",  # orders to a server in front of us
))  # fmt: skip
_NOT_DOWNSTREAM_PREFIXES = (b"x-fastproxy-", b"access-control-")

_OWN_LINES = (b"content-type: application/json", b"accept: */*", b"user-agent: fastproxy/" + __version__.encode())

_PLAIN_CONNECTIONS = frozenset((b"keep-alive", b"Keep-Alive", b"close"))
_NONE: frozenset[bytes] = frozenset()

_CARRIERS: dict[Auth, tuple[bytes, bytes]] = {
    "bearer": (b"authorization", b"Bearer "),
    "x-api-key": (b"x-api-key", b""),
    "x-goog-api-key": (b"x-goog-api-key", b""),
    "api-key": (b"api-key", b""),
}


class Call(msgspec.Struct, frozen=True):
    """One upstream request. lines: every header line, each with its CRLF, framing included."""

    origin: str
    target: bytes
    lines: bytes
    body: bytes


class Place(msgspec.Struct, frozen=True):
    """A base URL in parts. origin: "https://host:port", names the connection. path: "" or "/prefix"."""

    origin: str
    host_line: bytes
    path: str


@lru_cache(maxsize=1024)
def place(base_url: str) -> Place:
    """The parts of a configured base URL (config.py has validated it)."""
    url = urlsplit(base_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return Place(f"{url.scheme}://{host}:{port}", f"host: {url.netloc}".encode(), url.path.rstrip("/"))


def path_of(format_: Format, action: Action, model: str, params: Mapping[str, str]) -> str:
    """The path below the base URL. The model is percent-encoded whole: it can add no segment, query or host.

    Raises: KeyError when the format has no such action (routing has refused that before).
    """
    template = format_.paths[action]
    if "{" not in template:
        return template
    return template.format(
        model=quote(model, safe=""), version=params.get("version", "v1beta"), verb=params.get("verb", "")
    )


def shape(
    head: RequestHead, body: bytes, provider: Provider, base_url: str, path: str, credential: list[Header]
) -> Call:
    """The upstream request for a client's request. credential: header lines that carry the account's secret."""
    where = place(base_url)
    target = (where.path + path).encode()
    query = _query(head.query) if head.query else b""
    if query:
        target += b"?" + query
    named = _named_by_connection(head)
    lines = [where.host_line]
    lines += compress(head.lines, _upstream(head.names.each, named))
    if provider.headers:
        passed = set(compress(head.names.each, _upstream(head.names.each, named)))
        lines += [f"{name}: {value}".encode() for name, value in provider.headers if name.encode() not in passed]
    lines += [b"%b: %b" % header for header in credential]
    lines.append(b"accept-encoding: identity\r\ncontent-length: %d\r\n" % len(body))
    return Call(where.origin, target, b"\r\n".join(lines), body)


def compose(provider: Provider, base_url: str, path: str, headers: tuple[Header, ...], body: bytes) -> Call:
    """An upstream request of our own, for a client of another format: nothing of the client's head is in it.

    path: below the base URL, with its query. headers: what the format demands, and the account's credential.
    """
    where = place(base_url)
    named = {name for name, _ in headers}
    own = ((name.encode(), value.encode()) for name, value in provider.headers)
    lines = [where.host_line, *_OWN_LINES]
    lines += [b"%b: %b" % header for header in (*headers, *(header for header in own if header[0] not in named))]
    lines.append(b"accept-encoding: identity\r\ncontent-length: %d\r\n" % len(body))
    return Call(where.origin, (where.path + path).encode(), b"\r\n".join(lines), body)


def credential_for(provider: Provider, secret: Secret | None) -> list[Header]:
    """The header that carries the account's secret, or none."""
    carrier = _CARRIERS.get(provider.auth)
    if carrier is None or secret is None:
        return []
    return [(carrier[0], carrier[1] + secret.reveal().encode())]


def downstream_lines(head: ResponseHead, without: frozenset[bytes] = _NONE) -> Iterator[bytes]:
    """What the client gets of the upstream's header lines, as they came, in order, repeats kept.

    without: lower-case names that don't pass either.
    """
    return compress(head.lines, _downstream(head.names.each, _named_by_connection(head) | without))


# Which lines pass hangs on their names alone, and the same names come in the same order for ever: 0.3 us for all lines
# of a head, against 0.06 us for each.
@lru_cache(maxsize=KNOWN_NAMES)
def _upstream(names: tuple[bytes, ...], named: frozenset[bytes]) -> tuple[bool, ...]:
    denied = _NOT_UPSTREAM | named
    return tuple(name not in denied and not name.startswith(_NOT_UPSTREAM_PREFIXES) for name in names)


@lru_cache(maxsize=KNOWN_NAMES)
def _downstream(names: tuple[bytes, ...], named: frozenset[bytes]) -> tuple[bool, ...]:
    denied = _NOT_DOWNSTREAM | named
    return tuple(name not in denied and not name.startswith(_NOT_DOWNSTREAM_PREFIXES) for name in names)


def _query(query: bytes) -> bytes:
    """The client's query less the parameter that may carry its token; everything else byte for byte."""
    if b"k" not in query and b"K" not in query and b"%" not in query:
        return query
    kept = [part for part in query.split(b"&") if unquote_to_bytes(part.partition(b"=")[0]) != b"key"]
    return b"&".join(kept)


def _named_by_connection(head: Head) -> frozenset[bytes]:
    """Headers that Connection makes hop-by-hop."""
    if head.connection is None or head.connection in _PLAIN_CONNECTIONS:
        return _NONE
    return frozenset(token.strip().lower() for token in head.connection.split(b","))
