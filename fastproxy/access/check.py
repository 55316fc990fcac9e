"""Who is calling, decided from the head of a request alone, before its body is read.

On the path of every request: no file, no await, no logging. Must never put a credential into a message, and never let a
path be open because a setting is absent.
"""

import hmac
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import unquote_to_bytes

import msgspec

from fastproxy import clock
from fastproxy.access.store import TokenStore
from fastproxy.access.tokens import PREFIX, digest
from fastproxy.endpoints import Endpoint
from fastproxy.errors import Fault, Header
from fastproxy.framing.http1 import RequestHead
from fastproxy.snapshot import Snapshot

# Actions that need something else than a client's token. What is not here needs one.
OPEN_ACTIONS = frozenset(("root", "hello", "health", "ready"))
ADMIN_ACTIONS = frozenset(("metrics", "usage", "accounts", "credentials-check", "usage-limits"))

LOOPBACK_HOSTS = frozenset((b"127.0.0.1", b"localhost", b"[::1]"))
MAX_KNOWN_CREDENTIALS = 4096
MAX_KNOWN_HOSTS = 64

_SENT_BY_PAGES = frozenset((b"origin", b"sec-fetch-site"))
_CARRIERS = frozenset((b"authorization", b"x-api-key", b"x-goog-api-key"))
_BEARER = b"bearer "
_OUR_PREFIX = PREFIX.encode()
# RFC 3986, section 3.2: a name, an IPv4 address or a bracketed IPv6 address, and perhaps a port.
_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::([0-9]{0,5}))?", re.IGNORECASE)
# What a credential in a query may be once it is decoded: it may become a header line, which a CR LF would end.
_QUERY_KEY = re.compile(rb"[\x21-\x7e]+")
_FOREVER = float("inf")
_CHALLENGE: tuple[Header, ...] = ((b"www-authenticate", b"Bearer"),)


class Client(msgspec.Struct, frozen=True, gc=False):
    """Who is calling.

    id: of the client token, for usage records; "" when nobody had to say who they are. models: globs, empty = all.
    program: that the token was issued for, "" = any. account: the only one that it may use, "" = any.
    foreign: the credential is none of ours and may go to providers with auth = "client", and opens nothing else.
    """

    id: str = ""
    label: str = ""
    models: tuple[str, ...] = ()
    foreign: bool = False
    program: str = ""
    account: str = ""

    def allows(self, model: str) -> bool:
        """Whether this client may ask for `model`, as the client wrote it."""
        return not self.models or any(fnmatchcase(model, glob) for glob in self.models)


ANONYMOUS = Client()
FOREIGN = Client(foreign=True)
ADMIN = Client(id="admin", label="admin token")


class Gate:
    """Access as one snapshot has it. Made anew for each snapshot; the store lives longer.

    Cost: 2 us for both checks of a request with 17 header lines and a known token, 3 us for a token not seen before.
    """

    def __init__(self, snapshot: Snapshot, store: TokenStore) -> None:
        self._access = snapshot.access
        self._store = store
        self._hosts = LOOPBACK_HOSTS | {host.lower().encode() for host in snapshot.server.allowed_hosts}
        self._passed_hosts: set[bytes] = set()  # whole values, as clients send them: 0.1 us, against 1.3 us
        self._origins = frozenset(origin.lower().encode() for origin in snapshot.server.allowed_origins)
        self._forwards = any(provider.auth == "client" for provider in snapshot.providers.values())
        # Credentials that were found to be ours, and until when: spares the hash. Python's dict compares the bytes of
        # equal hashes only, and those are keyed per process, so a lookup's time tells nothing about a secret.
        self._known: dict[bytes, tuple[Client, float]] = {}
        self._generation = store.generation

    def check_host(self, head: RequestHead) -> None:
        """Nothing, for a request that is meant for us and was not sent by a foreign web page.

        Comes before everything else, on every path: a browser that was led here by DNS rebinding names a foreign Host,
        and one that runs a foreign page's script says so in Origin or Sec-Fetch-Site.
        Raises: Fault bad_request without exactly one well-formed Host; forbidden when it, or the page, is foreign.
        """
        host = head.get(b"host")
        if host is None or b"host" in head.names.repeated:
            raise Fault("bad_request", "a request has exactly one Host header")
        if host not in self._passed_hosts:
            self._screen_host(host)
        if not _SENT_BY_PAGES.isdisjoint(head.names.first):
            self._screen_page(head)

    def check(self, head: RequestHead, endpoint: Endpoint) -> Client:
        """Who is calling, for an endpoint that they may use. The first credential that is ours wins.

        Raises: Fault unauthorized without a credential that counts; forbidden for an admin endpoint without its token.
        """
        if endpoint.action in OPEN_ACTIONS:
            return ANONYMOUS
        credentials = carried(head)
        if endpoint.action in ADMIN_ACTIONS:
            return self._admin(credentials)
        if self._generation != self._store.generation:
            self._known.clear()
            self._generation = self._store.generation
        for credential in credentials:
            known = self._known.get(credential)
            if known is not None and known[1] > clock.wall():
                return known[0]
        return self._identify(credentials)

    def foreign_credentials(self, head: RequestHead) -> list[Header]:
        """The caller's credentials that are none of ours, as header lines for a provider with auth = "client".

        One in the query becomes x-goog-api-key, whose other spelling it is.
        """
        lines = [
            (name, value)
            for name, value in head.headers
            if name in _CARRIERS and (credential := _credential(name, value)) and not self._is_ours(credential)
        ]
        lines += [(b"x-goog-api-key", key) for key in _query_keys(head.query) if not self._is_ours(key)]
        return lines

    def page(self, head: RequestHead) -> list[Header]:
        """Headers that let a web page read the answer: its origin has passed check_host. Mostly there is none."""
        if b"origin" not in head.names.first:
            return []
        return [
            (b"access-control-allow-origin", head.get(b"origin") or b""),
            (b"access-control-expose-headers", b"*"),
            (b"vary", b"origin"),
        ]

    def _screen_host(self, host: bytes) -> None:
        match = _HOST.fullmatch(host)
        if match is None or int(match[2] or 0) > 65535:
            raise Fault("bad_request", "the Host header is malformed")
        if match[1].lower() not in self._hosts and host.lower() not in self._hosts:
            raise Fault("forbidden", "this Host is not ours; server.allowed_hosts in the configuration can add it")
        if len(self._passed_hosts) < MAX_KNOWN_HOSTS:
            self._passed_hosts.add(host)

    def _screen_page(self, head: RequestHead) -> None:
        """What only browsers send."""
        origins = [value.lower() for value in head.every(b"origin")]
        if not self._origins.issuperset(origins):
            raise Fault("forbidden", "this Origin is not ours; server.allowed_origins in the configuration can add it")
        if not origins and b"cross-site" in map(bytes.lower, head.every(b"sec-fetch-site")):
            raise Fault("forbidden", "what a foreign web page asks for is not served")

    def _admin(self, credentials: Iterable[bytes]) -> Client:
        admin_token = self._access.admin_token
        if admin_token is None:
            raise Fault(
                "forbidden",
                "closed, because there is no admin token: set access.admin_token in the configuration, for example to"
                ' "env:FASTPROXY_ADMIN_TOKEN", and send that token',
            )
        digests = [digest(credential) for credential in credentials]
        if any(hmac.compare_digest(each, admin_token) for each in digests):
            return ADMIN
        if any(self._access_of(each) for each in digests):
            raise Fault("forbidden", "this needs the admin token; a client token does not open it")
        raise _unauthorized("this needs the admin token")

    def _identify(self, credentials: list[bytes]) -> Client:
        refusal = ""
        for credential in credentials:
            sha256 = digest(credential)
            found = self._access_of(sha256)
            if found is not None:
                self._remember(credential, found)
                return found[0]
            if (ended := self._store.find(sha256)) is not None:
                refusal = f"token {ended.id} is {ended.state(clock.wall())}"
        if refusal:
            raise _unauthorized(refusal)
        if not self._access.require_token:
            return ANONYMOUS
        if self._forwards and not all(self._is_ours(credential) for credential in credentials):
            return FOREIGN
        raise _unauthorized("this credential is no token of this relay" if credentials else "no token was sent")

    def _access_of(self, sha256: bytes) -> tuple[Client, float] | None:
        """Who the credential with this digest belongs to, and until when; None when it opens nothing."""
        if any(hmac.compare_digest(sha256, configured) for configured in self._access.tokens):
            return Client(id=f"static-{sha256.hex()[:8]}", label="configured token"), _FOREVER
        token = self._store.find(sha256)
        if token is None or token.state(clock.wall()) != "active":
            return None
        until = _FOREVER if token.expires_at is None else token.expires_at
        client = Client(token.id, token.label, token.models, program=token.client, account=token.account)
        return client, until

    def _is_ours(self, credential: bytes) -> bool:
        """Whether it is a token of this relay, valid or not: such a one must never reach an upstream."""
        sha256 = digest(credential)
        return (
            credential.startswith(_OUR_PREFIX)
            or sha256 == self._access.admin_token
            or sha256 in self._access.tokens
            or self._store.find(sha256) is not None
        )

    def _remember(self, credential: bytes, found: tuple[Client, float]) -> None:
        if len(self._known) >= MAX_KNOWN_CREDENTIALS:
            self._known.clear()
        self._known[credential] = found


def carried(head: RequestHead) -> list[bytes]:
    """Every credential that a request carries: in header lines, by the first line of each name, then in ?key=."""
    found = []
    for name in head.names.first:
        if name in _CARRIERS:
            found += [credential for value in head.every(name) if (credential := _credential(name, value))]
    if head.query:
        found += _query_keys(head.query)
    return found


def _credential(name: bytes, value: bytes) -> bytes:
    """The credential in one header line; b"" when its scheme is not ours to read (Basic, Digest)."""
    if name != b"authorization":
        return value
    return value[len(_BEARER) :].strip() if value[: len(_BEARER)].lower() == _BEARER else b""


def _query_keys(query: bytes) -> list[bytes]:
    pairs = (part.partition(b"=") for part in query.split(b"&"))
    keys = [unquote_to_bytes(value) for name, _, value in pairs if unquote_to_bytes(name) == b"key"]
    return [key for key in keys if _QUERY_KEY.fullmatch(key)]


def _unauthorized(reason: str) -> Fault:
    message = f"{reason}; send a client token as a Bearer token or API key (`fastproxy token issue LABEL` makes one)"
    return Fault("unauthorized", message, headers=_CHALLENGE)
