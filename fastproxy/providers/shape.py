"""From a client's request to what goes upstream: address, headers, credential. Passthrough takes this step too.

The client's end-to-end headers and query go up as they came, in order, repeats repeated; a named deny set does not.
Nothing is invented: no user agent, no fingerprint (DESIGN 7, identity policy). The host is always the configured one,
or one that the provider's record allows its accounts to name: a path, a model or a fact of an account can't lead to
another, because the URL is put together from parsed parts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import compress
from urllib.parse import quote, unquote_to_bytes, urlsplit

import msgspec

from fastproxy import __version__
from fastproxy.errors import Header
from fastproxy.formats.base import Action, Format, FormatName
from fastproxy.framing.http1 import KNOWN_NAMES, Head, RequestHead, ResponseHead
from fastproxy.providers.base import Auth, Provider
from fastproxy.providers.draft import Draft
from fastproxy.snapshot import Account

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

_LISTS = frozenset((b"anthropic-beta",))  # headers of which a request of ours and a configuration both have a part

_PLAIN_CONNECTIONS = frozenset((b"keep-alive", b"Keep-Alive", b"close"))
_NONE: frozenset[bytes] = frozenset()

_CARRIERS: dict[Auth, tuple[bytes, bytes]] = {
    "bearer": (b"authorization", b"Bearer "),
    "x-api-key": (b"x-api-key", b""),
    "x-goog-api-key": (b"x-goog-api-key", b""),
    "api-key": (b"api-key", b""),
}
_HOST_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_PLAIN_PATH = re.compile(r"(?:/(?!\.)[A-Za-z0-9._-]+)*")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


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


def base_url_of(provider: Provider, format_: FormatName, facts: Mapping[str, str]) -> str:
    """Where an account's requests in one of the provider's formats go.

    Mostly the record's own base URL. An account that says where it is served ("base_url") is believed only for hosts
    that the record lists, over https at its own port, and only in formats that share the first one's address.
    Cost: 0.1 us for an account that says nothing.
    """
    own = provider.formats[format_]
    told = facts.get("base_url", "") if provider.hosts else ""
    if not told or own != next(iter(provider.formats.values())):
        return own
    return told if _is_allowed(told, provider.hosts) else own


@lru_cache(maxsize=1024)
def _is_allowed(base_url: str, hosts: tuple[str, ...]) -> bool:
    scheme, _, rest = base_url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme != "https" or _HOST_NAME.fullmatch(host) is None or _PLAIN_PATH.fullmatch(slash + path) is None:
        return False
    return any(host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed for allowed in hosts)


def shape(head: RequestHead, draft: Draft, provider: Provider, base_url: str, credential: list[Header]) -> Call:
    """The upstream request for a client's request. credential: header lines that carry the account's secret."""
    where = place(base_url)
    not_passed = _named_by_connection(head)
    if draft.headers:
        not_passed |= {name for name, _ in draft.headers}
    if draft.without and provider.auth != "client":
        not_passed |= draft.without
    lines = [where.host_line]
    lines += compress(head.lines, _upstream(head.names.each, not_passed))
    if provider.headers:
        passed = set(compress(head.names.each, _upstream(head.names.each, not_passed)))
        passed |= {name for name, _ in draft.headers}
        lines += [f"{name}: {value}".encode() for name, value in provider.headers if name.encode() not in passed]
    if draft.headers:
        lines += _written(draft.headers)
    lines += [b"%b: %b" % header for header in credential]
    lines.append(b"accept-encoding: identity\r\ncontent-length: %d\r\n" % len(draft.body))
    return Call(where.origin, _target(where, draft), b"\r\n".join(lines), draft.body)


def compose(provider: Provider, base_url: str, draft: Draft, headers: tuple[Header, ...]) -> Call:
    """An upstream request of our own, for a client of another format: nothing of the client's head is in it.

    headers: what the format demands, and the account's credential.
    """
    where = place(base_url)
    lines = [where.host_line]
    if provider.headers or draft.headers:  # of few providers: without them it takes 1 us instead of 2.6
        edited = {name for name, _ in draft.headers}
        named = edited.union(name for name, _ in headers)
        own = ((name.encode(), value.encode()) for name, value in provider.headers)
        lines += [line for line in _OWN_LINES if line.partition(b":")[0] not in edited]
        lines += [b"%b: %b" % header for header in headers if header[0] not in edited]
        lines += [b"%b: %b" % header for header in own if header[0] not in named]
        lines += _written(draft.headers)
    else:
        lines += _OWN_LINES
        lines += [b"%b: %b" % header for header in headers]
    lines.append(b"accept-encoding: identity\r\ncontent-length: %d\r\n" % len(draft.body))
    return Call(where.origin, _target(where, draft), b"\r\n".join(lines), draft.body)


def _target(where: Place, draft: Draft) -> bytes:
    target = (where.path + draft.path).encode()
    return target + b"?" + draft.query if draft.query else target


def _written(headers: tuple[Header, ...]) -> list[bytes]:
    """Header lines; nothing for a value that would not be one line. Some values are facts out of a vendor's file."""
    return [b"%b: %b" % header for header in headers if _VALUE.fullmatch(header[1]) is not None]


def credential_for(provider: Provider, account: Account) -> list[Header]:
    """The header that carries the account's secret, or none. The token of a login goes as Bearer (RFC 6750)."""
    carrier = _CARRIERS.get("bearer" if account.kind == "login" else provider.auth)
    if carrier is None or account.secret is None:
        return []
    return [(carrier[0], carrier[1] + account.secret.reveal().encode())]


def login_headers(provider: Provider, sent: Callable[[bytes], list[bytes]]) -> tuple[Header, ...]:
    """The lists in headers that a login's requests need: the request's own items in their order, then what it lacks.

    sent: lower-case name of a header -> the values that the request brings along under it.
    """
    return tuple(_with_item(provider, name.encode(), item.encode(), sent) for name, item in provider.login_lists)


def with_configured(provider: Provider, headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """Headers of a request of ours, lists among them with the items that the provider's record or its user sets."""
    if not provider.headers or not any(name in _LISTS for name, _ in headers):
        return headers
    configured = {name.encode(): value.encode() for name, value in provider.headers}
    return tuple(
        (name, b",".join(_items(configured[name], value)) if name in _LISTS and name in configured else value)
        for name, value in headers
    )


def _items(*lists: bytes) -> dict[bytes, None]:
    """The items of lists in headers, each once, in their order."""
    return dict.fromkeys(part.strip() for each in lists for part in each.split(b",") if part.strip())


def _with_item(provider: Provider, name: bytes, item: bytes, sent: Callable[[bytes], list[bytes]]) -> Header:
    lists = sent(name) or [value.encode() for each, value in provider.headers if each.encode() == name]
    return name, b",".join(_items(*lists, item))


def sent_names(head: RequestHead) -> frozenset[bytes]:
    """The lower-case names of the client's headers that go up."""
    return frozenset(compress(head.names.each, _upstream(head.names.each, _named_by_connection(head))))


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


def query_of(query: bytes) -> bytes:
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
